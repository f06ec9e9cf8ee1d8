"""The part of one log that a window asks for, found from its end or by its times, at the cost of that part."""

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo

from regops.collectors.logs.chain import LogChain
from regops.collectors.logs.line_skipping import LineSkipping
from regops.collectors.logs.needle import Needle
from regops.collectors.logs.patience import OutOfTime
from regops.collectors.logs.piece_skipping import PieceSkipping, Run
from regops.collectors.logs.placement import Placed, Placement, moment
from regops.collectors.logs.records import RecordReader
from regops.collectors.logs.spots import Part, Spot
from regops.collectors.logs.time_search import TimeSearch
from regops.model.log_filter import LogWindow
from regops.model.log_record import LogRecord

# Before the first record that counts, so much is read for what it depends on: the entry that its lines belong to, the
# time of the one before it, and what was said before and is now said again.
_CONTEXT = 64 * 1024
_FIRST_STEP = 64 * 1024
_LONGEST_STEP = 4 * 1024 * 1024


class SourceWindow:
    """What a window shows of one log; new_reader makes a reader for any part of it, wanted is what a request asks for.

    needle is what wanted records hold, None where only reading tells. hidden counts the lines that were passed over
    unread where all are asked for. is_cut says that the time did not suffice to look for the last ones.
    """

    def __init__(
        self,
        chain: LogChain,
        window: LogWindow,
        new_reader: Callable[[], RecordReader],
        *,
        zone: tzinfo,
        wanted: Callable[[LogRecord], bool],
        needle: Needle | None = None,
        follow: bool = False,
    ) -> None:
        self.hidden = 0
        self.is_cut = False
        self._since_passed = False
        self._chain = chain
        self._window = window
        self._new_reader = new_reader
        self._search = TimeSearch(chain, new_reader, zone)
        self._wanted = wanted
        self._needle = needle
        self._follow = follow
        self.after_all = Part(chain.end, None)
        self._searched = chain.end
        self._placement = Placement(window, moment(chain.modified_at))

    @property
    def untimed(self) -> int:
        """How many records were left out because nothing tells when they were."""
        return self._placement.untimed

    def parts(self) -> tuple[tuple[Part, ...], int]:
        """Return the parts in which all records are that the window can show, and how many are wanted there.

        Where the window asks for all, that is not counted.
        """
        since, until, lines = self._window.since, self._window.until, self._window.lines
        end = self._search.upper(until) if until is not None else None
        least = self._search.lower(since) if since is not None else None
        if lines is None:
            return (Part(least or self._chain.begin(), end),), 0
        found = self._last(lines, least, end)
        self._placement.untimed = 0
        self._since_passed = False
        return found

    def records(self, part: Part, reader: RecordReader | None = None) -> Iterator[Placed]:
        """Yield the records of a part that are in the window, wanted or not, but for what holds no wanted one.

        What is followed is read whole by its reader, which has to know where it stands.
        """
        if self._needle is None or (self._follow and reader is not None):
            yield from self._placement.shown(self._read(part, reader or self._new_reader()))
        elif self._needle.is_line:
            yield from self._read_lines(part, self._needle)
        else:
            skipping = PieceSkipping(self._chain, self._needle, self._new_reader, self._is_inside)
            try:
                for run in skipping.runs(part):
                    yield from self._placement.shown(self._read(run.part, self._new_reader(), run))
            finally:
                self._hide(skipping.hidden)

    def _read_lines(self, part: Part, needle: Needle) -> Iterator[Placed]:
        skipping = LineSkipping(self._chain, needle, self._new_reader, self._is_inside)
        try:
            for found in skipping.read(part):
                if isinstance(found, Part):
                    yield from self._placement.shown(self._read(found, self._new_reader()))
                else:
                    yield from self._placement.all(found)
        finally:
            self._hide(skipping.hidden)

    def _hide(self, lines: int) -> None:
        # Where a number of lines is asked for, nobody knows how many there are before them.
        if self._window.lines is None:
            self.hidden += lines

    def reached(self) -> datetime | None:
        """Return the time up to which it was read, or from which on it was searched; None where none is near."""
        return self._search.time_at(self._chain.back(self._searched if self.is_cut else self._chain.reached, 0))

    def _is_inside(self, start: Spot, end: Spot) -> bool:
        """Return whether all records that begin between two spots are in the window for sure."""
        since, until = self._window.since, self._window.until
        if since is not None and not self._since_passed:
            self._since_passed = self._search.is_after(since, start)
            if not self._since_passed:
                return False
        return until is None or self._search.is_before(until, end)

    def _read(self, part: Part, reader: RecordReader, run: Run | None = None) -> Iterator[LogRecord | None]:
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

    def _first(self, spots: deque[Spot], record: LogRecord, run: Run | None) -> Spot:
        """Return where a record begins, taking its lines away."""
        first = spots.popleft()
        others = [spots.popleft() for _ in range(record.entry.text.count("\n"))]
        if others and run is not None:
            self._hide(run.hidden(first, others))
        return first

    def _last(self, lines: int, least: Spot | None, end: Spot | None) -> tuple[tuple[Part, ...], int]:
        """Return the parts with the last wanted records, going back in growing steps."""
        parts: list[Part] = []
        total, step = 0, _FIRST_STEP
        upper = end or self._chain.end
        while total < lines:
            try:
                lower = self._chain.back(upper, step)
                if least is not None:
                    lower = max(lower, least)
                if lower >= upper:
                    break
                part = Part(lower, upper if end is not None or parts else None)
                # What goes beyond the part itself is read again with the next one.
                count = sum(self._wanted(found.record) for found in self.records(part))
            except OutOfTime:
                self.is_cut, self._searched = True, upper
                break
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
