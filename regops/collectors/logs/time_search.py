"""Where in a log a moment is: found by halving, at the cost of a few pieces, however long the log is."""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

from regops.collectors.logs.chain import LogChain
from regops.collectors.logs.records import RecordReader
from regops.collectors.logs.spots import Spot

# A piece of a log this long is read rather than divided.
_SHORT = 128 * 1024
_LONGEST_PROBE = 1024 * 1024
_NEAR = 64 * 1024
# How far the lines of one log may be out of the order of time; and where a clock is put back, it is hours.
_DISORDER = timedelta(minutes=5)
_CLOCK_CHANGE = timedelta(hours=3)


class TimeSearch:
    """Finds moments in a log; new_reader makes a reader for any part of it, zone is that of its times."""

    def __init__(self, chain: LogChain, new_reader: Callable[[], RecordReader], zone: tzinfo) -> None:
        self._chain = chain
        self._new_reader = new_reader
        self._zone = zone

    def lower(self, since: datetime) -> Spot:
        """Return a spot before the first record at since or later."""
        early = since - self._disorder(since)
        chain = self._chain
        while True:
            begin = chain.oldest()
            time = self.time_at(begin)
            if time is not None and time < early:
                return self._divide(begin, chain.end_of(begin.file), lambda time: time >= early, upper=False)
            if not chain.extend(not_before=early.timestamp()):
                return begin

    def upper(self, until: datetime) -> Spot | None:
        """Return a spot at or behind the first record at until or later, None where that is the end of all."""
        late = until + self._disorder(until)
        beyond: Spot | None = None
        while True:
            begin = self._chain.oldest()
            time = self.time_at(begin)
            if time is None or time < late:
                end = self._chain.end_of(begin.file)
                found = self._divide(begin, end, lambda time: time >= late, upper=True)
                return found if found < end else beyond
            beyond = begin
            if not self._chain.extend():
                return begin

    def is_after(self, since: datetime, spot: Spot) -> bool:
        """Return whether all records that begin at a spot or behind it are of since or later for sure."""
        # Lines at the spot itself can be of the entry before it, which tells its time: it is looked for there.
        time = self.time_at(self._chain.back(spot, _NEAR), spot)
        return time is not None and time >= since

    def is_before(self, until: datetime, spot: Spot) -> bool:
        """Return whether all records that begin before a spot are older than until for sure."""
        time = self.time_at(self._chain.back(spot, 0))
        return time is not None and time < until - self._disorder(until)

    def time_at(self, spot: Spot, end: Spot | None = None) -> datetime | None:
        """Return the first time at a spot or soon behind it in the same file, before end; None where there is none."""
        reader = self._new_reader()
        limit = Spot(spot.file, spot.offset + _LONGEST_PROBE)
        limit = limit if end is None else min(end, limit)
        for here, line in self._chain.lines(spot):
            if here >= limit:
                break
            # Each line alone: only the beginnings of entries have times.
            for record in (*reader.feed(line), *reader.flush()):
                if record.at is not None:
                    return record.at
        return None

    def _divide(self, begin: Spot, end: Spot, is_behind: Callable[[datetime], bool], *, upper: bool) -> Spot:
        """Return the spot in one file up to which (upper: from which on) times are not behind (upper: are)."""
        low, high = begin, end
        while high.offset - low.offset > _SHORT:
            middle = self._chain.back(Spot(begin.file, (low.offset + high.offset) // 2), 0)
            if middle <= low:
                break
            time = self.time_at(middle, high)
            # Where no time is found, going on in the older half is right for a beginning, and in the newer for an end.
            behind = is_behind(time) if time is not None else not upper
            low, high = (low, middle) if behind else (middle, high)
        return high if upper else low

    def _disorder(self, moment: datetime) -> timedelta:
        """Return how far times near a moment can be wrong: where a clock is put back, an hour is told twice."""
        try:
            around = {(moment + day).astimezone(self._zone).utcoffset() for day in (-_CLOCK_CHANGE, _CLOCK_CHANGE)}
        except (OverflowError, ValueError):
            return _CLOCK_CHANGE
        return _DISORDER if len(around) == 1 else _CLOCK_CHANGE
