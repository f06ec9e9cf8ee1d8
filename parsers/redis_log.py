"""redis's log, of every version that registries were deployed with.

    1:M 23 Nov 2026 09:11:00.123 * Ready to accept connections          since 5.0
    12:C 23 Nov 09:11:00.123 # Warning: no config file specified        3.0 and 4.0: no year
    [12] 23 Nov 09:11:00.123 * Server started, Redis version 2.8.4      2.x: no role either
    12:signal-handler (1795459092) Received SIGTERM scheduling shutdown...
    *** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***                      no time at all

The times are of the server's zone, which is not named; the year, where it is missing, is told by when the log was last
written to. The picture that redis draws when it starts, and its reports of crashes, belong to the line before them.
Source: serverLogRaw in server.c of redis 2.8, 3.0, 4.0 and 7.0.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple

from parsers.log_folding import Folding, Part
from parsers.log_record import Level, LogEntry, Rejected
from parsers.log_time import epoch, local_stamps, month, with_fraction

_LINE = re.compile(
    r"(?:([0-9]{1,10}):([A-Z])|\[([0-9]{1,10})\]) "
    r"([0-9]{2} [A-Z][a-z]{2} (?:[0-9]{4} )?[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{3}))? ([.*#-]) "
)
_SIGNAL = re.compile(r"([0-9]{1,10}):signal-handler \(([0-9]{1,12})\) ")
_GRAVE = re.compile(r"\*\*\* FATAL CONFIG FILE ERROR|=== REDIS BUG REPORT")
_LEVELS = {".": Level.DEBUG, "-": Level.INFO, "*": Level.NOTICE, "#": Level.WARNING}
# A clock may be a little ahead of the one that wrote the file's time.
_AHEAD = timedelta(days=1)
_YEARLESS = len("23 Nov 09:11:00")


class Role(StrEnum):
    """What a redis process is; the letters are redis's own."""

    MASTER = "M"
    REPLICA = "S"
    CHILD = "C"
    SENTINEL = "X"


class _Head(NamedTuple):
    time: datetime | None
    level: Level
    pid: int | None
    role: Role | None
    body: int


@dataclass(frozen=True, slots=True)
class RedisEntry(LogEntry):
    """One entry of redis's log.

    pid is seen from inside the container, None for what redis says without its mark; role is None before redis 3.
    """

    message: str
    pid: int | None
    role: Role | None


class RedisLog(Folding[_Head, RedisEntry]):
    """Reads redis's log line by line.

    zone is the server's. written is when the log was last written to; without it, times that lack their year are None.
    """

    def __init__(self, zone: tzinfo, written: datetime | None = None) -> None:
        super().__init__(self._read, _entry, orphan="no line of redis's log, and none before it")
        self._stamps = local_stamps(lambda text: _local(text, written.astimezone(zone) if written else None), zone)

    def _read(self, line: str) -> _Head | None:
        found = _LINE.match(line)
        if found is None:
            if found := _SIGNAL.match(line):
                return _Head(epoch(found[2]), Level.WARNING, int(found[1]), None, found.end())
            return _Head(None, Level.CRITICAL, None, None, 0) if _GRAVE.match(line) else None
        pid, letter, old_pid, stamp, digits, mark = found.groups()
        role = Role(letter) if letter in {*Role} else None
        return _Head(with_fraction(self._stamps[stamp], digits), _LEVELS[mark], int(pid or old_pid), role, found.end())


def iter_redis_log(
    lines: Iterable[str], *, zone: tzinfo, written: datetime | None = None
) -> Iterator[RedisEntry | Rejected]:
    """Yield an entry for each line together with those that go on with it, and a Rejected for what comes before."""
    return RedisLog(zone, written).run(lines)


def _local(text: str, written: datetime | None) -> datetime:
    """Return `23 Nov 2026 09:11:00` or, in the last year that was not after written, `23 Nov 09:11:00`."""
    day, named = int(text[:2]), month(text[3:6])
    hour, minute, second = int(text[-8:-6]), int(text[-5:-3]), int(text[-2:])
    if len(text) > _YEARLESS:
        return datetime(int(text[7:11]), named, day, hour, minute, second)  # noqa: DTZ001  the zone is the caller's
    if written is None:
        raise ValueError(text)
    latest = written.replace(tzinfo=None) + _AHEAD
    for year in range(latest.year, latest.year - 8, -1):
        try:
            local = datetime(year, named, day, hour, minute, second)  # noqa: DTZ001
        except ValueError:
            continue  # the 29th of February, in another year
        if local <= latest:
            return local
    raise ValueError(text)


def _entry(part: Part[_Head]) -> RedisEntry:
    head, text = part.head, part.text
    message = text if part.continued else text[head.body :]
    return RedisEntry(text, head.time, head.level, None, part.continued, message=message, pid=head.pid, role=head.role)
