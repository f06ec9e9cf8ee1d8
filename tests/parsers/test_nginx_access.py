"""nginx's access log: real lines of hostile clients, any format, and values back as the client sent them."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from log_samples import any_lines, joined, sample_lines, sample_text, utc
from parsers.errors import ParseError
from parsers.log_format import Escape
from parsers.log_record import HttpRequest, Level, Rejected
from parsers.nginx_access import COMBINED, KNOWN_FORMATS, AccessEntry, compile_log_format, guess_format
from parsers.nginx_conf import parse_nginx_conf
from parsers.nginx_logs import find_logs
from parsers.nginx_variables import SHAPES

STAMP = "23/Nov/2026:18:36:04 +0000"
PP = KNOWN_FORMATS[2]


def one(line: str, log_format: str = COMBINED, escape: Escape = Escape.DEFAULT) -> AccessEntry:
    entry = compile_log_format(log_format, escape=escape).feed(line)
    assert isinstance(entry, AccessEntry)
    return entry


def real(name: str, format_name: str) -> list[AccessEntry]:
    """Return the entries of a sample, in a format of the configuration that nginx wrote it with."""
    conf = parse_nginx_conf(sample_text("nginx_conf/formats.conf"), source="formats.conf")
    known = {each.name: compile_log_format(each.text, escape=each.escape) for each in find_logs(conf).formats}
    known["combined"] = compile_log_format(COMBINED)
    found = [known[format_name].feed(line) for line in sample_lines(f"nginx_access/{name}.log")]
    assert not [record for record in found if isinstance(record, Rejected)]
    return [record for record in found if isinstance(record, AccessEntry)]


def sent(value: str | None) -> bytes | None:
    return None if value is None else value.encode("utf-8", "surrogateescape")


def test_a_line_of_the_combined_format_is_read_with_types() -> None:
    line = f'172.17.0.1 - alice [{STAMP}] "GET /v2/ HTTP/1.1" 503 125 "-" "docker/20.10 (\\x5C(linux\\x5C))"'
    agent = r"docker/20.10 (\(linux\))"
    assert one(line) == AccessEntry(
        line,
        utc("2026-11-23 18:36:04"),
        Level.ERROR,
        HttpRequest(
            remote_addr="172.17.0.1",
            remote_user="alice",
            method="GET",
            uri="/v2/",
            protocol="HTTP/1.1",
            status=503,
            body_bytes_sent=125,
            http_user_agent=agent,
        ),
        continued=False,
        variables={
            "remote_addr": "172.17.0.1",
            "remote_user": "alice",
            "time_local": STAMP,
            "request": "GET /v2/ HTTP/1.1",
            "status": "503",
            "body_bytes_sent": "125",
            "http_referer": None,
            "http_user_agent": agent,
        },
        unclear=(),
    )


def test_lines_that_a_real_nginx_wrote_of_hostile_requests_are_all_read() -> None:
    found = [entry.request for entry in real("combined", "combined")]
    assert [(each.method, each.uri, each.protocol, each.status) for each in found[:14]] == [
        ("GET", "/", "HTTP/1.1", 200),
        ("GET", "/", "HTTP/1.1", 200),
        ("GET", "/", None, 200),  # HTTP/0.9
        (None, None, None, 400),  # an empty line
        (None, None, None, 400),  # a method alone
        (None, None, None, 400),  # TLS
        (None, None, None, 400),
        ("GET", "/", "HTTP/1.1", 400),
        ("GET", "/", "HTTP/9.9", 505),
        ("PRI", "*", "HTTP/2.0", 400),
        ("GET", "/a b", "HTTP/1.1", 400),
        ("GET", '/", host: "evil', "HTTP/1.1", 400),
        ("GET", '/ HTTP/1.1", upstream: "http://6.6.6.6/', None, 400),
        ("GET", "http://registry.example/abs", "HTTP/1.1", 404),
    ]
    assert found[1].remote_addr == "::1"
    assert {499, 413, 504, 502, 206} <= {each.status for each in found}


def test_all_escapes_of_one_request_give_back_the_same_bytes() -> None:
    by_hex = {entry.request.uri: sent(entry.request.http_user_agent) for entry in real("combined", "combined")}
    by_json = {entry.request.uri: sent(entry.request.http_user_agent) for entry in real("escape_json", "js")}
    plain = {entry.request.uri: sent(entry.request.http_user_agent) for entry in real("escape_none", "none")}
    numbered = [uri for uri in plain if uri and re.fullmatch(r"/r\d+", uri)]
    assert numbered
    assert [by_hex[uri] for uri in numbered] == [plain[uri] for uri in numbered]
    assert [by_json[uri] or b"" for uri in numbered] == [plain[uri] or b"" for uri in numbered]


def test_upstreams_come_in_the_order_they_were_tried() -> None:
    by_uri = {entry.request.uri: entry for entry in real("upstreams", "up")}
    tried = by_uri["/up/accel"]
    assert tried.upstream_status == (502, 200, 200)
    assert tried.upstream_response_time == (0.0, 0.001, 0.001)
    assert len(tried.upstream_addr) == 3
    assert by_uri["/dead"].upstream_addr[1] == "unix:/srv/no.sock"
    assert by_uri["/deadonly"].upstream_status == (502, 502)
    assert (by_uri["/"].upstream_status, by_uri["/"].upstream_addr) == ((), ())


def test_a_time_with_milliseconds_is_preferred() -> None:
    line = '10.0.0.1 [23/Nov/2026:18:36:04 +0000] 1795458964.536 0.250 "GET / HTTP/1.1"'
    entry = one(line, '$remote_addr [$time_local] $msec $request_time "$request"')
    assert (entry.time, entry.request.request_time) == (utc("2026-11-23 18:36:04.536"), 0.25)


@pytest.mark.parametrize(
    ("line", "time"),
    [
        ("[23/Nov/2026:23:30:00 -0530]", "2026-11-24 05:00:00"),
        ("[29/Feb/2024:00:00:00 +0000]", "2024-02-29 00:00:00"),
        ("[31/Feb/2026:00:00:00 +0000]", None),
        ("[01/Foo/2026:00:00:00 +0000]", None),
        ("[01/Jan/0001:00:00:00 +0900]", None),
        ("[01/Jan/2026:00:00:00 +9900]", None),
    ],
)
def test_a_time_carries_its_zone_and_an_impossible_one_is_none(line: str, time: str | None) -> None:
    assert one(line, "[$time_local]").time == (utc(time) if time else None)


def test_a_header_in_front_does_not_shift_the_fields() -> None:
    line = f'PP - 10.1.2.3, 10.4.5.6 - ::1 - - [{STAMP}] "GET / HTTP/1.1" 200 38 "-" "-" "10.1.2.3"'
    entry = one(line, PP)
    assert (entry.variables["http_pp_remote_addr"], entry.request.remote_addr) == ("10.1.2.3, 10.4.5.6", "::1")
    assert entry.unclear == ()


def test_nothing_is_claimed_of_what_a_client_made_unclear() -> None:
    line = f'PP - x - 6.6.6.6 - bob - 127.0.0.1 - - [{STAMP}] "GET / HTTP/1.1" 200 38 "-" "-" "-"'
    entry = one(line, PP)
    assert entry.unclear == ("http_pp_remote_addr", "remote_addr", "remote_user")
    assert (entry.request.remote_addr, entry.request.remote_user) == (None, None)
    assert (entry.time, entry.request.uri, entry.request.status) == (utc("2026-11-23 18:36:04"), "/", 200)


def test_a_line_of_blanks_and_dashes_ends_the_weighing() -> None:
    line = f'PP - {"- " * 20_000} [{STAMP}] "GET / HTTP/1.1" 200 38 "-" "-" "-"'
    assert isinstance(compile_log_format(PP).feed(line), Rejected)


def test_variables_without_text_between_them_are_one() -> None:
    entry = one('http://reg:5000/v2/ "x"', '$scheme://$host$request_uri "$http_x"')
    assert entry.variables == {"scheme": "http", "host+request_uri": "reg:5000/v2/", "http_x": "x"}


def test_a_request_is_put_together_from_its_parts() -> None:
    entry = one("HEAD /v2/ HTTP/2.0", "$request_method $request_uri $server_protocol")
    assert (entry.request.method, entry.request.uri, entry.request.protocol) == ("HEAD", "/v2/", "HTTP/2.0")


def test_a_format_that_nginx_would_refuse_is_refused() -> None:
    with pytest.raises(ParseError) as refused:
        compile_log_format("$remote_addr $ ")
    assert (refused.value.source, refused.value.text) == ("log_format", "$ ")


def test_a_format_is_guessed_by_the_lines_it_reads() -> None:
    assert guess_format(sample_lines("nginx_access/pp.log")).log_format == PP
    assert guess_format(sample_lines("nginx_access/combined.log")).log_format == COMBINED
    timed = guess_format(sample_lines("nginx_access/timed.log"))
    assert timed.log_format == f"{COMBINED} $request_time $upstream_response_time"
    assert guess_format([]).log_format == COMBINED


@given(any_lines("nginx_access/combined.log", "nginx_access/pp.log"), st.sampled_from(KNOWN_FORMATS))
@settings(deadline=None)
def test_any_line_is_an_entry_or_rejected_and_keeps_its_text(lines: list[str], log_format: str) -> None:
    found = list(compile_log_format(log_format).run(lines))
    assert joined(found) == "\n".join(lines)
    assert all(isinstance(record, AccessEntry | Rejected) for record in found)


def hexed(value: bytes) -> str:
    r"""Write a value as ngx_http_log_escape does."""
    return "".join(chr(c) if 32 <= c < 127 and c not in b'"\\' else f"\\x{c:02X}" for c in value)


def jsoned(value: bytes) -> str:
    r"""Write a value as ngx_escape_json does."""
    letters = {8: b"\\b", 9: b"\\t", 10: b"\\n", 12: b"\\f", 13: b"\\r", 34: b'\\"', 92: b"\\\\"}
    parts = [letters.get(c) or (b"\\u%04X" % c if c < 32 else bytes([c])) for c in value]
    return b"".join(parts).decode("utf-8", "surrogateescape")


# What a client can send, with a liking for what formats are made of.
chosen = st.lists(
    st.sampled_from([b" ", b"-", b" - ", b'"', b"\\", b"\\x22", b"[", b"] ", b"|", b"\n", b"\xff", b"200", b"6.6.6.6"])
    | st.text(max_size=3).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.binary(max_size=2),
    max_size=6,
).map(b"".join)
strict = {
    "remote_addr": st.ip_addresses().map(str),
    "status": st.integers(0, 999).map("{:03}".format),
    "body_bytes_sent": st.integers(0, 2**63).map(str),
    "request_time": st.decimals(0, 9999, places=3).map(str),
    "time_local": st.datetimes().map(lambda time: f"{time:%d}/Nov/{time.year:04}:{time:%H:%M:%S} +0100"),
    "upstream_response_time": st.lists(st.sampled_from(["0.001", "-", "12.345"]), min_size=1).map(", ".join),
}
names = st.sampled_from([*strict, "http_a", "http_b", "remote_user", "request"])
between = st.sampled_from([" ", " - ", '" "', " [", "] ", "|", ", ", ' "', '" '])


@st.composite
def lines_of_formats(draw: st.DrawFn, escape: Escape) -> tuple[str, str, dict[str, str]]:
    """Return a format, a line that nginx would write with it, and the values it wrote, by name."""
    chosen_names = draw(st.lists(names, min_size=1, max_size=5, unique=True))
    quoted = draw(st.booleans())
    log_format, line, values = "", "", dict[str, str]()
    for name in chosen_names:
        raw = draw(strict[name]) if name in strict else (hexed if escape is Escape.DEFAULT else jsoned)(draw(chosen))
        text = '"{}" ' if quoted else f"{{}}{draw(between)}"
        log_format += text.format(f"${{{name}}}")
        line += text.format(raw)
        values[name] = raw
    return log_format, line, values


@given(st.data(), st.sampled_from([Escape.DEFAULT, Escape.JSON]))
@settings(deadline=None, max_examples=200)
def test_what_nginx_writes_is_read_back_or_called_unclear(data: st.DataObject, escape: Escape) -> None:
    log_format, line, values = data.draw(lines_of_formats(escape))
    access_format = compile_log_format(log_format, escape=escape)
    entry = access_format.feed(line)
    assert isinstance(entry, AccessEntry)
    write = hexed if escape is Escape.DEFAULT else jsoned
    for name, raw in values.items():
        value = entry.variables[name]
        if name in entry.unclear:
            assert value is None
        elif value is None:
            assert raw == ("-" if escape is Escape.DEFAULT else "")
        else:
            assert (value if name in SHAPES else write(sent(value) or b"")) == raw


@given(st.lists(chosen, min_size=4, max_size=4))
@settings(deadline=None)
def test_in_the_combined_format_a_client_can_make_nothing_unclear(values: list[bytes]) -> None:
    user, request, referer, agent = map(hexed, values)
    entry = one(f'10.0.0.1 - {user} [{STAMP}] "{request}" 200 5 "{referer}" "{agent}"')
    assert (entry.unclear, entry.request.status, entry.request.remote_addr) == ((), 200, "10.0.0.1")
    assert hexed(sent(entry.variables["http_user_agent"]) or b"-") in {agent, "-"}
