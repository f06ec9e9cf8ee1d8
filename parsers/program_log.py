"""What a program of which nothing is known writes to its output: lines, with the time and level that many begin with.

    Mon Nov 23 2026 09:11:01 +0000: logrotate loop starting (pid=11), every 3600 seconds
    Wed Aug 06 2014 19:10:36 GMT+0000 (UTC): logrotate will sleep for 3600 seconds
    error: skipping "/var/log/nginx/error.log" because parent directory has insecure permissions
    23/Nov/2026 09:11:48 "GET /_ping HTTP/1.1" 200 -
    2026-11-23T09:11:48.123Z [WARN] retrying
    DeprecationWarning: pkg_resources is deprecated as an API

Every line is an entry, but for those that are indented, and tracebacks: they belong to the one before them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import NamedTuple

from parsers.log_folding import Folding, Part
from parsers.log_record import Level, LogEntry, Rejected, level_named
from parsers.log_time import apache, local_stamps, month, numeric, parse_rfc3339, with_fraction, zoned_stamps

_CLOCK = "[0-9]{2}:[0-9]{2}:[0-9]{2}"
_NUMERIC = re.compile(
    rf"\[?([0-9]{{4}}[-/][0-9]{{2}}[-/][0-9]{{2}}[ T]{_CLOCK})(?:[.,]([0-9]{{1,9}}))?"
    r"( ?(?:Z|[+-][0-9]{2}:?[0-9]{2}))?[]:]*(?: |$)"
)
_APACHE = re.compile(rf"\[?([0-9]{{2}}/[A-Z][a-z]{{2}}/[0-9]{{4}}[: ]{_CLOCK})( [+-][0-9]{{4}})?[]:]*(?: |$)")
_DATE = re.compile(
    rf"(?:[A-Z][a-z]{{2}} )?([A-Z][a-z]{{2}} [0-9 ][0-9] [0-9]{{4}} {_CLOCK})"
    r"(?: (?:GMT|UTC)?([+-][0-9]{4})?(?: \([A-Z]{1,5}\))?)?:? ?"
)
_LEVEL = re.compile(r"(?:[\[(<]([A-Za-z]{4,8})[\])>]:?|([A-Za-z]{4,8}):|([A-Z]{4,8}))(?: |$)")
_TRACEBACK = "Traceback (most recent call last):"
_BETWEEN_TRACEBACKS = ("During handling of the above exception", "The above exception was the direct cause")


class _Head(NamedTuple):
    time: datetime | None
    level: Level | None
    body: int


@dataclass(frozen=True, slots=True)
class ProgramEntry(LogEntry):
    """One entry of a program's output; message is without its time."""

    message: str


class ProgramLog(Folding[_Head, ProgramEntry]):
    """Reads a program's output line by line; zone is that of the container."""

    def __init__(self, zone: tzinfo) -> None:
        super().__init__(self._read, self._entry, orphan="")
        self._numeric = local_stamps(numeric, zone)
        self._apache = local_stamps(apache, zone), zoned_stamps(apache)
        self._date = local_stamps(_named, zone), zoned_stamps(_named)
        self._begun = False
        self._in_traceback = False
        self._level: Level | None = None  # of the entry given away last, for the rest of it

    def _read(self, line: str) -> _Head | None:
        time, body = self._time(line)
        if time is None and self._begun and self._goes_on(line):
            return None
        self._begun, self._in_traceback = True, line.startswith(_TRACEBACK)
        level = _LEVEL.match(line, body)
        return _Head(time, level_named(level[1] or level[2] or level[3]) if level else None, body)

    def _goes_on(self, line: str) -> bool:
        if line.startswith(_TRACEBACK):
            self._in_traceback = True
            return True
        if not line or line[0] in " \t" or line.startswith(_BETWEEN_TRACEBACKS):
            return True
        # The first line of a traceback that is not indented names the exception, and is its last.
        last, self._in_traceback = self._in_traceback, False
        return last

    def _time(self, line: str) -> tuple[datetime | None, int]:
        if found := _NUMERIC.match(line):
            stamp, digits, zone = found.groups()
            if zone:
                return parse_rfc3339(f"{stamp.replace('/', '-')}.{digits or '0'}{zone.strip()}"), found.end()
            return with_fraction(self._numeric[stamp], digits), found.end()
        for pattern, (local, zoned) in ((_APACHE, self._apache), (_DATE, self._date)):
            if found := pattern.match(line):
                stamp, named = found.groups()
                return zoned[f"{stamp} {named}"] if named else local[stamp], found.end()
        return None, 0

    def _entry(self, part: Part[_Head]) -> ProgramEntry:
        head, text = part.head, part.text
        self._level = self._level if part.continued else head.level
        if _TRACEBACK in text:
            self._level = max(self._level or Level.ERROR, Level.ERROR)
        message = text if part.continued else text[head.body :]
        return ProgramEntry(text, head.time, self._level, None, part.continued, message=message)


def iter_program_log(lines: Iterable[str], *, zone: tzinfo) -> Iterator[ProgramEntry | Rejected]:
    """Yield an entry for each line, together with those that go on with it."""
    return ProgramLog(zone).run(lines)


def _named(text: str) -> datetime:
    """Return `Nov 23 2026 09:11:01`, whatever follows. Raises ValueError for no time."""
    return datetime(  # noqa: DTZ001  the zone is the caller's
        int(text[7:11]), month(text[:3]), int(text[4:6]), int(text[12:14]), int(text[15:17]), int(text[18:20])
    )
