"""Times of logs: zones, clocks that are set back, and the ends of the calendar."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from log_samples import utc
from parsers.log_time import apache, epoch, local_stamps, numeric, parse_rfc3339, zoned_stamps

BERLIN = ZoneInfo("Europe/Berlin")
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
years = st.datetimes(utc("1980-01-01").replace(tzinfo=None), utc("2100-01-01").replace(tzinfo=None))


def test_the_hour_that_comes_twice_is_told_by_the_line_before() -> None:
    stamps = local_stamps(numeric, BERLIN)
    walls = ["01:59:59", "02:00:00", "02:59:59", "02:00:00", "02:30:00", "02:59:59", "03:00:00"]
    found = [stamps[f"2026-10-25 {wall}"] for wall in walls]
    assert found == sorted(time for time in found if time)
    assert (found[1], found[3]) == (utc("2026-10-25 00:00:00"), utc("2026-10-25 01:00:00"))


def test_a_small_step_back_is_no_change_of_the_clock() -> None:
    stamps = local_stamps(numeric, BERLIN)
    assert stamps["2026-10-25 02:30:00"] == utc("2026-10-25 00:30:00")
    assert stamps["2026-10-25 02:29:58"] == utc("2026-10-25 00:29:58")


def test_an_hour_that_does_not_exist_has_a_time_all_the_same() -> None:
    assert local_stamps(numeric, BERLIN)["2026-03-29 02:30:00"] == utc("2026-03-29 01:30:00")


@pytest.mark.parametrize(
    "text", ["0001-01-01 00:00:00", "9999-12-31 23:59:59", "2026-02-30 00:00:00", "2026-01-01 24:00:00"]
)
def test_a_time_beyond_the_calendar_is_none_or_in_it(text: str) -> None:
    for zone in (ZoneInfo("Asia/Tokyo"), ZoneInfo("America/Los_Angeles"), UTC):
        found = local_stamps(numeric, zone)[text]
        assert found is None or found.tzinfo is UTC


@given(years, st.integers(-14 * 60, 14 * 60))
def test_a_time_with_its_zone_is_read_back(local: datetime, minutes: int) -> None:
    local = local.replace(microsecond=0)
    sign = "-" if minutes < 0 else "+"
    zone = f"{sign}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
    expected = (local - timedelta(minutes=minutes)).replace(tzinfo=UTC)
    stamp = f"{local:%d}/{MONTHS[local.month - 1]}/{local:%Y:%H:%M:%S} {zone}"
    assert zoned_stamps(apache)[stamp] == expected
    assert parse_rfc3339(f"{local:%Y-%m-%dT%H:%M:%S}.123456789{zone[:3]}:{zone[3:]}") == expected.replace(
        microsecond=123456
    )


@given(st.text() | st.text(alphabet="0123456789-:TZ.+ /"))
def test_any_text_is_a_time_or_none(text: str) -> None:
    for found in (parse_rfc3339(text), epoch(text), zoned_stamps(apache)[text], local_stamps(numeric, UTC)[text]):
        assert found is None or found.tzinfo is not None


def test_many_different_times_do_not_fill_the_memory() -> None:
    stamps = local_stamps(numeric, UTC)
    for second in range(10_000):
        time = utc("2026-01-01") + timedelta(seconds=second)
        assert stamps[f"{time:%Y-%m-%d %H:%M:%S}"] == time
    assert len(stamps) <= 512
