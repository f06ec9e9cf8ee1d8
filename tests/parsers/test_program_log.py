"""The output of programs of which nothing is known."""

from datetime import UTC

import pytest
from hypothesis import given, settings

from log_samples import any_lines, joined, sample_lines, utc
from parsers.log_record import Level
from parsers.program_log import ProgramEntry, iter_program_log


def read(lines: list[str]) -> list[ProgramEntry]:
    found = list(iter_program_log(lines, zone=UTC))
    assert joined(found) == "\n".join(lines)
    entries = [record for record in found if isinstance(record, ProgramEntry)]
    assert len(entries) == len(found)
    return entries


@pytest.mark.parametrize(
    ("line", "time", "level", "message"),
    [
        ("Mon Nov 23 2026 09:11:01 +0000: sleeping", "2026-11-23 09:11:01", None, "sleeping"),
        ("Wed Aug 06 2014 19:10:36 GMT+0200 (CEST): x", "2014-08-06 17:10:36", None, "x"),
        ("Mon Nov  2 2026 09:11:01 +0000: x", "2026-11-02 09:11:01", None, "x"),
        ('23/Nov/2026 09:11:48 "GET / HTTP/1.1" 200 -', "2026-11-23 09:11:48", None, '"GET / HTTP/1.1" 200 -'),
        ("2026-11-23T09:11:48.123Z [WARN] retrying", "2026-11-23 09:11:48.123", Level.WARNING, "[WARN] retrying"),
        ("2026-11-23 09:11:48,123 ERROR in app", "2026-11-23 09:11:48.123", Level.ERROR, "ERROR in app"),
        ("[2026-11-23 09:11:48 +0100] [INFO] y", "2026-11-23 08:11:48", Level.INFO, "[INFO] y"),
        ("2026/11/23 09:11:48 http: x", "2026-11-23 09:11:48", None, "http: x"),
        ("2026-02-31 09:11:48 x", None, None, "x"),
        ("error: skipping", None, Level.ERROR, "error: skipping"),
        ("what: else", None, None, "what: else"),
        ("", None, None, ""),
    ],
)
def test_a_line_is_read_for_its_time_and_level(line: str, time: str | None, level: Level | None, message: str) -> None:
    (entry,) = read([line])
    assert (entry.time, entry.level, entry.message) == (utc(time) if time else None, level, message)


def test_logrotate_tells_its_errors() -> None:
    entries = read(sample_lines("program_log/logrotate.log"))
    assert sum(entry.level is Level.ERROR for entry in entries) == 2
    assert entries[0].time == utc("2026-11-23 09:11:01")


def test_a_traceback_ends_with_the_name_of_the_exception() -> None:
    lines = ["fine", "Traceback (most recent call last):", '  File "x"', "ValueError: y", "next"]
    assert [(entry.level, entry.text.count("\n")) for entry in read(lines)] == [(Level.ERROR, 3), (None, 0)]


@given(any_lines("program_log/logrotate.log", "program_log/http_server.log", "supervisord_log/states.log"))
@settings(deadline=None)
def test_any_line_is_in_an_entry(lines: list[str]) -> None:
    read(lines)
