"""Moments as operators name them."""

from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.errors import ParseError
from parsers.when import parse_when

BERLIN = ZoneInfo("Europe/Berlin")
# 10:00 on the clock in Berlin.
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def when(text: str, *, now: datetime = NOW) -> str:
    return parse_when(text, now=now, zone=BERLIN).isoformat().removesuffix("+00:00")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", "2026-11-23T09:00:00"),
        ("10m", "2026-11-23T08:50:00"),
        ("2h30m", "2026-11-23T06:30:00"),
        ("2h 30m ago", "2026-11-23T06:30:00"),
        ("90 s", "2026-11-23T08:58:30"),
        ("1.5h", "2026-11-23T07:30:00"),
        ("3d", "2026-11-20T09:00:00"),
        ("1w", "2026-11-16T09:00:00"),
        ("today", "2026-11-22T23:00:00"),
        ("yesterday", "2026-11-21T23:00:00"),
        (" Yesterday  14:00 ", "2026-11-22T13:00:00"),
        ("today 23:00", "2026-11-23T22:00:00"),
        ("08:59", "2026-11-23T07:59:00"),
        ("8:59:05.250", "2026-11-23T07:59:05.250000"),
        ("2026-11-23", "2026-11-22T23:00:00"),
        ("2026-11-23 14:00", "2026-11-23T13:00:00"),
        ("2026-11-23T14:00:05Z", "2026-11-23T14:00:05"),
        ("2026-11-23 14:00 UTC", "2026-11-23T14:00:00"),
        ("2026-11-23 14:00:05,123 +0100", "2026-11-23T13:00:05.123000"),
        ("2026-11-23T14:00:05.123456789-05:30", "2026-11-23T19:30:05.123456"),
        ("@1795442400", "2026-11-23T14:00:00"),
    ],
)
def test_a_moment_is_named_in_many_ways(text: str, moment: str) -> None:
    assert when(text) == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("[23/Nov/2026:14:00:05 +0000]", "2026-11-23T14:00:05"),
        ("23/Nov/2026:14:00:05", "2026-11-23T13:00:05"),
        ("2026/11/23 14:00:05", "2026-11-23T13:00:05"),
        ("2026-11-23 14:00:05,123", "2026-11-23T13:00:05.123000"),
    ],
)
def test_a_time_can_be_pasted_from_a_log(text: str, moment: str) -> None:
    assert when(text) == moment


def test_a_clock_alone_is_the_last_time_that_it_showed_this() -> None:
    assert when("10:00") == "2026-11-23T09:00:00"
    assert when("10:01") == "2026-11-22T09:01:00"
    assert when("23:50", now=datetime(2026, 11, 22, 23, 10, tzinfo=UTC)) == "2026-11-22T22:50:00"


def test_the_day_is_that_of_the_zone_that_was_named() -> None:
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert when("today", now=late) == "2026-11-22T23:00:00"
    assert when("today 23:00 UTC", now=late) == "2026-11-22T23:00:00"


def test_a_clock_that_was_set_back_shows_the_first_of_two_hours() -> None:
    assert when("2026-10-25 02:30") == "2026-10-25T00:30:00"
    assert when("yesterday 12:00", now=datetime(2026, 3, 29, 12, tzinfo=UTC)) == "2026-03-28T11:00:00"


@pytest.mark.parametrize("text", ["25:00", "14:60", "2026-02-30", "2026-13-01", "99999999d", "2026-11-23T14:00+25:00"])
def test_a_time_that_does_not_exist_is_told(text: str) -> None:
    with pytest.raises(ParseError, match="there is no such time"):
        when(text)


@pytest.mark.parametrize(
    "text", ["", "10", "m", "noon", "14", "14:0", "-10m", "tomorrow", "2026-11", "10m14:00", "1e3s"]
)
def test_what_names_no_moment_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ParseError, match="yesterday 14:00"):
        when(text)


@given(st.text())
def test_any_text_is_a_moment_or_a_parse_error(text: str) -> None:
    with suppress(ParseError):
        assert parse_when(text, now=NOW, zone=BERLIN).tzinfo is UTC


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_as_iso_is_read_back(moment: datetime) -> None:
    assert parse_when(moment.isoformat(), now=NOW, zone=BERLIN) == moment
