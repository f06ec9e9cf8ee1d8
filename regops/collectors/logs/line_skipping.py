"""The lines of a log that can be wanted, where each line is an entry of its own: the others are passed over unread."""

from collections.abc import Iterator

from regops.collectors.logs.lines import LINE_BYTES
from regops.collectors.logs.piece_skipping import has_long_line
from regops.collectors.logs.records import RecordReader
from regops.collectors.logs.skipping import Skipping
from regops.collectors.logs.spots import Part, Spot
from regops.model.log_record import LogRecord
from regops.model.log_source import LogLine

_PIECE = 1024 * 1024
_LINE = LINE_BYTES
# So much is read before each line that can be wanted, and at the end of each piece: writers do not quite keep the order
# of time, and the moment of a line is that of the latest one before it.
_BEFORE = 4 * 1024


class LineSkipping(Skipping):
    """Finds the lines of a log that are to be read."""

    def read(self, part: Part) -> Iterator[Part | list[LogRecord]]:
        """Yield the records of the lines that can be wanted and of some before them, piece by piece, all in the window.

        A piece that may not all be in the window, or ends in a line that is longer than anybody reads, is yielded as
        the part that it is: to be read whole.
        """
        reader: RecordReader | None = None
        before, line_begins = part.start, True
        for spot, piece, more in self._chain.pieces(part.start, part.end, _PIECE, _LINE):
            begin = 0 if line_begins or spot.file != before.file else piece.find(b"\n") + 1 or len(piece)
            behind = Spot(spot.file, spot.offset + len(piece))
            if has_long_line(more) or not self._is_inside(spot, behind):
                yield Part(spot, behind)
                reader = None
            else:
                reader = reader or self._reader_at(spot)
                records = [
                    record
                    for line in self._lines(piece + more, begin, len(piece))
                    for record in reader.feed(LogLine(reader.source, line[:LINE_BYTES], max(len(line) - LINE_BYTES, 0)))
                ]
                self.hidden += piece.count(b"\n", begin, -1) + (begin < len(piece)) - len(records)
                yield records
            before, line_begins = spot, piece.endswith(b"\n")

    def _lines(self, content: bytes, begin: int, end: int) -> Iterator[bytes]:
        """Yield the lines to be read of those that begin between two places."""
        at = begin
        for start, line_end in self._needle.lines(content, begin, end):
            yield from content[_line_before(content, at, start - _BEFORE) : line_end].split(b"\n")
            at = line_end + 1
        if at < end:
            line_end = content.find(b"\n", end - 1)
            last = line_end if line_end >= 0 else len(content)
            yield from content[_line_before(content, at, end - _BEFORE) : last].split(b"\n")

    def _reader_at(self, spot: Spot) -> RecordReader:
        """Return a reader that has read what is before a spot."""
        reader = self._new_reader()
        for here, line in self._chain.lines(self._chain.context(spot, _BEFORE)):
            if here >= spot:
                break
            for _ in reader.feed(line):
                pass
        return reader


def _line_before(content: bytes, begin: int, place: int) -> int:
    """Return where the line begins in which a place is; begin is where one does."""
    return begin if place <= begin else content.rfind(b"\n", begin, place) + 1 or begin
