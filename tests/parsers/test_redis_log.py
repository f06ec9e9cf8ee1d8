"""redis's log, of old and new versions."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings

from log_samples import any_lines, joined, sample_lines, utc
from parsers.log_record import Level, Rejected
from parsers.redis_log import RedisEntry, Role, iter_redis_log


def read(lines: list[str], written: datetime | None = None) -> list[RedisEntry]:
    found = list(iter_redis_log(lines, zone=UTC, written=written))
    assert joined(found) == "\n".join(lines)
    return [record for record in found if isinstance(record, RedisEntry)]


def test_a_real_log_is_read_with_its_picture_folded() -> None:
    lines = sample_lines("redis_log/redis7.log")
    entries = read(lines)
    first = entries[0]
    assert (first.time, first.level, first.role) == (utc("2026-11-23 18:38:07.770"), Level.WARNING, Role.CHILD)
    assert "Running in standalone mode" in entries[3].message
    assert [entry.pid for entry in entries if entry.message.startswith("DB saved")] == [12245, 12421]
    assert any(entry.time == utc("2026-11-23 18:38:12") and entry.role is None for entry in entries)
    assert sum(entry.text.count("\n") + 1 for entry in entries) == len(lines)


def test_an_error_in_the_configuration_is_an_entry_of_its_own() -> None:
    ready = "1:M 23 Nov 2026 09:11:00.123 * Ready to accept connections"
    entries = read([ready, *sample_lines("redis_log/config_error.log")])
    assert [entry.level for entry in entries] == [Level.NOTICE, Level.CRITICAL]
    assert (entries[1].time, entries[1].pid) == (None, None)


@pytest.mark.parametrize(
    ("stamp", "written", "time"),
    [
        ("23 Nov 09:11:00.123", "2026-11-23 10:00:00", "2026-11-23 09:11:00.123"),
        ("31 Dec 23:59:59.999", "2026-01-01 00:00:01", "2025-12-31 23:59:59.999"),
        ("01 Jan 00:00:00", "2025-12-31 23:59:59", "2026-01-01 00:00:00"),
        ("29 Feb 09:11:00.123", "2026-11-23 10:00:00", "2024-02-29 09:11:00.123"),
        ("31 Feb 09:11:00.123", "2026-11-23 10:00:00", None),
        ("23 Nov 09:11:00.123", None, None),
    ],
)
def test_a_missing_year_is_told_by_when_the_log_was_written(stamp: str, written: str | None, time: str | None) -> None:
    (entry,) = read([f"[12] {stamp} * Server started"], utc(written) if written else None)
    assert (entry.time, entry.role, entry.pid) == (utc(time) if time else None, None, 12)


def test_a_log_may_be_written_at_the_end_of_the_calendar() -> None:
    (entry,) = read(["[12] 23 Nov 09:11:00.123 * x"], datetime.max.replace(tzinfo=UTC))
    assert entry.message == "x"


def test_what_is_no_line_of_redis_is_rejected() -> None:
    (record,) = iter_redis_log(["what"], zone=UTC)
    assert isinstance(record, Rejected)


@given(any_lines("redis_log/redis7.log", "redis_log/config_error.log"))
@settings(deadline=None)
def test_any_line_is_in_an_entry_or_rejected(lines: list[str]) -> None:
    assert joined(iter_redis_log(lines, zone=UTC)) == "\n".join(lines)
