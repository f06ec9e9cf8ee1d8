import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parsers.column_format import parse_log_format
from regops.adapters.traffic_columns import fast_counter

from access_logs import COMBINED, access_log
from parsers.errors import ParseError
from regops.collectors.traffic import count_traffic
from regops.model.ranking import Ranking
from regops.model.traffic import Traffic
from regops.model.traffic_document import traffic_document, traffic_from_document
from regops.model.traffic_filter import EVERYTHING

FORMAT = parse_log_format(COMBINED, "test")


def totals(log: bytes) -> Traffic:
    return count_traffic([log], FORMAT, EVERYTHING, fast_counter)


def sent(traffic: Traffic) -> Traffic:
    return traffic_from_document(json.loads(json.dumps(traffic_document(traffic))), "another host")


def test_totals_survive_being_sent_as_json() -> None:
    traffic = totals(b"".join(access_log(2000, hostile=0.1)))
    traffic.slowest.sort()
    received = sent(traffic)
    received.slowest.sort()
    assert received == traffic


def test_totals_of_two_halves_add_up_to_those_of_the_whole() -> None:
    log = b"".join(access_log(4000, hostile=0.1, days=9))
    half = log.index(b"\n", len(log) // 2) + 1
    both = sent(totals(log[:half]))
    both.merge(sent(totals(log[half:])))
    whole = totals(log)
    both.unread_samples = whole.unread_samples = []
    assert traffic_document(both) == traffic_document(whole)


def test_a_long_stretch_of_time_is_told_in_hours() -> None:
    traffic = totals(b"".join(access_log(12_000, hostile=0, days=60)))
    assert traffic.bucket_seconds == 3600
    assert sum(bucket.requests for bucket in traffic.buckets.values()) == 12_000


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5) | st.just("regops-traffic/1"),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["schema", "lines", "clients"]), inner)
        ),
    )
)
def test_any_other_document_is_refused(document: object) -> None:
    with pytest.raises(ParseError):
        traffic_from_document(document, "another host")


DOCUMENT = json.dumps(traffic_document(totals(b"".join(access_log(100)))))


@pytest.mark.parametrize(
    "field", ["requests", "buckets", "clients", "slowest", "statuses", "bucket_seconds", "problems"]
)
@pytest.mark.parametrize("value", [None, -1, True, "x", [[]], [["x", -1]], {"names": [["x", 1]]}])
def test_a_document_with_one_wrong_field_is_refused(field: str, value: object) -> None:
    document = json.loads(DOCUMENT)
    document[field] = value
    with pytest.raises(ParseError):
        traffic_from_document(document, "another host")


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
