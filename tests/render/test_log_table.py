"""Log records as lines for people."""

import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from log_records import ACCESS, REGISTRY, access, program, record, registry
from log_samples import any_lines
from parsers.log_record import Rejected
from parsers.nginx_access import COMBINED, compile_log_format
from parsers.program_log import ProgramLog
from parsers.registry_log import RegistryLog
from regops.model.log_record import LogRecord
from regops.model.log_summary import LogTally
from regops.render.log_secrets import SecretMask
from regops.render.log_table import LogTable
from terminal_attacks import ATTACKS

HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
BERLIN = ZoneInfo("Europe/Berlin")


def table(*names: str, color: bool = False, days: bool = False, zone: tzinfo = UTC) -> LogTable:
    tally = LogTally()
    tally.expect(names)
    return LogTable(color=color, days=days, zone=zone, tally=tally)


def shown(*records: LogRecord, color: bool = False, days: bool = False, zone: tzinfo = UTC) -> str:
    made = table(*(each.source for each in records), color=color, days=days, zone=zone)
    return "".join(lines(made, each) for each in records)


def lines(made: LogTable, shown: LogRecord) -> str:
    return made.lines(shown, SecretMask(show_secrets=False).of(shown))


def test_a_line_has_its_time_its_source_and_what_is_left_of_it() -> None:
    assert shown(access(), registry("2026-11-23 09:11:09,250 WARNING: slow"), zone=BERLIN) == (
        '2026-11-23T10:11:08+01:00     nginx/access    | 172.17.0.1 - - "GET /v2/ HTTP/1.1" 200 2 "-" "curl/7.88.1"\n'
        "2026-11-23T10:11:09.250+01:00 docker-registry | WARNING: slow\n"
    )


def test_on_a_terminal_the_day_and_the_zone_are_told_once() -> None:
    records = [registry(f"2026-11-{day} {time},250 INFO: x") for day, time in (("22", "22:59:59"), ("22", "23:00:00"))]
    assert shown(*records, *records[1:], days=True, zone=BERLIN) == (
        "-- Sunday 2026-11-22, UTC+01:00 --\n"
        "23:59:59.250 docker-registry | INFO: x\n"
        "-- Monday 2026-11-23, UTC+01:00 --\n"
        "00:00:00.250 docker-registry | INFO: x\n"
        "00:00:00.250 docker-registry | INFO: x\n"
    )
    assert shown(access(), days=True).startswith("-- Monday 2026-11-23, UTC --\n09:11:08     nginx/access | ")


def test_a_change_of_the_clock_is_told_on_a_terminal() -> None:
    records = [registry(f"2026-10-25 {time},250 INFO: x") for time in ("00:30:00", "01:30:00")]
    assert shown(*records, days=True, zone=BERLIN) == (
        "-- Sunday 2026-10-25, UTC+02:00 --\n"
        "02:30:00.250 docker-registry | INFO: x\n"
        "-- Sunday 2026-10-25, UTC+01:00 --\n"
        "02:30:00.250 docker-registry | INFO: x\n"
    )


def test_a_line_without_a_time_has_that_of_the_one_before_it_and_says_so() -> None:
    plain = program("no time")
    later = LogRecord(plain.source, plain.entry, datetime(2026, 11, 23, 9, 11, 8, 500000, UTC))
    assert shown(plain, later, days=True) == (
        "             nginx-stderr | no time\n-- Monday 2026-11-23, UTC --\n09:11:08~    nginx-stderr | no time\n"
    )


def test_the_lines_of_one_entry_stand_below_its_first() -> None:
    entry = registry("2026-11-23 09:11:00,018 ERROR: boom\nTraceback (most recent call last):\nKeyError: 'a'")
    assert shown(entry, days=True).split("\n", 1)[1] == (
        "09:11:00.018 docker-registry | ERROR: boom\n"
        "                             | Traceback (most recent call last):\n"
        "                             | KeyError: 'a'\n"
    )


def test_a_line_that_could_not_be_read_is_marked() -> None:
    assert shown(LogRecord(ACCESS, Rejected("GET /", "no"), None), days=True) == "             nginx/access ? GET /\n"


def test_a_line_that_was_cut_says_so() -> None:
    made = record(REGISTRY, ProgramLog(UTC), "aaa\r", cut_bytes=70)
    assert shown(made).endswith("| aaa…[70 more bytes cut]\n")


def test_room_is_made_for_names_beforehand_and_longer_ones_later_get_theirs() -> None:
    made = table(ACCESS, "docker")
    assert " nginx/access | " in lines(made, access())
    assert " docker       | " in lines(made, program("x", source="docker"))
    long = lines(made, program("x", source="supervisor/" + "n" * 40 + ".log"))
    assert f" {'n' * 23}… | " in long


def test_two_sources_that_would_be_called_alike_keep_their_whole_names() -> None:
    made = table("supervisor/a.log", "a")
    assert " supervisor/a.log | " in lines(made, program("x", source="supervisor/a.log"))
    assert " a                | " in lines(made, program("x", source="a"))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (access(), '"GET /v2/ HTTP/1.1" \x1b[32m200\x1b[0m 2'),
        (access(status=304), "\x1b[36m304\x1b[0m"),
        (access(status=404), "\x1b[33m404\x1b[0m"),
        (access(status=403), '| \x1b[33m172.17.0.1 - - "GET /v2/ HTTP/1.1" 403 2 "-" "curl/7.88.1"\x1b[0m\n'),
        (access(status=502), '| \x1b[31m172.17.0.1 - - "GET /v2/ HTTP/1.1" 502 2 "-" "curl/7.88.1"\x1b[0m\n'),
        (registry("2026-11-23 09:11:00,018 DEBUG: x"), "| \x1b[2mDEBUG: x\x1b[0m\n"),
        (registry("2026-11-23 09:11:00,018 INFO: x"), "| INFO: x\n"),
        (registry("2026-11-23 09:11:00,018 CRITICAL: x"), "| \x1b[1;31mCRITICAL: x\x1b[0m\n"),
    ],
)
def test_colour_tells_the_level_of_a_line_or_the_status_of_a_request(made: LogRecord, expected: str) -> None:
    assert expected in shown(made, color=True)
    assert "\x1b" not in shown(made)


def test_each_source_keeps_its_colour() -> None:
    made = table(ACCESS, REGISTRY, color=True)
    first, second = lines(made, access()), lines(made, registry("2026-11-23 09:11:00,018 INFO: x"))
    lines(made, program("x", source="supervisor/of-another-program.log"))
    assert "\x1b[36mnginx/access   \x1b[0m" in first
    assert "\x1b[35mdocker-registry\x1b[0m" in second
    assert lines(made, access()).startswith(first[: first.index("\x1b[36m") + 5])


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_no_text_of_a_log_controls_the_terminal(attack: str) -> None:
    """Catalogue D: each stays one line, of nothing but plain characters."""
    for made in (program(attack), program("x", source=f"supervisor/{attack}.log"), access(f"GET /{attack} HTTP/1.1")):
        text = shown(made)
        assert text.count("\n") == 1
        assert [each for each in text[:-1] if not each.isprintable()] == []


@given(any_lines("nginx_access/combined.log", "registry_log/distribution.log"), st.booleans())
def test_any_lines_are_shown_one_by_one_in_plain_characters(texts: list[str], days: bool) -> None:
    made = table("docker", days=days)
    for reader in (RegistryLog(UTC), ProgramLog(UTC), compile_log_format(COMBINED)):
        entries = [entry for text in texts if (entry := reader.feed(text)) is not None]
        for entry in entries:
            text = lines(made, LogRecord("docker", entry, None))
            days_told = text.startswith("-- ")
            assert text.count("\n") == entry.text.count("\n") + 1 + days_told
            assert {unicodedata.category(each) for each in set(text) - {"\n", "\t"}} & HIDDEN == set()


def test_bytes_that_are_no_utf_8_are_shown_as_they_are() -> None:
    assert shown(program("a\udcffb")).endswith("| a\\xffb\n")


def test_markup_is_text() -> None:
    assert shown(program("[red]x[/nope] [link=file:///x]")).endswith("| [red]x[/nope] [link=file:///x]\n")


def test_secrets_are_masked_before_a_long_line_is_cut() -> None:
    text = shown(program("x" * 16380 + " password=hunter2"))
    assert "hunter" not in text
    assert "password=h" not in text


def test_a_secret_that_the_access_format_writes_without_a_name_is_masked() -> None:
    made = record(
        ACCESS, compile_log_format('$remote_addr "$http_cookie" "$http_authorization"'), '::1 "a=b" "Custom xyz"'
    )
    assert shown(made).endswith('| ::1 "***" "***"\n')


def test_the_zone_of_a_moment_is_that_of_its_day() -> None:
    summer = registry("2026-07-01 12:00:00,001 INFO: x")
    assert shown(summer, zone=BERLIN).startswith("2026-07-01T14:00:00.001+02:00 ")
    assert timedelta(hours=2) == datetime(2026, 7, 1, tzinfo=BERLIN).utcoffset()
