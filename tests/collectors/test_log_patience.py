"""When the time does not suffice, what was found is shown, with how far it got and how to go on."""

import re
from datetime import UTC, timedelta
from typing import Any

import pytest

from fake_clock import FakeClock
from memory_files import MemoryFile, MemoryFiles
from parsers.when import parse_when
from random_logs import ACCESS, BEGIN, NAME, PROGRAM, MemoryDoors, records
from regops.collectors.logs.merge import read_logs
from regops.errors import Refused
from regops.model.log_filter import LogFilter, LogWindow
from regops.model.log_record import LogRecord
from regops.model.log_request import LogRequest
from regops.model.log_source import Notice, Via
from regops.model.log_summary import LogTally

LINE = '172.17.0.1 - - [%s +0000] "GET /v2/ HTTP/1.1" %d 2 "-" "curl/7.88.1"\n'
# One of a thousand lines is an error; a look at the clock costs a second, and each piece of a megabyte has one.
LINES = 60_000
ERRORS = LogFilter(statuses=frozenset({500}))


@pytest.fixture(scope="module")
def access() -> bytes:
    moments = [f"{BEGIN + timedelta(seconds=number):%d/%b/%Y:%H:%M:%S}" for number in range(LINES)]
    return "".join(LINE % (at, 200 if number % 1000 else 500) for number, at in enumerate(moments)).encode()


def read(files: MemoryFiles, window: LogWindow, log_filter: LogFilter, *, seconds: float) -> list[Any]:
    request = LogRequest(NAME, (), window, log_filter, Via.FILES, raw=False, timeout_seconds=seconds)
    return list(read_logs(MemoryDoors(files), FakeClock(step=1.0), request, LogTally()))


def notice(events: list[Any]) -> str:
    [said] = [event.text for event in events if isinstance(event, Notice)]
    return str(said)


def test_looking_back_ends_with_what_was_found_and_says_until_when_to_go_on(access: bytes) -> None:
    files = MemoryFiles({f"/var/log/{ACCESS}": MemoryFile(access)})
    found, said = [], ""
    until = None
    for _ in range(20):
        events = read(files, LogWindow(1000, None, until), ERRORS, seconds=30)
        found = [*records(events), *found]
        if len(events) == len(records(events)):
            break
        said = notice(events)
        assert said.startswith("nginx/access.log: in 30 s it was searched back to 2026-11-2")
        until = parse_when(said.split("--until ")[1].split(" ")[0], now=BEGIN, zone=UTC)
    assert said
    # What is said to go on from leaves nothing out; files.open_now tells that all is closed again.
    assert {record.entry.text for record in found} == {
        line for line in access.decode().splitlines() if '" 500 ' in line
    }
    assert files.open_now == 0


def test_reading_on_ends_with_what_was_found_and_says_since_when_to_go_on() -> None:
    # Nothing is given for long: the first line of a program's log is the last one that is wanted.
    begin = f"{BEGIN:%a %b %d %Y %H:%M:%S} +0000: needed\n"
    others = "".join(
        f"{BEGIN + timedelta(seconds=number):%a %b %d %Y %H:%M:%S} +0000: other\n" for number in range(99_999)
    )
    files = MemoryFiles({f"/var/log/{PROGRAM}": MemoryFile((begin + others * 3).encode())})
    events = read(files, LogWindow(), LogFilter(grep=re.compile("need(ed)")), seconds=10)
    assert [record.entry.text for record in records(events)] == [begin.strip()]
    assert "supervisor/logrotate.log: in 10 s it was read up to 2026-11-2" in notice(events)
    assert "goes on from there" in notice(events)


def test_nothing_found_in_time_is_a_failure_and_no_empty_answer(access: bytes) -> None:
    files = MemoryFiles({f"/var/log/{ACCESS}": MemoryFile(access)})
    with pytest.raises(Refused, match="nothing was found in the 25 s"):
        read(files, LogWindow(10), LogFilter(statuses=frozenset({599})), seconds=25)


def test_a_large_log_does_not_take_the_time_of_the_small_ones(access: bytes) -> None:
    small = f"{BEGIN:%a %b %d %Y %H:%M:%S} +0000: rotating 500\n".encode()
    files = MemoryFiles({f"/var/log/{ACCESS}": MemoryFile(access), f"/var/log/{PROGRAM}": MemoryFile(small)})
    for window in (LogWindow(1000), LogWindow()):
        events = read(files, window, LogFilter(grep=re.compile("rot[a]ting|no[ ]where")), seconds=15)
        assert [event.source for event in events if isinstance(event, LogRecord)] == [PROGRAM]
        assert "nginx/access.log" in notice(events)
