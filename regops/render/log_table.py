"""A log record as lines for people: the time, the source, and what the log says, made harmless."""

from collections import Counter
from datetime import datetime, tzinfo

from parsers.log_record import Level, Record, Rejected
from parsers.log_words import words
from regops.model.log_record import LogRecord
from regops.model.log_source import short_name
from regops.model.log_summary import LogTally
from regops.render.log_secrets import Mask
from regops.render.visible import visible_line, without_surrogates

# Names are padded to the longest, but not beyond this: the text needs the room.
_NAME_WIDTH = 24
_SOURCE_COLORS = ("\x1b[36m", "\x1b[35m", "\x1b[34m", "\x1b[32m", "\x1b[96m", "\x1b[95m", "\x1b[94m", "\x1b[92m")
_BOLD_RED, _RED, _YELLOW, _DIM, _OFF = "\x1b[1;31m", "\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[0m"
_STATUS_COLORS = {1: _DIM, 2: "\x1b[32m", 3: "\x1b[36m", 4: _YELLOW, 5: _RED}


class LogTable:
    """Makes lines of records; tally knows the sources, for whose names room is made.

    On a terminal (days) a line tells each new day and its zone, and times are short; elsewhere every time is whole. One
    with a `~` is that of the entry before: the line itself has none. A `?` instead of the `|` marks a line that could
    not be read. Lines that belong to the one before them have neither time nor name.
    """

    def __init__(self, *, color: bool, days: bool, zone: tzinfo, tally: LogTally) -> None:
        self._color = color
        self._clock = _Clock(zone, days=days)
        self._tally = tally
        self._width = 0
        self._names: dict[str, str] = {}
        self._colors: dict[str, str] = {}

    def lines(self, record: LogRecord, mask: Mask) -> str:
        """Return the lines of a record, each with its newline; mask is what masks its text."""
        entry = record.entry
        text, time, mark = entry.text, None, "?"
        if not isinstance(entry, Rejected):
            text, time, mark = words(entry), entry.time, "|"
        shown = _shown(mask(text), record.cut_bytes)
        day, clock = self._clock.shown(time, record.at)
        name = self._names.get(record.source) or self._name(record.source)
        if day and self._color:
            day = f"{_DIM}{day}{_OFF}"
        if self._color:
            shown = _colored(entry, shown)
        head = f"{day}{clock} {name} {mark} {shown[0]}\n"
        if len(shown) == 1:
            return head
        blank = " " * (len(clock) + 1 + self._width)
        return head + "".join(f"{blank} {mark} {line}\n" for line in shown[1:])

    def _name(self, source: str) -> str:
        """Return the name of a source, as wide as the widest."""
        known = [*self._tally.sources, *({source} - self._tally.sources.keys())]
        taken = Counter(map(short_name, known))
        names = {name: _name(short_name(name) if taken[short_name(name)] == 1 else name) for name in known}
        self._width = max(self._width, *map(len, names.values()))
        for name, short in names.items():
            padded = f"{short:<{self._width}}"
            if self._color:
                color = self._colors.setdefault(name, _SOURCE_COLORS[len(self._colors) % len(_SOURCE_COLORS)])
                padded = f"{color}{padded}{_OFF}"
            self._names[name] = padded
        return self._names[source]


def _name(text: str) -> str:
    name = visible_line(text)
    return name if len(name) <= _NAME_WIDTH else f"{name[: _NAME_WIDTH - 1]}…"


class _Clock:
    """Times in one zone; a busy log says the same second many times."""

    def __init__(self, zone: tzinfo, *, days: bool) -> None:
        self._zone = zone
        self._days = days
        self._second: datetime | None = None
        self._day: tuple[object, ...] = ()
        self._text = ("", "")
        self._width = len("09:11:08.123" if days else "2026-11-23T09:11:08.123Z")

    def shown(self, time: datetime | None, at: datetime | None) -> tuple[str, str]:
        """Return a line that tells the day where it is a new one, and the time, always as wide."""
        moment = time or at
        if moment is None:
            return "", " " * self._width
        second = moment.replace(microsecond=0)
        day = ""
        if second != self._second:
            self._second = second
            local = moment.astimezone(self._zone)
            offset = _offset(local)
            if not self._days:
                self._width = max(self._width, len("2026-11-23T09:11:08.123") + len(offset))
            self._text = (f"{local:%H:%M:%S}", "") if self._days else (f"{local:%Y-%m-%dT%H:%M:%S}", offset)
            if self._days and self._day != (local.date(), offset):
                self._day = (local.date(), offset)
                day = f"-- {local:%A %Y-%m-%d}, {'UTC' if offset == 'Z' else f'UTC{offset}'} --\n"
        before, after = self._text
        if time is None:
            return day, f"{before}{after}~".ljust(self._width)
        fraction = f".{moment.microsecond // 1000:03}" if moment.microsecond else ""
        return day, f"{before}{fraction}{after}".ljust(self._width)


def _offset(local: datetime) -> str:
    """Return `Z` or `+01:00`."""
    distance = f"{local:%z}"
    return f"{distance[:3]}:{distance[3:5]}" if local.utcoffset() else "Z"


def _shown(text: str, cut_bytes: int) -> list[str]:
    """Return harmless lines; programs on a terminal end theirs with CR LF, and there the CR says nothing."""
    lines = [visible_line(line.removesuffix("\r")) for line in without_surrogates(text).split("\n")]
    if cut_bytes:
        lines[-1] += f"…[{cut_bytes} more bytes cut]"
    return lines


def _colored(entry: Record, lines: list[str]) -> list[str]:
    """Return lines in the colour of their level; a request that went well has one on its status alone."""
    if isinstance(entry, Rejected):
        return [f"{_DIM}{line}{_OFF}" for line in lines]
    style = _style(entry.level)
    if style:
        return [f"{style}{line}{_OFF}" for line in lines]
    status = entry.request.status if entry.request else None
    if status is None or status // 100 not in _STATUS_COLORS:
        return lines
    first, *others = lines
    return [first.replace(f'" {status} ', f'" {_STATUS_COLORS[status // 100]}{status}{_OFF} ', 1), *others]


def _style(level: Level | None) -> str:
    if level is None or Level.INFO <= level < Level.WARNING:
        return ""
    if level < Level.INFO:
        return _DIM
    return _YELLOW if level < Level.ERROR else _RED if level < Level.CRITICAL else _BOLD_RED
