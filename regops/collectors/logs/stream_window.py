"""The part of a stream that a window asks for: it is read once, from its start."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from regops.collectors.logs.placement import Placed, is_before, is_open, is_over, place
from regops.collectors.logs.records import RecordReader
from regops.model.log_filter import LogWindow
from regops.model.log_record import LogRecord
from regops.model.log_source import LogLine


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
