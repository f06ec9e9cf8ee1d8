"""Times as logs write them, read by hand and remembered: a busy log says the same second a thousand times.

Every time comes out in UTC. Most logs do not name their zone, so it is given; where a clock that was set back at the
end of summer shows an hour twice, the second one is told by the line before it.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_KEPT = 512
# Several writers do not quite keep the order of time; what goes back further is a clock that was set back.
_DISORDER = timedelta(minutes=5)
_MINUTES_A_DAY = 24 * 60
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:[.,]([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:?[0-9]{2})"
)


class WallClock:
    """The clock on the wall of one zone, as one log reads it from its first line to its last."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._last: datetime | None = None

    def utc(self, local: datetime) -> tuple[datetime, bool]:
        """Return a local time without zone in UTC, and whether it could have been another moment.

        Raises OverflowError at the ends of the calendar.
        """
        early = local.replace(tzinfo=self._zone).astimezone(UTC)
        late = local.replace(tzinfo=self._zone, fold=1).astimezone(UTC)
        twice = early < late
        if twice and self._last is not None and early < self._last - _DISORDER:
            early = late
        self._last = early
        return early, twice


class Stamps(dict[str, datetime | None]):
    """Times by their text: `stamps[text]` reads a text once. None is one that is no time, such as the 31st of June.

    read returns the time, and whether the same text can be another one later; it may raise ValueError.
    """

    def __init__(self, read: Callable[[str], tuple[datetime, bool]]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: str) -> datetime | None:
        stamp, twice = None, False
        with suppress(ValueError, OverflowError):
            stamp, twice = self._read(text)
        if not twice:
            if len(self) >= _KEPT:
                self.clear()
            self[text] = stamp
        return stamp


def local_stamps(read: Callable[[str], datetime], zone: tzinfo) -> Stamps:
    """Return the stamps of a log that does not name its zone."""
    clock = WallClock(zone)
    return Stamps(lambda text: clock.utc(read(text)))


def zoned_stamps(read: Callable[[str], datetime]) -> Stamps:
    """Return the stamps of a log whose times end in their zone: `23/Nov/2026:09:11:48 +0000`."""
    return Stamps(lambda text: ((read(text) - offset(text[-5:])).replace(tzinfo=UTC), False))


def numeric(text: str) -> datetime:
    """Return `2026-11-23 09:11:01`, whatever the separators. Raises ValueError for no time."""
    return datetime(  # noqa: DTZ001  the zone is the caller's
        int(text[:4]), int(text[5:7]), int(text[8:10]), int(text[11:13]), int(text[14:16]), int(text[17:19])
    )


def apache(text: str) -> datetime:
    """Return `23/Nov/2026:09:11:48` (or with a blank before the hour), whatever follows. Raises ValueError."""
    return datetime(  # noqa: DTZ001  the zone is the caller's
        int(text[7:11]), month(text[3:6]), int(text[:2]), int(text[12:14]), int(text[15:17]), int(text[18:20])
    )


def month(name: str) -> int:
    """Return the number of a month by its English abbreviation. Raises ValueError."""
    number = _MONTHS.get(name)
    if number is None:
        raise ValueError(name)
    return number


def offset(text: str) -> timedelta:
    """Return `+0530`, the distance from UTC. Raises ValueError for a day or more."""
    minutes = int(text[1:3]) * 60 + int(text[3:5])
    if minutes >= _MINUTES_A_DAY:
        raise ValueError(text)
    return timedelta(minutes=-minutes if text[0] == "-" else minutes)


def with_fraction(second: datetime | None, digits: str | None) -> datetime | None:
    """Return a time with the decimals of its second; those beyond the sixth are dropped."""
    return second.replace(microsecond=int(digits[:6].ljust(6, "0"))) if second is not None and digits else second


def epoch(text: str) -> datetime | None:
    """Return nginx's `$msec`, seconds since 1970 with decimals."""
    seconds, _, digits = text.partition(".")
    try:
        return with_fraction(datetime.fromtimestamp(int(seconds), UTC), digits)
    except (ValueError, OverflowError, OSError):
        return None


def parse_rfc3339(text: str) -> datetime | None:
    """Return a time of RFC 3339, as Go and Docker write it with up to nine decimals; None for anything else."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        return None
    day, clock, digits, zone = found.groups()
    try:
        away = timedelta() if zone in "Zz" else offset(zone.replace(":", ""))
        return with_fraction(numeric(f"{day} {clock}").replace(tzinfo=timezone(away)).astimezone(UTC), digits)
    except (ValueError, OverflowError):
        return None
