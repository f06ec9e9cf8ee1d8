"""The pieces of a log that can hold what is wanted: the others are passed over unread."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from regops.collectors.logs.lines import LINE_BYTES
from regops.collectors.logs.skipping import Skipping
from regops.collectors.logs.spots import Part, Spot
from regops.model.log_source import LogLine

# Each piece is looked at with the rest of the entry that begins at its end: that has 64 Ki characters and a line at
# most, unless a line of it is longer than anybody reads.
_PIECE = 1024 * 1024
_ENTRY = 384 * 1024
# Wherever a line of LINE_BYTES begins, it is all there is between two multiples of this.
_LONG_LINE = LINE_BYTES // 2
_LONGEST_RUN = 64 * 1024 * 1024


class Run(NamedTuple):
    """A part that is read among others that are passed over, and on which of its sides such are."""

    part: Part
    behind_gap: bool
    before_gap: bool

    def hidden(self, first: Spot, others: Sequence[Spot]) -> int:
        """Return how many more lines are hidden than were counted, by where the lines of an entry begin.

        What is around a run is passed over: lines across its ends are counted where they belong.
        """
        start, end = self.part
        if self.behind_gap and first < start:
            return sum(start <= spot for spot in others)
        if self.before_gap and end is not None and start <= first < end:
            return -sum(end <= spot for spot in others)
        return 0


class PieceSkipping(Skipping):
    """Finds the parts of a log that are to be read."""

    def runs(self, part: Part) -> Iterator[Run]:
        """Yield the pieces of a part that can hold what is wanted, those that follow each other as one.

        Lines of the others are hidden ones, so where a piece may not all be in the window its records decide.
        """
        start: Spot | None = None
        behind_gap = False
        before, line_begins = part.start, True
        for spot, piece, more in self._chain.pieces(part.start, part.end, _PIECE, _ENTRY):
            behind = Spot(spot.file, spot.offset + len(piece))
            # A file begins with a line, and so does what follows a newline.
            line_begins = line_begins or spot.file != before.file
            begun = piece.count(b"\n", 0, -1) + line_begins
            content = piece + more
            if (
                self._needle.finds(content)
                or has_long_line(more)
                or not self._is_inside(spot, behind)
                # An entry that goes on across the ends of pieces is wanted in all of them, or in none.
                or (
                    (start is not None or not behind_gap)
                    and self._goes_on(content, 0 if line_begins else _line_at(content, 1))
                )
                or (self._needle.lends(content) and self._goes_on(content, _line_at(content, len(piece))))
            ):
                if start is not None and (spot.file > start.file or spot.offset - start.offset >= _LONGEST_RUN):
                    yield Run(Part(start, spot), behind_gap=behind_gap, before_gap=False)
                    start, behind_gap = spot, False
                start = start or spot
            else:
                if start is not None:
                    yield Run(Part(start, spot), behind_gap=behind_gap, before_gap=True)
                start, behind_gap = None, True
                self.hidden += begun
            before, line_begins = spot, piece.endswith(b"\n")
        if start is not None:
            yield Run(Part(start, part.end), behind_gap=behind_gap, before_gap=False)

    def _goes_on(self, content: bytes, at: int) -> bool:
        """Return whether the line at a place can be the rest of an entry that is wanted for its first part."""
        if not self._needle.owed:
            return False
        reader = self._new_reader()
        line = LogLine(reader.source, content[at : at + LINE_BYTES].partition(b"\n")[0])
        # Read alone, only the first line of an entry has a time.
        return not any(record.at for record in (*reader.feed(line), *reader.flush()))


def _line_at(content: bytes, at: int) -> int:
    """Return where the first line begins that does so at a place or behind it; the end where none does."""
    return content.find(b"\n", at - 1) + 1 or len(content)


def has_long_line(content: bytes) -> bool:
    """Return whether some bytes can have a line in them that is longer than anybody reads."""
    return any(content.find(b"\n", at, at + _LONG_LINE) < 0 for at in range(0, len(content), _LONG_LINE))
