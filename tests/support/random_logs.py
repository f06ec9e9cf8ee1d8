"""Logs of a container made by a random generator: entries of several lines, disorder, doubled lines, rotations."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, ClassVar

from fake_clock import FakeClock
from fake_engine import FakeEngine, container_document
from memory_files import MemoryFile, MemoryFiles
from regops.collectors.logs.merge import read_logs
from regops.model.log_filter import LogFilter, LogWindow
from regops.model.log_record import LogRecord
from regops.model.log_request import LogRequest
from regops.model.log_source import Via
from regops.model.log_summary import LogTally

NAME = "random"
BEGIN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ACCESS, REGISTRY, PROGRAM, UNTIMED = (
    "nginx/access.log",
    "supervisor/docker-registry.log",
    "supervisor/logrotate.log",
    "supervisor/nginx-stdout.log",
)


@dataclass
class RandomLog:
    """One log: its lines from old to new, with the time of each."""

    source: str
    lines: list[str]
    times: list[datetime]

    @property
    def path(self) -> str:
        return f"/var/log/{self.source}"

    def rotated(self, random: Random) -> Iterator[tuple[str, MemoryFile]]:
        """Yield the files of the log, cut at any lines; the older ones are compressed."""
        cuts = sorted(random.sample(range(len(self.lines) + 1), min(random.randint(0, 4), len(self.lines))))
        ends = [*cuts, len(self.lines)]
        delayed = random.random() < 0.5
        for age, (start, end) in enumerate(zip(reversed([0, *cuts]), reversed(ends), strict=True)):
            content = "".join(f"{line}\n" for line in self.lines[start:end]).encode("utf-8", "surrogateescape")
            if age == 0 and random.random() < 0.2:
                content = content.removesuffix(b"\n")
            zipped = age > 1 or (age == 1 and not delayed)
            # The last line written is the last touch; what was cut before the first line was touched before it.
            written = max(self.times[:end], default=BEGIN)
            name = self.path + (f".{age}" if age else "") + (".gz" if zipped else "")
            yield name, MemoryFile(gzip.compress(content) if zipped else content, written.timestamp())


def random_logs(random: Random) -> list[RandomLog]:
    """Return some logs of one container."""
    sources = random.sample([ACCESS, REGISTRY, PROGRAM, UNTIMED], random.randint(1, 4))
    return [_log(random, source) for source in sorted(sources)]


def memory_files(random: Random, logs: list[RandomLog]) -> MemoryFiles:
    """Return a container's files with these logs, rotated anywhere."""
    return MemoryFiles({path: file for log in logs for path, file in log.rotated(random)})


@dataclass
class MemoryDoors:
    """The ways to a container whose files are in memory; implements `ports.LogDoors`."""

    environment: ClassVar[tuple[str, ...]] = ()
    files: MemoryFiles
    output: bytes = b""

    def engine(self) -> Any:
        return FakeEngine(container_document(NAME, env=self.environment), output={NAME: self.output})

    @contextmanager
    def local_files(self, container: str) -> Iterator[Any]:
        yield self.files

    engine_files = local_files

    def output_inside(self, container: str, command: tuple[str, ...], *, timeout_seconds: float | None) -> Any:
        raise AssertionError(f"nothing is run inside: {command}")


def read(
    files: MemoryFiles,
    window: LogWindow,
    log_filter: LogFilter | None = None,
    *,
    patterns: tuple[str, ...] = (),
    raw: bool = False,
    tally: LogTally | None = None,
) -> list[Any]:
    """Return the records and notices that reading gives."""
    request = LogRequest(NAME, patterns, window, log_filter or LogFilter(), Via.FILES, raw, 1e9)
    events = list(read_logs(MemoryDoors(files), FakeClock(), request, tally or LogTally()))
    assert files.open_now == 0
    return events


def records(events: list[Any]) -> list[LogRecord]:
    """Return the records among some events."""
    return [event for event in events if isinstance(event, LogRecord)]


def _log(random: Random, source: str) -> RandomLog:
    log = RandomLog(source, [], [])
    now = BEGIN + timedelta(seconds=random.randint(0, 600))
    if source in {REGISTRY, PROGRAM} and random.random() < 0.3:
        _add(log, now, "panic: before anybody looked at a clock", "\tcontinued")
    for number in range(random.choice([0, 1, 5, 60, 200])):
        now += timedelta(seconds=random.choice([0, 0, 1, 7, 20]))
        # Several workers do not quite keep the order.
        then = now - timedelta(seconds=random.choice([0, 0, 0, 5, 60]))
        _WRITERS[source](random, log, then, f"{source[-7]}{number}")
    return log


def _add(log: RandomLog, time: datetime, *lines: str) -> None:
    log.lines += lines
    log.times += [time] * len(lines)


def _access(random: Random, log: RandomLog, time: datetime, name: str) -> None:
    status = random.choice([200, 200, 404, 500])
    client, method = random.choice(["172.17.0.1", "172.17.0.1", "10.9.8.7"]), random.choice(["GET", "GET", "PUT"])
    request = f"{method} /v2/{random.choice(['team/app', 'library/web'])}/manifests/{name} HTTP/1.1"
    _add(log, time, f'{client} - - [{time:%d/%b/%Y:%H:%M:%S} +0000] "{request}" {status} 2 "-" "-"')
    if random.random() < 0.05:
        _add(log, time, f"no line of this log {name} \udcff")


def _registry(random: Random, log: RandomLog, time: datetime, name: str) -> None:
    _add(log, time, f"{time:%Y-%m-%d %H:%M:%S} [154] [INFO] said twice {name}")
    if random.random() < 0.5:
        _add(log, time, f"{time:%Y-%m-%d %H:%M:%S},123 INFO: said twice {name}")
    if random.random() < 0.1:
        _add(log, time, f"{time:%Y-%m-%d %H:%M:%S},500 ERROR: broken {name}", "Traceback (most recent call last):")
        _add(log, time, '  File "x.py", line 1, in <module>', f"ValueError: {name}")


def _program(random: Random, log: RandomLog, time: datetime, name: str) -> None:
    if random.random() < 0.7:
        _add(log, time, f"{time:%a %b %d %Y %H:%M:%S} +0000: rotating {name}")
    else:
        _add(log, time, f"error: skipping {name}")


def _untimed(random: Random, log: RandomLog, time: datetime, name: str) -> None:
    _add(log, time, f"output {name}")


_WRITERS = {ACCESS: _access, REGISTRY: _registry, PROGRAM: _program, UNTIMED: _untimed}
