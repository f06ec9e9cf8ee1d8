"""The part of one log that a window asks for, found from its end or by its times, at the cost of that part."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from regops.collectors.logs.chain import LogChain, Spot
from regops.collectors.logs.records import RecordReader
from regops.model.log_filter import LogWindow
from regops.model.log_record import LogRecord
from regops.model.log_source import LogLine

# Before the first record that counts, so much is read for what it depends on: the entry that its lines belong to, the
# time of the one before it, and what was said before and is now said again.
_CONTEXT = 64 * 1024
_FIRST_STEP = 64 * 1024
_LONGEST_STEP = 4 * 1024 * 1024
# A piece of a log this long is read rather than divided.
_SHORT = 128 * 1024
_LONGEST_PROBE = 1024 * 1024
# Pieces of a log that may be passed over, each looked at with the rest of the entry that begins at its end: that has
# 64 Ki characters and a line at most, unless a line of it is longer than anybody reads.
_PIECE = 1024 * 1024
_ENTRY = 384 * 1024
_LONG_LINE = 64 * 1024
_LONGEST_RUN = 64 * 1024 * 1024
# How far the lines of one log may be out of the order of time; and where a clock is put back, it is hours.
_DISORDER = timedelta(minutes=5)
_CLOCK_CHANGE = timedelta(hours=3)
# So many records without a time are kept until one with a time tells where they belong.
_MOST_WAITING = 1000


class Placed(NamedTuple):
    """A record with the moment it is merged by; is_guess where nothing but the file's own time tells of it."""

    at: datetime
    record: LogRecord
    is_guess: bool = False


class Part(NamedTuple):
    """A part of a log: the records that begin at start or later, and before end if there is one."""

    start: Spot
    end: Spot | None


class _Run(NamedTuple):
    """A part that is read among others that are passed over, and on which of its sides such are."""

    part: Part
    behind_gap: bool
    before_gap: bool


class SourceWindow:
    """What a window shows of one log; new_reader makes a reader for any part of it, wanted is what a request asks for.

    may_hold tells whether some bytes can hold what is wanted. untimed counts the records that were left out because
    nothing tells when they were, hidden the lines that were passed over unread where all records are asked for.
    """

    def __init__(
        self,
        chain: LogChain,
        window: LogWindow,
        new_reader: Callable[[], RecordReader],
        *,
        zone: tzinfo,
        wanted: Callable[[LogRecord], bool],
        may_hold: Callable[[bytes], bool] | None = None,
        follow: bool = False,
    ) -> None:
        self.untimed = 0
        self.hidden = 0
        self._since_passed = False
        self._chain = chain
        self._window = window
        self._new_reader = new_reader
        self._zone = zone
        self._wanted = wanted
        self._follow = follow
        # What is followed is read to its end, for its reader has to know where it stands.
        self._may_hold = None if follow else may_hold
        self.after_all = Part(chain.end, None)
        self._modified = _utc(chain.modified_at)

    def parts(self) -> tuple[tuple[Part, ...], int]:
        """Return the parts in which all records are that the window can show, and how many are wanted there.

        Where the window asks for all, that is not counted.
        """
        since, until, lines = self._window.since, self._window.until, self._window.lines
        end = self._upper(until) if until is not None else None
        least = self._lower(since) if since is not None else None
        if lines is None:
            return (Part(least or self._chain.begin(), end),), 0
        found = self._last(lines, least, end)
        self.untimed = 0
        self._since_passed = False
        return found

    def records(self, part: Part, reader: RecordReader | None = None) -> Iterator[Placed]:
        """Yield the records of a part that are in the window, wanted or not, but for pieces that hold no wanted one."""
        if self._may_hold is None:
            yield from self._in_window(self._read(part, reader or self._new_reader()))
            return
        for run in self._promising(part, self._may_hold):
            yield from self._in_window(self._read(run.part, self._new_reader(), run))

    def _in_window(self, records: Iterator[LogRecord | None]) -> Iterator[Placed]:
        for found in place(records, self._modified):
            if is_over(found, self._window):
                return
            if found.is_guess and not is_open(self._window):
                self.untimed += 1
            elif not is_before(found, self._window):
                yield found

    def _promising(self, part: Part, may_hold: Callable[[bytes], bool]) -> Iterator["_Run"]:
        """Yield the pieces of a part that can hold what is wanted, those that follow each other as one.

        Lines of the others are hidden ones, so where a piece may not all be in the window its records decide.
        """
        start: Spot | None = None
        behind_gap = False
        before, line_begins = part.start, True
        for spot, piece, more in self._chain.pieces(part.start, part.end, _PIECE, _ENTRY):
            behind = Spot(spot.file, spot.offset + len(piece))
            # The lines that begin here: a file begins with one, and so does what follows a newline.
            begun = piece.count(b"\n", 0, -1) + (line_begins or spot.file != before.file)
            before, line_begins = spot, piece.endswith(b"\n")
            if may_hold(piece + more) or _has_long_line(more) or not self._is_inside(spot, behind):
                if start is not None and (spot.file > start.file or spot.offset - start.offset >= _LONGEST_RUN):
                    yield _Run(Part(start, spot), behind_gap=behind_gap, before_gap=False)
                    start, behind_gap = spot, False
                start = start or spot
                continue
            if start is not None:
                yield _Run(Part(start, spot), behind_gap=behind_gap, before_gap=True)
            start, behind_gap = None, True
            if self._window.lines is None:
                self.hidden += begun
        if start is not None:
            yield _Run(Part(start, part.end), behind_gap=behind_gap, before_gap=False)

    def _is_inside(self, start: Spot, end: Spot) -> bool:
        """Return whether all records that begin between two spots are in the window for sure."""
        since, until = self._window.since, self._window.until
        if since is not None and not self._since_passed:
            time = self._time_at(self._chain.back(start, 0), None)
            self._since_passed = time is not None and time >= since
            if not self._since_passed:
                return False
        if until is not None:
            time = self._time_at(self._chain.back(end, 0), None)
            return time is not None and time < until - self._disorder(until)
        return True

    def _read(self, part: Part, reader: RecordReader, run: "_Run | None" = None) -> Iterator[LogRecord | None]:
        """Yield the records of a part, read with all that they depend on; then None, and those behind it.

        What is around a run is passed over: lines across its ends are counted where they belong.
        """
        spots: deque[Spot] = deque()
        start, end = part
        for spot, line in self._chain.lines(self._chain.context(start, _CONTEXT), follow=self._follow):
            spots.append(spot)
            for record in reader.feed(line):
                first = self._first(spots, record, run)
                if end is not None and first >= end:
                    yield None
                if first >= start:
                    yield record
            if end is not None and spots and spots[0] >= end:
                yield None
        for record in reader.flush():
            first = self._first(spots, record, run)
            if end is not None and first >= end:
                yield None
            if first >= start:
                yield record

    def _first(self, spots: deque[Spot], record: LogRecord, run: "_Run | None") -> Spot:
        """Return where a record begins, taking its lines away."""
        first = spots.popleft()
        others = [spots.popleft() for _ in range(record.entry.text.count("\n"))]
        if others and run is not None and self._window.lines is None:
            start, end = run.part
            if run.behind_gap and first < start:
                self.hidden += sum(start <= spot for spot in others)
            elif run.before_gap and end is not None and start <= first < end:
                self.hidden -= sum(end <= spot for spot in others)
        return first

    def _last(self, lines: int, least: Spot | None, end: Spot | None) -> tuple[tuple[Part, ...], int]:
        """Return the parts with the last wanted records, going back in growing steps."""
        parts: list[Part] = []
        total, step = 0, _FIRST_STEP
        upper = end or self._chain.end
        while total < lines:
            lower = self._chain.back(upper, step)
            if least is not None:
                lower = max(lower, least)
            if lower >= upper:
                break
            part = Part(lower, upper if end is not None or parts else None)
            # What goes beyond the part itself is read again with the next one.
            count = sum(self._wanted(found.record) for found in self.records(part))
            if count:
                total += count
                if parts and parts[-1].start == part.end:
                    parts[-1] = Part(lower, parts[-1].end)
                else:
                    parts.append(part)
            elif not parts:
                end = lower
            upper, step = lower, min(2 * step, _LONGEST_STEP)
        return tuple(reversed(parts)), total

    def _lower(self, since: datetime) -> Spot:
        """Return a spot before the first record at since or later."""
        early = since - self._disorder(since)
        chain = self._chain
        while True:
            begin = chain.oldest()
            time = self._time_at(begin, None)
            if time is not None and time < early:
                return self._divide(begin, chain.end_of(begin.file), lambda time: time >= early, upper=False)
            if not chain.extend(not_before=early.timestamp()):
                return begin

    def _upper(self, until: datetime) -> Spot | None:
        """Return a spot at or behind the first record at until or later, None where that is the end of all."""
        late = until + self._disorder(until)
        beyond: Spot | None = None
        while True:
            begin = self._chain.oldest()
            time = self._time_at(begin, None)
            if time is None or time < late:
                end = self._chain.end_of(begin.file)
                found = self._divide(begin, end, lambda time: time >= late, upper=True)
                return found if found < end else beyond
            beyond = begin
            if not self._chain.extend():
                return begin

    def _divide(self, begin: Spot, end: Spot, is_behind: Callable[[datetime], bool], *, upper: bool) -> Spot:
        """Return the spot in one file up to which (upper: from which on) times are not behind (upper: are)."""
        low, high = begin, end
        while high.offset - low.offset > _SHORT:
            middle = self._chain.back(Spot(begin.file, (low.offset + high.offset) // 2), 0)
            if middle <= low:
                break
            time = self._time_at(middle, high)
            # Where no time is found, going on in the older half is right for a beginning, and in the newer for an end.
            behind = is_behind(time) if time is not None else not upper
            low, high = (low, middle) if behind else (middle, high)
        return high if upper else low

    def _time_at(self, spot: Spot, end: Spot | None) -> datetime | None:
        """Return the first time at a spot or soon behind it in the same file, None where there is none."""
        reader = self._new_reader()
        limit = spot.offset + _LONGEST_PROBE
        if end is not None:
            limit = min(end.offset, limit)
        for here, line in self._chain.lines(spot):
            if here.file != spot.file or here.offset >= limit:
                break
            # Each line alone: only the beginnings of entries have times.
            for record in (*reader.feed(line), *reader.flush()):
                if record.at is not None:
                    return record.at
        return None

    def _disorder(self, moment: datetime) -> timedelta:
        """Return how far times near a moment can be wrong: where a clock is put back, an hour is told twice."""
        try:
            around = {(moment + day).astimezone(self._zone).utcoffset() for day in (-_CLOCK_CHANGE, _CLOCK_CHANGE)}
        except (OverflowError, ValueError):
            return _CLOCK_CHANGE
        return _DISORDER if len(around) == 1 else _CLOCK_CHANGE


def place(records: Iterable[LogRecord | None], modified: datetime) -> Iterator[Placed]:
    """Yield records with their moments: what comes before the first time belongs to it, without any to the file's.

    Behind a None are records that are not wanted, but the first of them with a time tells where those before belong.
    """
    waiting: list[LogRecord] = []
    behind = False
    guess: datetime | None = None
    for number, record in enumerate(records):
        if record is None:
            if not waiting:
                return
            behind = True
            continue
        at = record.at
        if at is None and guess is None and number < _MOST_WAITING:
            if not behind:
                waiting.append(record)
            continue
        if at is None:
            guess = guess or modified
            moment = guess
        else:
            moment = at if guess is None else max(at, guess)
        for each in waiting:
            yield Placed(moment, each, is_guess=at is None)
        waiting.clear()
        if behind:
            return
        yield Placed(moment, record, is_guess=at is None)
    for each in waiting:
        yield Placed(modified, each, is_guess=True)


def _has_long_line(content: bytes) -> bool:
    return any(content.find(b"\n", at, at + _LONG_LINE) < 0 for at in range(0, len(content), _LONG_LINE))


def is_open(window: LogWindow) -> bool:
    """Return whether a window asks for no time."""
    return window.since is None and window.until is None


def is_before(found: Placed, window: LogWindow) -> bool:
    """Return whether a record is older than a window."""
    return window.since is not None and found.at < window.since


def is_over(found: Placed, window: LogWindow) -> bool:
    """Return whether a record is newer than a window: so are all behind it."""
    return window.until is not None and not found.is_guess and found.at >= window.until


def _utc(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.min.replace(tzinfo=UTC)


class StreamWindow:
    """What a window shows of a stream, which is read once; its last records are kept, as many as are asked for."""

    def __init__(self, window: LogWindow, wanted: Callable[[LogRecord], bool]) -> None:
        self.untimed = 0
        self._window = window
        self._wanted = wanted

    def records(
        self, lines: Iterable[tuple[datetime | None, LogLine]], reader: RecordReader
    ) -> tuple[Iterable[Placed], int]:
        """Return the records that can be in the window, and how many of them are wanted if a number is asked for."""
        found = self._in_window(lines, reader)
        if self._window.lines is None:
            return found, 0
        kept = deque((each for each in found if self._wanted(each.record)), maxlen=self._window.lines)
        return kept, len(kept)

    def _in_window(self, lines: Iterable[tuple[datetime | None, LogLine]], reader: RecordReader) -> Iterator[Placed]:
        # Nobody knows when a stream was written to last: what has no time was just said.
        for found in place(_stamped(lines, reader), datetime.max.replace(tzinfo=UTC)):
            if is_over(found, self._window):
                return
            if found.is_guess and not is_open(self._window):
                self.untimed += 1
            elif not is_before(found, self._window):
                yield found


def _stamped(lines: Iterable[tuple[datetime | None, LogLine]], reader: RecordReader) -> Iterator[LogRecord]:
    for stamp, line in lines:
        yield from reader.feed(line, stamp)
    yield from reader.flush()
