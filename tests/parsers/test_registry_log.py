"""A registry's log: every shape of line, tracebacks folded, and what is said twice shown to be."""

from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from log_samples import any_lines, joined, sample_lines, utc
from parsers.log_folding import MOST_LINES
from parsers.log_record import HttpRequest, Level, Rejected
from parsers.registry_lines import Writer
from parsers.registry_log import RegistryEntry, RegistryLog, iter_registry_log

NAMES = (
    "classic.log",
    "classic_0_9.log",
    "classic_requests.log",
    "classic_restarts.log",
    "distribution.log",
    "distribution_json.log",
    "distribution_logstash.log",
    "panics.log",
)
SAMPLES = [f"registry_log/{name}" for name in NAMES]
REQUEST = '172.17.0.1 - - [23/Nov/2026:09:11:48] "GET /v2/ HTTP/1.0" 404 233 "-" "curl/7.88.1"'


def read(lines: list[str]) -> list[RegistryEntry]:
    found = list(iter_registry_log(lines, zone=UTC))
    assert joined(found) == "\n".join(lines)
    return [record for record in found if isinstance(record, RegistryEntry)]


def sample(name: str) -> list[RegistryEntry]:
    return read(sample_lines(f"registry_log/{name}"))


@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_a_real_log_is_in_an_entry(name: str) -> None:
    lines = sample_lines(f"registry_log/{name}")
    found = list(iter_registry_log(lines, zone=UTC))
    assert not [record for record in found if isinstance(record, Rejected)]
    assert joined(found) == "\n".join(lines)


def test_the_shapes_of_the_classic_registry_are_told_apart() -> None:
    entries = {entry.writer: entry for entry in reversed(sample("classic.log"))}
    gunicorn = entries[Writer.GUNICORN]
    assert (gunicorn.message, gunicorn.pid, gunicorn.level) == ("Starting gunicorn 18.0", 14174, Level.INFO)
    application = entries[Writer.APPLICATION]
    assert (application.message, application.level) == ("Cache storage disabled!", Level.WARNING)
    assert application.time == utc("2026-11-23 18:32:10.509")
    assert entries[Writer.ACCESS].request == HttpRequest(
        remote_addr="127.0.0.1",
        method="GET",
        uri="/",
        protocol="HTTP/1.1",
        status=200,
        body_bytes_sent=4,
        http_user_agent='ua "q" \\',
    )


def test_what_the_classic_registry_says_twice_is_shown_once() -> None:
    entries = sample("classic_requests.log")
    assert [entry.doubles for entry in entries] == [False, True] * 6
    once = [entry for entry in sample("classic.log") if not entry.doubles]
    said = [entry.message for entry in once]
    assert said.count("Worker exiting (pid: 14235)") == 1
    assert sum(message.startswith("Error handling request\nTraceback") for message in said) == 1
    assert sum(entry.request is not None for entry in once) == 5
    restarts = [entry.message for entry in sample("classic_restarts.log") if not entry.doubles]
    assert [restarts.count(f"Worker exiting (pid: {pid})") for pid in (22, 23, 164, 165, 166, 167)] == [1] * 6
    assert restarts.count("Cache storage disabled!") == 12


def test_workers_that_write_at_once_do_not_hide_each_other() -> None:
    other = REQUEST.replace("/v2/", "/v1/")
    again = f"2026-11-23 09:11:48,881 INFO: {REQUEST}"
    lines = [REQUEST, other, REQUEST, again, again.replace("/v2/", "/v1/"), again, again]
    assert [entry.doubles for entry in read(lines)] == [False, False, False, True, True, True, False]


def test_a_double_whose_first_line_is_not_there_is_shown() -> None:
    assert [entry.doubles for entry in read([f"2026-11-23 09:11:48,881 INFO: {REQUEST}"])] == [False]


def test_a_request_that_distribution_logs_in_two_ways_is_shown_once() -> None:
    entries = sample("distribution.log")
    access = [entry for entry in entries if entry.writer is Writer.ACCESS]
    shown = [entry.request.uri for entry in access if not entry.doubles and entry.request]
    # What distribution's application did not see, its access log has alone.
    assert shown == ["/v2/UPPER/x", "/", "/", "/v2/%ff%00%0aINJECT"]
    assert len(access) > len(shown) * 4


def test_a_traceback_folds_and_makes_its_entry_an_error() -> None:
    entries = read(["2026-11-23 09:11:48,881 INFO: fine", "Traceback (most recent call last):", "  File", "E: a", "b"])
    assert [(entry.level, entry.time) for entry in entries] == [(Level.ERROR, utc("2026-11-23 09:11:48.881"))]
    assert entries[0].message.endswith("\nb")


def test_a_panic_is_an_entry_without_a_time() -> None:
    entries = sample("panics.log")
    assert [entry.message.partition(":")[0] for entry in entries] == [
        "configuration error",
        "panic",
        "configuration error",
    ]
    assert {(entry.time, entry.level, entry.writer) for entry in entries} == {(None, Level.CRITICAL, Writer.OUTPUT)}


def test_the_fields_of_logrus_are_read_from_text_and_json() -> None:
    for name in ("distribution.log", "distribution_json.log"):
        wrong = next(entry for entry in sample(name) if entry.message == "response completed with error")
        assert (wrong.writer, wrong.level) == (Writer.LOGRUS, Level.ERROR)
        assert wrong.fields["err.code"] == "blob unknown"
        assert wrong.fields["vars.name"] == "team/app"
        assert wrong.request is not None
        assert (wrong.request.method, wrong.request.status, wrong.request.remote_addr) == ("HEAD", 404, "127.0.0.1")
        assert wrong.request.request_time is not None
        assert 0 < wrong.request.request_time < 1
    logstash = sample("distribution_logstash.log")[0]
    assert (logstash.message, logstash.level) == ("redis not configured", Level.INFO)
    assert logstash.time == utc("2026-11-23 18:29:31.693698")


def test_a_line_of_logrus_that_was_torn_keeps_its_time_and_level() -> None:
    (entry,) = read(['time="2026-11-23T09:42:10.2Z" level=error msg="response com'])
    assert (entry.writer, entry.level, entry.time) == (Writer.LOGRUS, Level.ERROR, utc("2026-11-23 09:42:10"))


def test_the_zone_that_python_2_writes_into_its_log_is_not_believed() -> None:
    east = timezone(timedelta(hours=2))
    found = list(iter_registry_log(sample_lines("registry_log/classic_0_9.log"), zone=east))
    times = {entry.writer: entry.time for entry in found if isinstance(entry, RegistryEntry)}
    assert times == {
        Writer.GUNICORN: utc("2026-11-23 05:11:02"),
        Writer.APPLICATION: utc("2026-11-23 05:13:48"),
        Writer.ACCESS: utc("2026-11-23 07:13:48"),
    }


def test_a_dump_of_any_length_is_cut_into_parts() -> None:
    lines = ["panic: oh", *(f"goroutine {number} [running]:" for number in range(MOST_LINES * 3))]
    entries = read(lines)
    assert [entry.continued for entry in entries] == [False, True, True, True]
    assert max(entry.text.count("\n") for entry in entries) < MOST_LINES
    assert {entry.level for entry in entries} == {Level.CRITICAL}


def test_the_rest_of_a_traceback_counts_as_an_error_too() -> None:
    lines = ["2026-11-23 09:11:48,881 INFO: fine", "Traceback (most recent call last):", *["  File"] * MOST_LINES]
    assert [(entry.level, entry.continued) for entry in read(lines)] == [(Level.ERROR, False), (Level.ERROR, True)]


@given(any_lines(*SAMPLES))
@settings(deadline=None)
def test_any_line_is_in_an_entry(lines: list[str]) -> None:
    found = list(iter_registry_log(lines, zone=UTC))
    assert joined(found) == "\n".join(lines)
    assert all(isinstance(record, RegistryEntry) for record in found)


@given(any_lines(*SAMPLES), st.sets(st.integers(0, 12)))
@settings(deadline=None)
def test_no_line_is_lost_or_repeated_when_a_log_is_flushed_in_between(lines: list[str], pauses: set[int]) -> None:
    log = RegistryLog(UTC)
    found = []
    for index, line in enumerate(lines):
        found += [log.feed(line), log.flush() if index in pauses else None]
    found.append(log.flush())
    assert joined(record for record in found if record is not None) == "\n".join(lines)
