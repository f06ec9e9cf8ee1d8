"""Totals as a document and back, and rankings that are too long to keep."""

import json
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_logs import COMBINED, TIMED, access_log
from parsers.errors import ParseError
from parsers.nginx_access import compile_log_format
from regops.adapters.traffic.counter import block_counter
from regops.collectors.traffic.lines import TrafficReader
from regops.model.answer import Target
from regops.model.ranking import Ranking
from regops.model.traffic import Traffic
from regops.model.traffic_document import read_traffic
from regops.model.traffic_filter import EVERYTHING
from regops.model.traffic_report import traffic_report
from regops.render.json import answer_document


def totals(log: bytes, *, timed: bool = False) -> Traffic:
    reader = TrafficReader(EVERYTHING, block_counter)
    assert reader.read([log], compile_log_format(TIMED if timed else COMBINED)) is None
    return reader.traffic


def document(traffic: Traffic) -> Any:
    report = traffic_report(traffic, target=Target(), sources=(), zone=UTC, top=5)
    return json.loads(answer_document(report, command="traffic", now=0))


def sent(traffic: Traffic) -> Traffic:
    return read_traffic(document(traffic), "another host")[0]


@pytest.mark.parametrize("timed", [False, True])
def test_totals_survive_being_sent_as_json(timed: bool) -> None:
    traffic = totals(b"".join(access_log(2000, hostile=0.1, timed=timed)), timed=timed)
    received = sent(traffic)
    traffic.slowest.sort()
    received.slowest.sort()
    assert received == traffic


def test_totals_of_two_halves_add_up_to_those_of_the_whole() -> None:
    log = b"".join(access_log(4000, hostile=0.1, days=9, timed=True))
    half = log.index(b"\n", len(log) // 2) + 1
    both = sent(totals(log[:half], timed=True))
    both.merge(sent(totals(log[half:], timed=True)))
    whole = totals(log, timed=True)
    assert both.examples.keys() == whole.examples.keys()
    both.examples = whole.examples = {}
    assert document(both) == document(whole)


def test_a_long_stretch_of_time_is_told_in_hours() -> None:
    traffic = totals(b"".join(access_log(12_000, hostile=0, days=60)))
    assert traffic.bucket_seconds == 3600
    assert sum(bucket.requests for bucket in traffic.buckets.values()) == 12_000


DOCUMENT = json.dumps(document(totals(b"".join(access_log(300, timed=True)), timed=True)))


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5) | st.just("regops") | st.just("traffic"),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["tool", "command", "schema_version", "data", "lines"]), inner)
        ),
    )
)
def test_any_other_document_is_refused(found: object) -> None:
    with pytest.raises(ParseError):
        read_traffic(found, "another host")


@pytest.mark.parametrize(
    "field",
    [
        "requests", "buckets", "clients", "slowest", "statuses", "every_ms", "sources", "unread", "first_at",
        "operations", "repositories",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "value", [-1, True, "x", [[]], [["x", -1]], {"names": [["x", 1]]}, [{"name": 1}], "2026-01-01T00:00:00", 1e400]
)
def test_a_document_with_one_wrong_field_is_refused(field: str, value: object) -> None:
    found = json.loads(DOCUMENT)
    found["data"][field] = value
    with pytest.raises(ParseError):
        read_traffic(found, "another host")


def test_the_document_of_a_later_regops_is_refused() -> None:
    with pytest.raises(ParseError, match="version 1"):
        read_traffic(json.loads(DOCUMENT) | {"schema_version": 2}, "another host")


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 9)), max_size=60))
def test_a_short_ranking_loses_no_request_and_says_how_many_a_name_may_lack(added: list[tuple[str, int]]) -> None:
    ranking, full = Ranking(1, most=4), Ranking(1)
    for name, count in added:
        ranking.add(name, [count])
        full.add(name, [count])
    assert sum(n for (n,) in ranking.counts.values()) + ranking.rest[0] == sum(count for _, count in added)
    for name, (count,) in full.counts.items():
        kept = ranking.counts.get(name, [0])[0]
        assert kept <= count <= kept + ranking.missed
