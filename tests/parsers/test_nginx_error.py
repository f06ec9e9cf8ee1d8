"""nginx's error log, in which clients write too."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from log_samples import any_lines, joined, sample_lines, utc
from parsers.log_record import HttpRequest, Level, Rejected
from parsers.nginx_error import NginxErrorEntry, NginxErrorLog, iter_nginx_error

HEAD = "2026/11/23 09:13:20 [error] 15#16: *109 "


def one(text: str) -> NginxErrorEntry:
    (entry,) = iter_nginx_error(text.split("\n"), zone=UTC)
    assert isinstance(entry, NginxErrorEntry)
    return entry


def test_a_line_of_a_failed_upstream_is_read_with_types() -> None:
    line = (
        f"{HEAD}connect() failed (111: Connection refused) while connecting to upstream, client: 172.17.0.1, server: , "
        'request: "GET /_ping HTTP/1.1", upstream: "http://127.0.0.1:5000/_ping", host: "127.0.0.1:21443"'
    )
    assert one(line) == NginxErrorEntry(
        line,
        utc("2026-11-23 09:13:20"),
        Level.ERROR,
        HttpRequest(remote_addr="172.17.0.1", method="GET", uri="/_ping", protocol="HTTP/1.1", host="127.0.0.1:21443"),
        continued=False,
        message="connect() failed (111: Connection refused) while connecting to upstream",
        pid=15,
        tid=16,
        connection=109,
        server="",
        upstream="http://127.0.0.1:5000/_ping",
        subrequest=None,
    )


def test_the_time_is_that_of_the_zone_given() -> None:
    (entry,) = iter_nginx_error([f"{HEAD}x"], zone=ZoneInfo("America/Los_Angeles"))
    assert isinstance(entry, NginxErrorEntry)
    assert entry.time == utc("2026-11-23 17:13:20")


def test_lines_that_a_real_nginx_wrote_of_hostile_requests_are_all_read() -> None:
    lines = sample_lines("nginx_error/hostile.log")
    found = list(iter_nginx_error(lines, zone=UTC))
    assert not [record for record in found if isinstance(record, Rejected)]
    assert joined(found) == "\n".join(lines)


def test_what_nginx_says_before_it_has_a_log_is_read_without_a_time() -> None:
    entry = one("nginx: [emerg] bind() to 0.0.0.0:8080 failed (98: Address already in use)")
    assert (entry.time, entry.level) == (None, Level.CRITICAL)
    assert entry.message == "bind() to 0.0.0.0:8080 failed (98: Address already in use)"


def test_lines_that_go_on_fold_to_their_entry() -> None:
    text = (
        f'{HEAD}FastCGI sent in stderr: "PHP message: oh\nStack trace:\n#0 x" while reading upstream, client: ::1, '
        'server: reg, request: "GET / HTTP/2.0", upstream: "fastcgi://127.0.0.1:9000"'
    )
    entry = one(text)
    assert entry.request is not None
    assert (entry.request.remote_addr, entry.upstream) == ("::1", "fastcgi://127.0.0.1:9000")
    assert entry.message.endswith('#0 x" while reading upstream')


# nginx decodes a path, so that it can hold what only nginx should write.
OF_A_PATH = (
    'open() "/srv/html/nope, client: 6.6.6.6, server: evil" failed (2: No such file or directory), client: 127.0.0.1, '
    'server: reg, request: "GET /nope,%20client:%206.6.6.6 HTTP/1.1", host: "reg"'
)
# It has not looked for an upstream of a request that it could not read.
OF_A_REQUEST = (
    "client sent invalid request while reading client request line, client: 127.0.0.1, server: reg, "
    'request: "GET / HTTP/1.1", upstream: "http://6.6.6.6/"'
)


@pytest.mark.parametrize("said", [OF_A_PATH, OF_A_REQUEST])
def test_nothing_is_claimed_of_what_a_client_made_unclear(said: str) -> None:
    entry = one(HEAD + said)
    assert (entry.request, entry.upstream, entry.server, entry.message) == (None, None, None, said)


def test_a_request_that_is_none_keeps_what_is_behind_it_to_itself() -> None:
    entry = one(
        f'{HEAD}client sent invalid request, client: 127.0.0.1, server: r, request: "GET /", host: "evil HTTP/1.1"'
    )
    assert entry.request == HttpRequest(remote_addr="127.0.0.1")


def test_of_a_line_that_nginx_cut_the_end_is_not_believed() -> None:
    for line in sample_lines("nginx_error/cut.log"):
        assert one(line).request is None
    forged = f'{HEAD}open() "/srv/{"A" * 1900}, client: 6.6.6.6, server: '
    assert one(forged.ljust(2047, "x")).request is None


def test_a_letter_that_is_none_is_no_trouble() -> None:
    assert one(f'{HEAD}no, client: 127.0.0.1, server: a, request: "GET /\ud800 HTTP/1.1"').text.endswith('HTTP/1.1"')


@pytest.mark.parametrize("client", ["172.17.0.1", "::1", "unix:"])
def test_a_closed_connection_tells_its_client(client: str) -> None:
    entry = one(f"2026/11/23 09:11:48 [info] 15#15: *38 client {client} closed keepalive connection")
    assert entry.request == HttpRequest(remote_addr=client)


def test_a_line_before_any_entry_is_rejected_alone() -> None:
    found = list(iter_nginx_error(["what", f"{HEAD}x", "more"], zone=UTC))
    assert [type(record) for record in found] == [Rejected, NginxErrorEntry]


@given(any_lines("nginx_error/hostile.log", "nginx_error/cut.log"))
@settings(deadline=None)
def test_any_line_is_in_an_entry_or_rejected(lines: list[str]) -> None:
    assert joined(iter_nginx_error(lines, zone=UTC)) == "\n".join(lines)


@given(any_lines("nginx_error/hostile.log"), st.sets(st.integers(0, 12)))
@settings(deadline=None)
def test_no_line_is_lost_or_repeated_when_a_log_is_flushed_in_between(lines: list[str], pauses: set[int]) -> None:
    log = NginxErrorLog(UTC)
    found = []
    for index, line in enumerate(lines):
        found += [log.feed(line), log.flush() if index in pauses else None]
    found.append(log.flush())
    assert joined(record for record in found if record is not None) == "\n".join(lines)


# Words in which a client can try to pose as something else.
words = st.lists(
    st.sampled_from(
        [
            ", client: 6.6.6.6",
            ", server: s",
            ', request: "GET / HTTP/1.1"',
            ', upstream: "http://6.6.6.6/"',
            '"',
            "x",
            " ",
        ]
    ),
    max_size=4,
).map("".join)


@given(words, words, words)
@settings(deadline=None)
def test_whatever_a_client_sends_no_other_client_or_upstream_is_named(path: str, uri: str, referrer: str) -> None:
    line = (
        f'{HEAD}open() "/srv{path}" failed (2: No such file), client: 10.0.0.1, server: reg, '
        f'request: "GET /{uri.replace(" ", "%20")} HTTP/1.1", host: "reg", referrer: "{referrer}"'
    )
    entry = one(line)
    assert entry.request is None or entry.request.remote_addr == "10.0.0.1"
    assert entry.upstream is None
    assert entry.server in {None, "reg"}
