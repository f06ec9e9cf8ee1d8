"""A quick look into bytes never passes over what a filter wants."""

import re
from collections.abc import Callable
from datetime import UTC
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from parsers.log_format import Escape
from parsers.log_record import Level, LogReader
from parsers.nginx_access import KNOWN_FORMATS, compile_log_format
from parsers.nginx_error import NginxErrorLog
from parsers.program_log import ProgramLog
from parsers.redis_log import RedisLog
from parsers.registry_log import RegistryLog
from parsers.supervisord_log import SupervisordLog
from regops.collectors.logs.filter_needle import access_needle, error_needle, program_needle, registry_needle
from regops.collectors.logs.needle import Needle, pattern_look
from regops.collectors.logs.parser_choice import AccessLog
from regops.collectors.logs.records import RecordReader
from regops.model.log_filter import LogFilter
from regops.model.log_source import LogLine

EXAMPLES = 100
PATTERNS = st.lists(
    st.sampled_from(["abc", "ab", "isk", "é", ".", "*", "?", "+", "^", "$", "[a]", "(b)", " "]), max_size=8
)


@given(PATTERNS.map("".join), st.text("abcskKſiıİé *?+.", max_size=40), st.sampled_from([0, re.IGNORECASE]))
@example("a.*bcd.*abcde", "axxbcdxxabcde", 0)
@example("x.*?abc", "xabc", 0)
@example("a+?bcd", "abcd", 0)
@example("a++bcd", "abcd", 0)
@example("aBcD", "AbCd", re.IGNORECASE)
@example("abc\nab", "xabc\nab", 0)
@example("timed", "tımed", re.IGNORECASE)
def test_nothing_that_a_pattern_finds_is_passed_over(pattern: str, text: str, flags: int) -> None:
    try:
        compiled = re.compile(pattern, flags)
    except re.error:
        return
    look = pattern_look(compiled)
    if look is not None and compiled.search(text):
        assert look.finds(text.encode())


@pytest.mark.parametrize("pattern", ["host.*redis", "timed out", "x?timeout+"])
def test_bytes_without_the_text_of_a_pattern_are_passed_over(pattern: str) -> None:
    look = pattern_look(re.compile(pattern))
    assert look is not None
    assert not look.finds(b'172.17.0.1 - - "GET /v2/ HTTP/1.1" 200')


FORMATS = (
    *(compile_log_format(known) for known in KNOWN_FORMATS),
    compile_log_format("$status|$remote_addr|$request|$time_iso8601"),
    compile_log_format("$remote_user $remote_addr - $request $status$pipe $status"),
    compile_log_format('{"s":"$status","r":"$request","c":"$remote_addr"}', escape=Escape.JSON),
    compile_log_format('$request_method $request_uri "$status" $remote_addr', escape=Escape.NONE),
)
READERS: dict[str, tuple[Callable[[], LogReader], Callable[[LogFilter], Needle | None]]] = {
    "access": (lambda: AccessLog(FORMATS[:1], lambda: FORMATS), lambda asked: access_needle(asked, FORMATS)),
    "error": (lambda: NginxErrorLog(UTC), error_needle),
    "registry": (lambda: RegistryLog(UTC), registry_needle),
    "redis": (lambda: RedisLog(UTC), program_needle),
    "supervisord": (lambda: SupervisordLog(UTC), program_needle),
    "program": (lambda: ProgramLog(UTC), program_needle),
}
FILTERS = st.builds(
    LogFilter,
    grep=st.sampled_from([None, None, None, re.compile("team"), re.compile("TEAM", re.IGNORECASE)]),
    level=st.sampled_from([None, None, *Level]),
    statuses=st.sampled_from([(), (), (500,), range(500, 600), (404, 200), range(100, 1000)]).map(frozenset),
    methods=st.sampled_from([(), (), ("PUT",), ("GET", "DELETE")]).map(frozenset),
    repositories=st.sampled_from(
        [(), (), ("team/app",), ("te*/a?p", "web"), ("library/web",), ("libr*web",), ("t[e]am/*",), ("*",)]
    ),
    clients=st.sampled_from([(), (), ("10.1.2.3",), ("10.0.0.0/8", "2001:db8::/32"), ("10.1.0.0/12",), ("::/0",)]).map(
        lambda texts: tuple(ip_network(text, strict=False) for text in texts)
    ),
)


def escaped(text: str, draw: Callable[[Any], Any]) -> str:
    """Return a text of which some characters are written in other ways."""
    ways = ["{}"] * 12 + ["%{:02x}", "%{:02X}", "\\x{:02x}", "\\x{:02X}", "\\u{:04x}", "\\U{:08x}", "\\{}", "%\\x3{}"]
    parts = [draw(st.sampled_from(ways)) if draw(st.booleans()) else "{}" for _ in text]
    return "".join(
        part.format(character if part in {"{}", "\\{}"} else ord(character) if "x}" in part or "X}" in part else "7")
        for part, character in zip(parts, text, strict=True)
    )


@st.composite
def lines(draw: Callable[[Any], Any]) -> str:
    """Return a line as one of the writers writes it, or a client would have it written."""
    method = escaped(draw(st.sampled_from(["GET", "PUT", "DELETE"])), draw)
    name = draw(st.sampled_from(["team/app", "team//app", "web", "library/web", "other/thing"]))
    path = draw(st.sampled_from(["/v2/{}/manifests/1", "/v1/repositories/{}/tags", "http://h/v2/{}/tags/list", "/{}"]))
    request = f"{method} {escaped(path.format(name), draw)} HTTP/1.1"
    client = draw(
        st.sampled_from(["10.1.2.3", "10.11.2.3", "::ffff:10.1.2.3", "::FFFF:a01:203", "2001:0db8::1", "::1"])
    )
    status = draw(st.sampled_from(["200", "404", "500", "0500", "599", "5000", "401", "-"]))
    level = draw(st.sampled_from(["info", "error", "ERROR", "WARN", "crit", "fatal", "notice", "verbose"]))
    slanted = escaped(level, draw)
    return str(
        draw(
            st.sampled_from(
                [
                    f'{client} - - [23/Nov/2026:09:11:08 +0000] "{request}" {status} 233 "-" "curl/7.88.1"',
                    f'{client} - team [23/Nov/2026:09:11:48] "{request}" {status} 233 "-" "curl/7.88.1"',
                    f'PP - {client} - {client} - x [23/Nov/2026:09:11:08 +0000] "{request}" {status} 3 "-" "-" "-"',
                    f"{status}|{client}|{request}|2026-11-23T09:11:08+00:00",
                    f"user {client} - {request} 200. {status}",
                    f'{{"s":"{status}","r":"{request}","c":"{client}"}}',
                    f'{method} {path.format(name)} "{status}" {client}',
                    (
                        f"2026/11/23 09:13:20 [{level}] 15#15: *109 connect() failed, client: {client}, server: , "
                        f'request: "{request}", upstream: "http://127.0.0.1/", host: "h"'
                    ),
                    f"2026/11/23 09:13:20 [info] 15#15: *1 client {client} closed keepalive connection",
                    f"nginx: [{level}] bind() failed",
                    f"2026-11-23 09:13:28,158 {level}: team/app failed",
                    f"2026-11-23 09:13:30 [154] [{level}] Starting gunicorn",
                    (
                        f'time="2026-11-23T09:42:10Z" level="{slanted}" msg=x http.request.method="{method}" '
                        f'http.request.uri="{path.format(name)}" http.response.status={status} '
                        f'http.request.remoteaddr="{escaped(client, draw)}:1"'
                    ),
                    (
                        f'{{"time":"2026-11-23T09:42:10Z","level":"{slanted}","http.request.uri":"/v2/{name}/tags/list",'
                        f'"http.request.method":"{method}","http.response.status" :   "{escaped(status, draw)}"}}'
                    ),
                    '{"time":"2026-11-23T09:42:10Z","level":"x","http.request.uri":"/","http.response.status":500}',
                    "Traceback (most recent call last):",
                    f"panic: {name}",
                    "SIGQUIT: quit",
                    f"1:M 23 Nov 2026 09:11:00.123 {draw(st.sampled_from('.-*#'))} Ready to accept connections",
                    "12:signal-handler (1795459092) Received SIGTERM scheduling shutdown...",
                    "*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***",
                    f"2026-11-23 09:11:01,023 {level.upper()[:4]} spawned: 'registry' with pid 9",
                    f"[{level}] something of {name}",
                    f"{level}: something",
                    "  indented",
                ]
            )
        )
    )


@pytest.mark.parametrize("kind", READERS)
@settings(max_examples=EXAMPLES, deadline=None)
@given(st.data())
def test_nothing_that_a_filter_wants_is_passed_over(kind: str, data: st.DataObject) -> None:
    make, needle_for = READERS[kind]
    asked = data.draw(FILTERS)
    texts = data.draw(st.lists(lines(), min_size=1, max_size=6))
    needle = needle_for(asked)
    if needle is None:
        return
    reader = RecordReader("x", make())
    read = [record for text in texts for record in reader.feed(LogLine("x", text.encode()))]
    for record in [*read, *reader.flush()]:
        if asked.passes(record) and not (needle.owed and getattr(record.entry, "continued", False)):
            assert needle.finds(record.entry.text.encode())
            if needle.is_line:
                content = f"before\n{record.entry.text}\nbehind".encode()
                assert (7, len(content) - 7) in needle.lines(content, 0, len(content))


@pytest.mark.parametrize(
    ("method", "path"),
    [("P\\UT", "/v2/linux/kernel/tags/list"), ("PUT", "/v2/linu\\x/kernel/tags/list")],
)
def test_a_backslash_before_a_letter_that_begins_no_code_stands_for_nothing(method: str, path: str) -> None:
    text = f'time="2026-11-23T09:42:10Z" level=info msg=x http.request.method="{method}" http.request.uri="{path}"'
    reader = RecordReader("x", RegistryLog(UTC))
    found = [*reader.feed(LogLine("x", text.encode())), *reader.flush()]
    for asked in (LogFilter(methods=frozenset({"PUT"})), LogFilter(repositories=("linux/*",))):
        needle = registry_needle(asked)
        assert needle is not None
        assert needle.finds(text.encode()) or not asked.passes(found[0])


def test_a_needle_passes_over_what_is_not_wanted() -> None:
    line = (
        b'10.1.2.3 - - [23/Nov/2026:09:11:08 +0000] "GET /v2/team/app/manifests/1?x=%3A HTTP/1.1" 200 2 "-" "c \\x5C("'
    )
    for asked in (
        LogFilter(statuses=frozenset(range(500, 600))),
        LogFilter(level=Level.ERROR),
        LogFilter(level=Level.CRITICAL),
        LogFilter(methods=frozenset({"PUT"})),
        LogFilter(repositories=("team/web*",)),
        LogFilter(repositories=("team/proxy",)),
        LogFilter(clients=(ip_network("10.1.2.4"),)),
        LogFilter(clients=(ip_network("10.2.0.0/16"),)),
        LogFilter(clients=(ip_network("2001:db8::/32"),)),
    ):
        needle = access_needle(asked, FORMATS[:2])
        assert needle is not None
        assert not needle.finds(line)
    assert access_needle(LogFilter(level=Level.INFO), FORMATS) is None
    assert access_needle(LogFilter(repositories=("*",)), FORMATS) is None
