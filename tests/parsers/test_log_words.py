"""Entries without their time, for a screen that has the time in a column."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from log_records import record
from parsers.log_record import LogEntry, LogReader
from parsers.log_words import words
from parsers.nginx_access import COMBINED, compile_log_format
from parsers.nginx_error import NginxErrorLog
from parsers.program_log import ProgramLog
from parsers.redis_log import RedisLog
from parsers.registry_log import RegistryLog
from parsers.supervisord_log import SupervisordLog

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def rest(reader: LogReader, text: str) -> str:
    entry = record("source", reader, text).entry
    assert isinstance(entry, LogEntry)
    return words(entry)


@pytest.mark.parametrize(
    ("reader", "text", "shown"),
    [
        (
            compile_log_format(COMBINED),
            '172.17.0.1 - alice [23/Nov/2026:09:11:08 +0000] "GET / HTTP/1.1" 200 2 "-" "curl"',
            '172.17.0.1 - alice "GET / HTTP/1.1" 200 2 "-" "curl"',
        ),
        (
            compile_log_format('[$time_iso8601] $status "$request"'),
            '[2026-11-23T09:11:08+00:00] 200 "GET / HTTP/1.1"',
            '200 "GET / HTTP/1.1"',
        ),
        (compile_log_format("$msec $status"), "1795425068.123 200", "1795425068.123 200"),
        (
            NginxErrorLog(UTC),
            "2026/11/23 09:13:20 [error] 15#15: *109 connect() failed",
            "[error] 15#15: *109 connect() failed",
        ),
        (SupervisordLog(UTC), "2026-11-23 09:11:01,023 INFO spawned: 'a'", "INFO spawned: 'a'"),
        (RegistryLog(UTC), "2026-11-23 09:13:28,158 WARNING: disabled!\n  more", "WARNING: disabled!\n  more"),
        (RegistryLog(UTC), "18/Feb/2015:11:56:02 +0000 WARNING: disabled!", "WARNING: disabled!"),
        (RegistryLog(UTC), "2026-11-23 09:13:30 [154] [INFO] Starting", "[154] [INFO] Starting"),
        (RegistryLog(UTC), "[2015-02-18 11:56:00 +0000] [1169] [INFO] Starting", "[1169] [INFO] Starting"),
        (RegistryLog(UTC), 'time="2026-11-23T09:42:10.265308039Z" level=error msg="x"', "error: x"),
        (
            RegistryLog(UTC),
            (
                'time="2026-11-23T09:42:10.265308039Z" level=error msg="response completed with error" '
                'err.code="name unknown" go.version=go1.19.8 http.request.id=22ff http.request.method=GET '
                'http.request.uri="/v2/a\\nb/tags/list" http.request.useragent="curl \\"7\\"" http.response.status=404 '
                "instance.id=1 service=registry vars.name=nope version=2.8.2+ds1"
            ),
            (
                'error: response completed with error: GET /v2/a\\nb/tags/list 404 (curl "7") '
                'err.code="name unknown" vars.name=nope http.request.id=22ff'
            ),
        ),
        (
            RegistryLog(UTC),
            'time="2026-11-23T09:42:10Z" level=info msg="listening on [::]:5000" go.version=go1.19.8 tls=no',
            "info: listening on [::]:5000 tls=no",
        ),
        (
            RegistryLog(UTC),
            '{"level":"warning","msg":"No HTTP secret provided","time":"2026-11-23T09:42:10Z","n":"1"}',
            "warning: No HTTP secret provided n=1",
        ),
        (
            RegistryLog(UTC),
            '172.17.0.1 - - [23/Nov/2026:09:11:48] "GET /v2/ HTTP/1.0" 404 233 "-" "curl/7.88.1"',
            '172.17.0.1 - - "GET /v2/ HTTP/1.0" 404 233 "-" "curl/7.88.1"',
        ),
        (RedisLog(UTC), "1:M 23 Nov 2026 09:11:00.123 * Ready", "1:M * Ready"),
        (RedisLog(UTC, NOW), "[12] 23 Nov 09:11:00.123 * Server started", "[12] * Server started"),
        (ProgramLog(UTC), "Mon Nov 23 2026 09:11:01 +0000: logrotate loop starting", "logrotate loop starting"),
        (ProgramLog(UTC), "2026-11-23T09:11:48.123Z [WARN] retrying", "[WARN] retrying"),
        (ProgramLog(UTC), "no time at all", "no time at all"),
    ],
)
def test_an_entry_loses_its_time_and_what_is_the_same_in_every_line(reader: LogReader, text: str, shown: str) -> None:
    assert rest(reader, text) == shown


@given(st.text(st.characters(exclude_characters="\n")))
def test_what_has_no_time_is_shown_whole(text: str) -> None:
    entry = record("source", ProgramLog(UTC), text).entry
    assert isinstance(entry, LogEntry)
    assert words(entry) == text or entry.time is not None
