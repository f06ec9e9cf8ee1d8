"""The window of all logs: what reading everything would give, at the cost of the part that is shown."""

import gzip
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memory_files import MemoryFile, MemoryFiles
from parsers.log_record import Level
from random_logs import ACCESS, BEGIN, PROGRAM, REGISTRY, UNTIMED, RandomLog, memory_files, random_logs, read, records
from regops.collectors.logs import line_skipping as log_line_skipping
from regops.collectors.logs import opened_file as log_opened_file
from regops.collectors.logs import piece_skipping as log_piece_skipping
from regops.collectors.logs import time_search as log_time_search
from regops.collectors.logs import window as log_window
from regops.collectors.logs.nginx_formats import NginxLogs
from regops.collectors.logs.parser_choice import Readers
from regops.collectors.logs.records import passes
from regops.model.log_filter import LogFilter, LogWindow
from regops.model.log_record import LogRecord
from regops.model.log_request import LogRequest
from regops.model.log_source import LogLine, LogSource, Notice, SourceKind, Via
from regops.model.log_summary import LogTally

FILTERS = (
    LogFilter(),
    LogFilter(grep=re.compile("3")),
    LogFilter(statuses=frozenset({500})),
    LogFilter(statuses=frozenset({599})),
    LogFilter(level=Level.ERROR),
    LogFilter(level=Level.WARNING, grep=re.compile("team")),
    LogFilter(methods=frozenset({"PUT"}), clients=(ip_network("10.0.0.0/8"),)),
    LogFilter(repositories=("team/*",), statuses=frozenset({404})),
    LogFilter(grep=re.compile("nowhere")),
    LogFilter(grep=re.compile("said twice t1")),
    LogFilter(grep=re.compile("Error.*t.?$")),
    LogFilter(grep=re.compile("RotaTing", re.IGNORECASE)),
)


def everything(
    log: RandomLog, *, raw: bool, window: LogWindow, log_filter: LogFilter
) -> list[tuple[datetime, LogRecord]]:
    """Return the wanted records of one log with their moments, by reading all of it from its first line."""
    source = LogSource(log.source, log.path, SourceKind.LOG)
    lines = [line.encode("utf-8", "surrogateescape") for line in log.lines]
    reader = Readers(UTC, NginxLogs()).of(source, b"\n".join(lines[-100:]))
    found = [record for line in lines for record in reader.feed(LogLine(log.source, line))] + list(reader.flush())
    first = next((record.at for record in found if record.at), None)
    if first is None and (window.since or window.until):
        return []
    written = max(log.times, default=BEGIN)
    request = LogRequest("", (), window, log_filter, Via.FILES, raw, 1.0)
    placed = [(record.at or first or written, record) for record in found]
    return [
        (at, record)
        for at, record in placed
        if (window.since is None or at >= window.since)
        and (window.until is None or at < window.until)
        and passes(record, request)
    ]


def naively(logs: list[RandomLog], *, raw: bool, window: LogWindow, log_filter: LogFilter) -> list[LogRecord]:
    each = [found for log in logs for found in everything(log, raw=raw, window=window, log_filter=log_filter)]
    merged = [record for _, record in sorted(each, key=lambda found: found[0])]
    return merged if window.lines is None else merged[max(len(merged) - window.lines, 0) :]


@pytest.fixture
def small_steps() -> Iterator[None]:
    """Logs of some kilobytes are read as if they had some gigabytes."""
    with pytest.MonkeyPatch.context() as patch:
        for name, size in {"_CONTEXT": 6000, "_FIRST_STEP": 300, "_LONGEST_STEP": 2000}.items():
            patch.setattr(log_window, name, size)
        for name, size in {"_SHORT": 400, "_LONGEST_PROBE": 6000, "_NEAR": 6000}.items():
            patch.setattr(log_time_search, name, size)
        for name, size in {"_PIECE": 700, "_ENTRY": 1024, "_LONG_LINE": 512, "_LONGEST_RUN": 2000}.items():
            patch.setattr(log_piece_skipping, name, size)
        for name, size in {"_PIECE": 700, "_LINE": 512, "_BEFORE": 6000}.items():
            patch.setattr(log_line_skipping, name, size)
        patch.setattr(log_opened_file, "_STEP", 100)
        patch.setattr(log_opened_file, "_CHUNK", 500)
        yield


@pytest.mark.usefixtures("small_steps")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, 2**32),
    st.none() | st.integers(0, 400),
    st.none() | st.integers(-600, 4000),
    st.none() | st.integers(-600, 4000),
    st.sampled_from(FILTERS),
    st.booleans(),
)
def test_a_window_shows_what_reading_all_of_all_logs_would(
    seed: int, lines: int | None, since: int | None, until: int | None, log_filter: LogFilter, raw: bool
) -> None:
    random = Random(seed)
    logs = random_logs(random)
    window = LogWindow(
        lines,
        BEGIN + timedelta(seconds=since) if since is not None else None,
        BEGIN + timedelta(seconds=until) if until is not None else None,
    )
    tally = LogTally()
    found = records(read(memory_files(random, logs), window, log_filter, raw=raw, tally=tally))
    wanted = naively(logs, raw=raw, window=window, log_filter=log_filter)
    assert [record.entry.text for record in found] == [record.entry.text for record in wanted]
    assert [record.source for record in found] == [record.source for record in wanted]
    total = tally.total()
    assert total.shown == sum(record.entry.text.count("\n") + 1 for record in wanted)
    if lines is None:
        read_all = naively(logs, raw=True, window=window, log_filter=LogFilter())
        of_all = sum(record.entry.text.count("\n") + 1 for record in read_all)
        assert total.shown + total.hidden + total.doubled == of_all


def test_the_rest_of_an_entry_that_was_given_away_in_parts_has_its_level_in_pieces_without_a_word_of_it() -> None:
    calm = "".join(f"2026-11-23 09:{minute:02}:00 [154] [INFO] calm\n" for minute in range(10)) * 40
    dump = "2026-11-23 09:10:00,500 ERROR: broken\nTraceback (most recent call last):\n" + "  in a line\n" * 2000
    files = MemoryFiles({f"/var/log/{REGISTRY}": MemoryFile((calm + dump + calm).encode())})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_piece_skipping, "_PIECE", 4096)
        patch.setattr(log_piece_skipping, "_ENTRY", 4096)
        found = records(read(files, LogWindow(), LogFilter(level=Level.ERROR)))
    assert "".join(f"{record.entry.text}\n" for record in found) == dump


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("path", [f"/var/log/{PROGRAM}", f"/var/log/{ACCESS}"])
def test_lines_of_an_entry_before_the_window_are_not_counted_as_hidden(path: str) -> None:
    line = '10.1.2.3 - - [23/Nov/2026:09:%02d:00 +0000] "GET / HTTP/1.1" 200 2 "-" "-"\n'
    if PROGRAM in path:
        line = "2026-11-23 09:%02d:00 calm\n"
    content = line % 10 + "  of the entry before, or of none\n" * 100 + line % 50 * 60
    tally = LogTally()
    window = LogWindow(None, BEGIN + timedelta(minutes=30))
    read(MemoryFiles({path: MemoryFile(content.encode())}), window, LogFilter(statuses=frozenset({500})), tally=tally)
    assert tally.total().hidden == 60


def test_what_an_entry_holds_behind_lines_that_are_cut_is_found() -> None:
    calm, head = (
        b"2026-11-23 09:00:00 [154] [INFO] calm %b\n" % (b"." * 1000),
        b"2026-11-23 09:10:00 [154] [INFO] said\n",
    )
    before = (calm * 1100)[: 1024 * 1024 - len(head) - 1].rpartition(b"\n")[0]
    before += b" " * (1024 * 1024 - len(head) - 1 - len(before)) + b"\n"
    long = b"   " + "\U0001d11e".encode() * 32_765 + b"\n  short\n"
    content = before + head + b"  short\n" + long * 3 + b"  needle\n" + calm
    found = records(
        read(
            MemoryFiles({f"/var/log/{REGISTRY}": MemoryFile(content)}),
            LogWindow(),
            LogFilter(grep=re.compile("needle")),
        )
    )
    assert len(found) == 1


_REQUEST = '10.1.2.3 - - [23/Nov/2026:09:10:00] "PUT /v2/team/app/manifests/1 HTTP/1.1" 500 2 "-" "-"\n'
_OWED = (
    ("2026-11-23 09:10:00,500 ERROR: broken\n", LogFilter(level=Level.ERROR)),
    ("2026-11-23 09:10:00,500 ERROR: broken\n", LogFilter(level=Level.ERROR, grep=re.compile("in line 1900"))),
    (_REQUEST, LogFilter(statuses=frozenset({500}))),
    (_REQUEST, LogFilter(methods=frozenset({"PUT"}), grep=re.compile("in line 19[0-9]{2}"))),
    (_REQUEST, LogFilter(repositories=("team/*",))),
    (_REQUEST, LogFilter(clients=(ip_network("10.1.2.0/24"),), level=Level.ERROR)),
)


@pytest.mark.parametrize("lines", [None, 20])
@pytest.mark.parametrize("path", [f"/var/log/{REGISTRY}", "/var/log/nginx/mixed.txt"])
@pytest.mark.parametrize(
    ("head", "asked"), _OWED, ids=["level", "level+grep", "status", "method+grep", "repo", "client"]
)
def test_the_rest_of_an_entry_is_found_by_what_it_owes_to_its_first_part(
    path: str, head: str, asked: LogFilter, lines: int | None
) -> None:
    calm = "".join(f"2026-11-23 09:{minute:02}:00 [154] [INFO] calm\n" for minute in range(10)) * 40
    dump = head + "Traceback (most recent call last):\n" + "".join(f"  in line {line}\n" for line in range(2000))
    files = MemoryFiles({path: MemoryFile((calm + dump + calm).encode())})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_piece_skipping, "_PIECE", 4096)
        patch.setattr(log_piece_skipping, "_ENTRY", 4096)
        patch.setattr(log_window, "_FIRST_STEP", 20_000)
        found = records(read(files, LogWindow(lines), asked))
        assert found
        patch.setattr(Readers, "needle", lambda *_: None)
        assert [record.entry.text for record in found] == [
            record.entry.text for record in records(read(files, LogWindow(lines), asked))
        ]


@pytest.mark.usefixtures("small_steps")
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_raw_gives_every_byte_of_all_files_once(seed: int) -> None:
    random = Random(seed)
    logs = random_logs(random)
    found = records(read(memory_files(random, logs), LogWindow(), raw=True))
    for log in logs:
        texts = [record.entry.text for record in found if record.source == log.source]
        assert "\n".join(texts) == "\n".join(log.lines)


_LINE = b'172.17.0.1 - - [%s +0000] "GET /v2/%010d HTTP/1.1" 200 2 "-" "curl/7.88.1"\n'
_SIZE = len(_LINE % (b"23/Nov/2026:09:00:00", 0))


def long_log(size_bytes: int) -> MemoryFile:
    """Return an access log of which every line is made when it is read, ten of them a second."""
    count = size_bytes // _SIZE

    def content(offset: int, size: int) -> bytes:
        first, last = offset // _SIZE, (offset + size) // _SIZE + 1
        text = b"".join(
            _LINE % (f"{BEGIN + timedelta(seconds=number // 10):%d/%b/%Y:%H:%M:%S}".encode(), number)
            for number in range(first, min(last, count))
        )
        return text[offset - first * _SIZE :][:size]

    return MemoryFile(content, (BEGIN + timedelta(seconds=count // 10)).timestamp(), count * _SIZE)


def cost(size_bytes: int, window: LogWindow) -> tuple[int, list[LogRecord]]:
    files = MemoryFiles({f"/var/log/{ACCESS}": long_log(size_bytes)})
    found = records(read(files, window))
    return files.read_bytes, found


def test_the_last_lines_of_ten_gigabytes_cost_no_more_than_those_of_a_megabyte() -> None:
    for lines in (1, 10, 500):
        small, of_small = cost(10**6, LogWindow(lines))
        large, of_large = cost(10**10, LogWindow(lines))
        assert large <= small
        assert len(of_large) == len(of_small) == lines
    assert of_large[-1].entry.text.startswith("172.17.0.1")


def test_a_minute_at_the_end_of_ten_gigabytes_is_found_by_halving() -> None:
    end = BEGIN + timedelta(seconds=10**10 // _SIZE // 10)
    read_bytes, found = cost(10**10, LogWindow(None, end - timedelta(seconds=1)))
    assert 10 <= len(found) <= 20
    # Some thirty pieces to find it, and five minutes of disorder.
    assert read_bytes < 12 * 1024 * 1024


def test_a_window_that_ends_long_ago_costs_no_more_than_itself() -> None:
    window = LogWindow(10, None, BEGIN + timedelta(seconds=10**10 // _SIZE // 20))
    read_bytes, found = cost(10**10, window)
    assert [found[-1].at, len(found)] == [window.until - timedelta(seconds=1) if window.until else None, 10]
    assert read_bytes < 12 * 1024 * 1024


def test_rotated_files_that_were_last_written_before_the_window_are_not_opened() -> None:
    line = b'172.17.0.1 - - [23/Nov/2026:09:%02d:00 +0000] "GET / HTTP/1.1" 200 2 "-" "-"\n'
    path = f"/var/log/{ACCESS}"
    files = MemoryFiles(
        {
            path: MemoryFile(line % 50, (BEGIN + timedelta(minutes=50)).timestamp()),
            f"{path}.1": MemoryFile(line % 40, (BEGIN + timedelta(minutes=40)).timestamp()),
            f"{path}.2": MemoryFile(line % 20, (BEGIN + timedelta(minutes=20)).timestamp()),
        }
    )
    found = records(read(files, LogWindow(None, BEGIN + timedelta(minutes=30))))
    assert [record.at for record in found] == [BEGIN + timedelta(minutes=40), BEGIN + timedelta(minutes=50)]
    assert f"{path}.2" not in files.opened


def test_what_no_time_is_known_of_is_left_out_of_a_time_and_said_once() -> None:
    files = MemoryFiles({f"/var/log/{UNTIMED}": MemoryFile(b"one\ntwo\n", BEGIN.timestamp())})
    events = read(files, LogWindow(None, BEGIN - timedelta(days=1)))
    said = [event.text for event in events if isinstance(event, Notice)]
    assert records(events) == []
    assert [text for text in said if "have no time" in text] == [
        "supervisor/nginx-stdout.log: 2 lines have no time, nor has one near them: they are left out"
    ]
    assert len(records(read(files, LogWindow(10)))) == 2


@pytest.mark.parametrize("asked", [LogFilter(statuses=frozenset({500})), LogFilter(grep=re.compile("nowhere"))])
@pytest.mark.parametrize("path", [f"/var/log/{ACCESS}", f"/var/log/{PROGRAM}"])
def test_a_damaged_file_is_told_of_though_nothing_in_it_is_wanted(path: str, asked: LogFilter) -> None:
    packed = gzip.compress(b"2026-11-23 09:00:00 calm\n" * 1000)
    files = MemoryFiles({path: MemoryFile(b""), f"{path}.1.gz": MemoryFile(packed[:-20])})
    said = [event.text for event in read(files, LogWindow(), asked) if isinstance(event, Notice)]
    assert any(f"{path}.1.gz was read as far as it goes: its end is missing" in text for text in said)
