"""A moment, as an operator names it: absolute, on the clock of today, or so long ago.

    now    10m    2h30m    3d    90s ago    today    yesterday    yesterday 14:00    14:00    14:00:05.250
    2026-11-23    2026-11-23 14:00    2026-11-23T14:00:05Z    2026-11-23 14:00:05,123 +0100    @1795442400

and as the logs have it, so that a time can be pasted from a line: `23/Nov/2026:14:00:05 +0000`, `2026/11/23 14:00:05`.
A day alone is its beginning. A clock alone is the last time that it showed this: at 9:00, `14:00` is yesterday's. A day
in `3d` has 24 hours.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from parsers.errors import ParseError
from parsers.log_time import epoch, month, offset, with_fraction

_ZONE = r"(?: ?(?P<zone>Z|UTC|[+-][0-9]{2}:?[0-9]{2}))?"
_CLOCK = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?" + _ZONE
_NUMERIC = re.compile(
    rf"(?P<year>[0-9]{{4}})(?P<mark>[-/])(?P<month>[0-9]{{2}})(?P=mark)(?P<day>[0-9]{{2}})(?:[T ]{_CLOCK})?",
    re.IGNORECASE,
)
_APACHE = re.compile(rf"\[?(?P<day>[0-9]{{2}})/(?P<month>[A-Z][a-z]{{2}})/(?P<year>[0-9]{{4}})(?:[: ]{_CLOCK})?\]?")
_NEAR = re.compile(rf"(?P<name>today|yesterday)(?: {_CLOCK})?", re.IGNORECASE)
_CLOCK_ALONE = re.compile(_CLOCK, re.IGNORECASE)
_EPOCH = re.compile(r"@([0-9]{1,12}(?:\.[0-9]{1,9})?)")
_AGO = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,3})? ?[smhdw] ?){1,8}(?:ago)?", re.IGNORECASE)
_STEP = re.compile(r"([0-9.]+) ?([smhdw])", re.IGNORECASE)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}
_DAY = timedelta(days=1)
_EXAMPLES = "say it like 10m, 2h30m, 3d, 14:00, yesterday 14:00, today, 2026-11-23 14:00, 2026-11-23T14:00:05Z, or now"


def parse_when(text: str, *, now: datetime, zone: tzinfo) -> datetime:
    """Return the moment in UTC. now has a zone; zone is that of whoever says it, for texts that name none.

    A clock that zone shows twice on a day is the first of the two. Raises ParseError for a text that names no moment,
    or one outside the calendar.
    """
    said = " ".join(text.split())
    try:
        found = _moment(said, now, zone)
        if found is not None:
            return found.astimezone(UTC)
        reason = f"not a time; {_EXAMPLES}"
    except (ValueError, OverflowError):
        reason = "there is no such time"
    raise ParseError(reason, source="the time", line=1, text=text)


def _moment(said: str, now: datetime, zone: tzinfo) -> datetime | None:
    if said.lower() == "now":
        return now
    if found := _EPOCH.fullmatch(said):
        return epoch(found[1])
    if _AGO.fullmatch(said):
        return now - timedelta(
            seconds=sum(float(number) * _UNITS[unit.lower()] for number, unit in _STEP.findall(said))
        )
    if found := _NUMERIC.fullmatch(said) or _APACHE.fullmatch(said):
        parts = found.groupdict()
        number = parts["month"]
        day = datetime(  # noqa: DTZ001  its zone comes with the clock
            int(parts["year"]), int(number) if number.isdigit() else month(number), int(parts["day"])
        )
        return _at(day, parts, zone)
    if found := _NEAR.fullmatch(said):
        parts = found.groupdict()
        today = _midnight(now, _zone(parts, zone))
        return _at(today if parts["name"].lower() == "today" else today - _DAY, parts, zone)
    if found := _CLOCK_ALONE.fullmatch(said):
        parts = found.groupdict()
        today = _midnight(now, _zone(parts, zone))
        time = _at(today, parts, zone)
        return time if time <= now else _at(today - _DAY, parts, zone)
    return None


def _midnight(now: datetime, zone: tzinfo) -> datetime:
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)


def _at(day: datetime, parts: dict[str, str | None], zone: tzinfo) -> datetime:
    """Return a clock on a day, midnight where there is none, with its zone. Raises ValueError for 25:00."""
    time = day.replace(hour=int(parts["hour"] or 0), minute=int(parts["minute"] or 0), second=int(parts["second"] or 0))
    return (with_fraction(time, parts["fraction"]) or time).replace(tzinfo=_zone(parts, zone))


def _zone(parts: dict[str, str | None], zone: tzinfo) -> tzinfo:
    named = parts["zone"]
    if named is None:
        return zone
    return UTC if named.upper() in {"Z", "UTC"} else timezone(offset(named.replace(":", "")))
