"""supervisord's own log, and what it writes to the container's output: the lives of the programs it runs.

    2026-11-23 09:11:01,023 INFO spawned: 'registry' with pid 9
    2026-11-23 09:11:04,958 INFO success: registry entered RUNNING state, process has stayed up for > than 3 seconds …
    2026-11-23 09:14:38,355 INFO exited: registry (terminated by SIGKILL; not expected)
    2026-11-23 09:14:50,635 INFO spawnerr: can't find command '/usr/local/bin/docker-registry'

The times are of the container's zone, which is not named. Sources: loggers.py, process.py, supervisord.py and
options.py of supervisor 3.0 and 4.3.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import NamedTuple

from parsers.log_folding import Folding, Part
from parsers.log_record import LogEntry, Rejected, level_named
from parsers.log_time import local_stamps, numeric, with_fraction

_LINE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}),([0-9]{3}) ([A-Z]{4}) ")


class Event(StrEnum):
    """What happened to a program, or to supervisord itself."""

    STARTED = "supervisord started"
    SPAWNED = "spawned"
    RUNNING = "running"
    EXITED = "exited"
    STOPPED = "stopped"
    STOPPING = "stopping"
    KILLED = "killed"
    GAVE_UP = "gave up"
    SPAWN_ERROR = "spawn error"
    REAPED = "reaped unknown"
    SIGNAL = "signal received"


# An exited program's words end in `; expected`, `; not expected`, or nothing where it was stopped or ended too quickly.
_ENDED = r"(?P<program>.+?) \((?:exit status (?P<status>-?[0-9]{1,5})|terminated by (?P<signal>[^;()]+?)|[^;]*)"
_EVENTS = (
    (Event.STARTED, re.compile(r"supervisord started with pid (?P<pid>[0-9]{1,10})")),
    (Event.SPAWNED, re.compile(r"spawned: '(?P<program>.+)' with pid (?P<pid>[0-9]{1,10})")),
    (Event.RUNNING, re.compile(r"success: (?P<program>.+?) entered RUNNING state")),
    (Event.EXITED, re.compile(rf"exited: {_ENDED}(?: \(core dumped\))?(?:; (?P<expected>(?:not )?expected))?\)$")),
    (Event.STOPPED, re.compile(rf"stopped: {_ENDED}(?: \(core dumped\))?\)$")),
    (Event.STOPPING, re.compile(r"waiting for (?P<program>.+?) to (?:stop|die)$")),
    (Event.KILLED, re.compile(r"killing '(?P<program>.+)' \((?P<pid>[0-9]{1,10})\) with (?P<signal>[A-Z0-9]+)")),
    (Event.GAVE_UP, re.compile(r"gave up: (?P<program>.+?) entered FATAL state")),
    (Event.SPAWN_ERROR, re.compile(r"spawnerr: ")),
    (Event.REAPED, re.compile(r"reaped unknown pid (?P<pid>[0-9]{1,10})")),
    (Event.SIGNAL, re.compile(r"received (?P<signal>SIG[A-Z0-9]+)")),
)


class _Head(NamedTuple):
    time: datetime | None
    level: str
    body: int


@dataclass(frozen=True, slots=True)
class SupervisordEntry(LogEntry):
    """One entry of supervisord's log.

    event is None for words that are none of them. program is the one it happened to; a spawn error names none. pid is
    seen from inside the container. A program that ended has an exit_status or a signal; expected is supervisord's
    opinion of it, None where it has none.
    """

    message: str
    event: Event | None
    program: str | None
    pid: int | None
    exit_status: int | None
    signal: str | None
    expected: bool | None


class SupervisordLog(Folding[_Head, SupervisordEntry]):
    """Reads supervisord's log line by line; zone is that of the container."""

    def __init__(self, zone: tzinfo) -> None:
        super().__init__(self._read, _entry, orphan="no line of supervisord's log, and none before it")
        self._stamps = local_stamps(numeric, zone)

    def _read(self, line: str) -> _Head | None:
        found = _LINE.match(line)
        if found is None:
            return None
        return _Head(with_fraction(self._stamps[found[1]], found[2]), found[3], found.end())


def iter_supervisord_log(lines: Iterable[str], *, zone: tzinfo) -> Iterator[SupervisordEntry | Rejected]:
    """Yield an entry for each line together with those that go on with it, and a Rejected for what comes before."""
    return SupervisordLog(zone).run(lines)


def _entry(part: Part[_Head]) -> SupervisordEntry:
    head, text = part.head, part.text
    message = text if part.continued else text[head.body :]
    event, values = (None, dict[str, str | None]()) if part.continued else _event(message)
    pid, status, expected = values.get("pid"), values.get("status"), values.get("expected")
    return SupervisordEntry(
        text,
        head.time,
        level_named(head.level),
        None,
        part.continued,
        message=message,
        event=event,
        program=values.get("program"),
        pid=int(pid) if pid else None,
        exit_status=int(status) if status else None,
        signal=values.get("signal"),
        expected=None if expected is None else expected == "expected",
    )


def _event(message: str) -> tuple[Event | None, dict[str, str | None]]:
    for event, pattern in _EVENTS:
        if found := pattern.match(message):
            return event, found.groupdict()
    return None, {}
