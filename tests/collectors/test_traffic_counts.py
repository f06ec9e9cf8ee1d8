import gzip
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access_logs import COMBINED, TIMED, access_log
from parsers.log_format import Escape
from parsers.log_record import Level, split_request
from parsers.nginx_access import KNOWN_FORMATS, AccessFormat, compile_log_format
from plain_traffic import plain_totals
from regops.adapters.traffic.counter import block_counter
from regops.collectors.traffic.inflate import inflate
from regops.collectors.traffic.lines import BlockCounters, TrafficReader
from regops.model.log_filter import LogFilter
from regops.model.traffic import RequestKind, Traffic, request_kind
from regops.model.traffic_filter import EVERYTHING, TrafficFilter
from regops.ports import BlockCounter

FORMATS = {False: compile_log_format(COMBINED), True: compile_log_format(TIMED)}
JSON = compile_log_format(
    '{"at":"$time_iso8601","from":"$remote_addr","request":"$request","status": $status,"size": $body_bytes_sent,'
    '"agent":"$http_user_agent","took":$request_time}',
    escape=Escape.JSON,
)


def pieces(log: bytes, size: int) -> Iterator[bytes]:
    return (log[n : n + size] for n in range(0, len(log), size))


def line_by_line(access_format: AccessFormat, wanted: TrafficFilter, traffic: Traffic) -> None:
    return None


def by_columns(access_format: AccessFormat, wanted: TrafficFilter, traffic: Traffic) -> BlockCounter:
    counter = block_counter(access_format, wanted, traffic)
    assert counter is not None, "this format has a fast way"
    return counter


def count_traffic(
    chunks: Iterable[bytes], access_format: AccessFormat, wanted: TrafficFilter, counters: BlockCounters
) -> Traffic:
    reader = TrafficReader(wanted, counters)
    assert reader.read(chunks, access_format) is None
    return reader.traffic


def kind_of(line: bytes) -> RequestKind:
    method, uri, _ = split_request(FORMATS[False].value(line.decode("utf-8", "surrogateescape")))
    return request_kind(method, uri)


def comparable(traffic: Traffic) -> dict[str, Any]:
    totals = asdict(traffic)
    # Of requests that took as long in the same second, any may be told.
    totals["slowest"] = sorted((slow.duration_ms, slow.time) for slow in traffic.slowest)
    del totals["examples"]
    return totals


def counted(log: bytes, log_format: AccessFormat, wanted: TrafficFilter = EVERYTHING, size: int = 2**20) -> Traffic:
    """The totals, which are the same by columns and line by line."""
    fast = count_traffic(pieces(log, size), log_format, wanted, by_columns)
    slow = count_traffic(pieces(log, size), log_format, wanted, line_by_line)
    assert comparable(fast) == comparable(slow)
    return fast


@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize(("hostile", "size"), [(0.0, 2**20), (0.002, 2**18), (0.2, 70_001), (1.0, 2**20)])
def test_totals_are_those_of_the_plainest_reader(timed: bool, hostile: float, size: int) -> None:
    log = b"".join(access_log(6000, seed=int(hostile * 1000), hostile=hostile, clients=300, timed=timed))
    log += b"A" * 2**20 + b"\n" + log[:150]
    plain, traffic = plain_totals(log, timed=timed), counted(log, FORMATS[timed], size=size)
    assert traffic.lines == plain["lines"] == traffic.requests + traffic.unread.total()
    assert traffic.unread == plain["unread"]
    assert traffic.statuses == plain["status"]
    assert traffic.sent_bytes == plain["bytes"]
    assert (traffic.pulls, traffic.pushes) == (plain["pulls"], plain["pushes"])
    assert {start: bucket.requests for start, bucket in traffic.buckets.items()} == plain["minute"]
    assert {name: counts[0] for name, counts in traffic.clients.counts.items()} == plain["client"]
    assert {name: counts[1] for name, counts in traffic.clients.counts.items()} == plain["client_bytes"]
    assert sum(counts[0] for counts in traffic.agents.counts.values()) == plain["agent"].total()
    assert traffic.methods == plain["method"]
    named = {name: count for name, count in plain["repository"].items() if name is not None}
    assert {name: counts[0] for name, counts in traffic.repositories.counts.items()} == named
    assert sorted(slow.duration_ms for slow in traffic.slowest) == sorted(plain["slowest"])


HOSTILE_BYTES = st.lists(
    st.sampled_from(
        [
            b'"', b" ", b" - ", b" [", b"] ", b"\n", b"\r\n", b"\0", b"\xff", b"\\x22", b"10.0.0.1", b"-", b"200", b"0",
            b"[02/Mar/2026:00:00:00 +0100]",
            b"[30/Feb/2026:00:00:00 +0100]", b"GET /v2/a/b/manifests/x HTTP/1.1",
            b"GET /v2/a/blobs/sha256:" + b"0" * 64 + b" HTTP/1.1",
            b"PUT /v2/a/blobs/uploads/1?digest=sha256:2 HTTP/1.1",
            b"/manifests/", b"/blobs/uploads/", b"/sha256:", b" HTTP/1.1", b"0.001", b"LB - ", b"x" * 70, b"99999999",
            b'10.0.0.1 - - [02/Mar/2026:00:00:00 +0100] "GET /v2/ HTTP/1.1" 200 2 "-" "-"\n',
            b'LB - - - 10.0.0.1 - - [02/Mar/2026:00:00:00 +0100] "GET /v2/ HTTP/1.1" 200 2 "-" "-" 0.012 -\n',
            b'LB - 1 - 10.0.0.1 - j d [02/Mar/2026:00:00:01 +0100] "G /v2/a/tags/list HTTP/1.1" 200 2 "-" "" 0.1 -\n',
        ]
    ),
    max_size=60,
).map(b"".join)  # fmt: skip


@given(HOSTILE_BYTES, st.sampled_from([*FORMATS.values(), JSON]))
def test_columns_and_lines_agree_on_any_bytes(log: bytes, log_format: AccessFormat) -> None:
    traffic = counted(log, log_format)
    expected = log.count(b"\n") + (not log.endswith(b"\n") and log != b"")
    assert traffic.lines == expected == traffic.requests + traffic.unread.total()


@given(
    request=HOSTILE_BYTES.filter(lambda text: b"\n" not in text and b'"' not in text and b"\r" not in text),
    before=st.integers(0, 30),
)
def test_a_request_counts_the_same_wherever_it_stands(request: bytes, before: int) -> None:
    line = b'10.0.0.1 - - [02/Mar/2026:00:00:00 +0100] "%b" 200 2 "-" "-"\n'
    log = (line % b"GET / HTTP/1.1") * before + (line % request) * 3
    traffic = counted(log, FORMATS[False])
    assert traffic.methods[kind_of(request).method] >= 3


@pytest.mark.parametrize(
    "wanted",
    [
        TrafficFilter(since=1772416800 + 3600, until=1772416800 + 7200),
        TrafficFilter(record=LogFilter(statuses=frozenset({404, 502}))),
        TrafficFilter(record=LogFilter(level=Level.WARNING)),
        TrafficFilter(record=LogFilter(level=Level.ERROR, statuses=frozenset({404, 502}))),
        TrafficFilter(record=LogFilter(methods=frozenset({"PUT", "HEAD"}))),
        TrafficFilter(record=LogFilter(repositories=("library/*", "*/app-1"))),
        TrafficFilter(record=LogFilter(clients=(ip_network("172.16.0.0/12"), ip_network("2001:db8::/32")))),
        TrafficFilter(record=LogFilter(grep=re.compile("skopeo|\\\\x5C"))),
        TrafficFilter(
            since=1772416800,
            record=LogFilter(statuses=frozenset({200}), methods=frozenset({"GET"}), repositories=("*/app-1*",)),
        ),
    ],
)
def test_filters_leave_the_same_lines_out_by_columns_and_by_lines(wanted: TrafficFilter) -> None:
    log = b"".join(access_log(4000, hostile=0.05, clients=30))
    traffic = counted(log, FORMATS[False], wanted)
    assert 0 < traffic.requests < 4000
    assert traffic.lines == traffic.requests + traffic.left_out + traffic.unread.total()


def test_more_names_than_there_is_room_for_keep_the_sums_exact() -> None:
    def line(n: int) -> bytes:
        request = b"GET /v2/team/r%d/manifests/latest HTTP/1.1" % n
        return b'2001:db8::%x - - [02/Mar/2026:00:00:00 +0100] "%b" %d %d "-" "agent %d"\n' % (
            n,
            request,
            100 + n % 900,
            n,
            n,
        )

    source = random.Random(5)
    numbers = [n if n % 3 else source.randrange(50) for n in range(150_000)]
    log = b"".join(map(line, numbers))
    traffic = count_traffic(pieces(log, 2**20), FORMATS[False], EVERYTHING, by_columns)
    assert traffic.requests == traffic.lines == len(numbers)
    for ranking in (traffic.clients, traffic.agents, traffic.repositories):
        assert sum(counts[0] for counts in ranking.counts.values()) + ranking.rest[0] == len(numbers)
        assert sum(counts[1] for counts in ranking.counts.values()) + ranking.rest[1] == sum(numbers)
    assert traffic.agents.missed > 0, "an agent more than there is room for was told"
    assert traffic.statuses == Counter(100 + n % 900 for n in numbers)
    truth = Counter(f"agent {n}" for n in numbers)
    for name, (requests, _) in traffic.agents.top()[:50]:
        assert requests <= truth[name] <= requests + traffic.agents.missed


def test_a_compressed_log_counts_as_it_would_plain_and_a_cut_one_says_so() -> None:
    log = b"".join(access_log(3000, hostile=0.05))
    packed = gzip.compress(log[:100_000]) + gzip.compress(log[100_000:]) + b"\0" * 100
    plain = counted(log, FORMATS[False])
    whole = count_traffic(inflate(pieces(packed, 4096)), FORMATS[False], EVERYTHING, by_columns)
    assert comparable(whole) == comparable(plain)
    reader = TrafficReader(EVERYTHING, by_columns)
    problem = reader.read(inflate(pieces(packed[: len(packed) // 2], 4096)), FORMATS[False])
    assert problem == "the compressed file is cut off"
    assert 0 < reader.traffic.lines < plain.lines


VALUES = {
    "remote_addr": ["10.0.0.1", "2001:db8::1", "::", "unix:", "x", "", "-"],
    "time_local": ["02/Mar/2026:00:00:00 +0100", "02/Mar/2026:00:00:60 +0100", "02/mar/2026:00:00:00 +0100"],
    "time_iso8601": ["2026-03-02T00:00:00+01:00", "2026-13-02T00:00:00+01:00", "9999-12-31T23:59:59-12:00"],
    "msec": ["1772406000.999", "1772406000.9", "253402300799.999", "253402300800.000", "-", "x"],
    "request": ["GET /v2/ HTTP/1.1", "", "PUT /v2/a/manifests/1 HTTP/1.1", "GET /v2/a/manifests/1 2 HTTP/1.1"],
    "status": ["200", "099", "20", "2000", "2x0", "-"],
    "body_bytes_sent": ["0", "-", "123456789012", "1234567890123456", "123456789012345678901", "1 2", ""],
    "request_time": ["0.001", "-", "12345678.999", "123456789.999", ".001", "0.01", "00.0010", "1", "0.0015"],
    "upstream_response_time": ["0.001", "-", "0.001, 0.002", "0.1 : 2", "x", "", "1" * 21],
    "upstream_addr": ["10.0.0.1:80", "10.0.0.1:80, unix:/a", "a b", "-"],
    "pipe": [".", "p", "x"],
    "host": ["reg", "a b", ""],
}
VALUES["bytes_sent"] = VALUES["body_bytes_sent"]
ANYTHING = ["-", "", "a b", "1.1.1.1, 2", "x - y", "[z] ", "6.6.6.6 - b", "\\", "\\x2F", "|", "a|b"]
TEMPLATES = [
    '$remote_addr|$time_iso8601|"$request"|$status|$body_bytes_sent|"$http_user_agent"|$request_time',
    '"$time_local" "$remote_addr" "$request" "$status" "$bytes_sent" "$request_time" "$body_bytes_sent"',
    'PP - $http_x_forwarded_for - $remote_addr - $remote_user [$time_local] "$request" $status 0 rt=$request_time',
    '$remote_addr [$time_local] "$request" $status' + " padding" * 1000,
    '$msec $pipe "$request" $status $upstream_response_time',
    '$http_a|$remote_addr|$http_b [$time_local] "$request" $status',
    '[$http_a] [$http_b] $remote_addr [$time_local] "$request" $status "$host" $upstream_addr',
    '$remote_addr $time_local $time_iso8601 "$request_method" "$request_uri" $status $http_a$http_b',
    '$http_a $remote_addr [$time_local] $http_b "$request" $status $upstream_response_time $http_c $host',
    '$remote_addr [$time_local] "$request" $status $status $remote_addr',
    *KNOWN_FORMATS,
]


@pytest.mark.parametrize("escape", [Escape.DEFAULT, Escape.JSON, Escape.NONE])
@pytest.mark.parametrize("template", TEMPLATES)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_other_formats_count_the_same_by_columns_as_by_lines(
    template: str, escape: Escape, data: st.DataObject
) -> None:
    access_format = compile_log_format(template, escape=escape)
    lines: list[str] = []
    for _ in range(data.draw(st.integers(1, 6))):
        line = re.sub(r"\$(\w+)", lambda found: data.draw(st.sampled_from(VALUES.get(found[1], ANYTHING))), template)
        lines.append(line + data.draw(st.sampled_from(["\n", "\n", "\r\n", " \n", ""])))
    log = "".join(lines).encode()
    fast = count_traffic([log], access_format, EVERYTHING, block_counter)
    slow = count_traffic([log], access_format, EVERYTHING, line_by_line)
    assert comparable(fast) == comparable(slow)
