"""The part of a stream that a window asks for: it is read once, from its start."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from regops.collectors.logs.placement import Placed, Placement
from regops.collectors.logs.records import RecordReader
from regops.model.log_filter import LogWindow
from regops.model.log_record import LogRecord
from regops.model.log_source import LogLine


class StreamWindow:
    """What a window shows of a stream, which is read once; its last records are kept, as many as are asked for."""

    def __init__(self, window: LogWindow, wanted: Callable[[LogRecord], bool]) -> None:
        self._window = window
        # Nobody knows when a stream was written to last: what has no time was just said.
        self._placement = Placement(window, datetime.max.replace(tzinfo=UTC))
        self._wanted = wanted

    @property
    def untimed(self) -> int:
        """How many records were left out because nothing tells when they were."""
        return self._placement.untimed

    def records(
        self, lines: Iterable[tuple[datetime | None, LogLine]], reader: RecordReader
    ) -> tuple[Iterable[Placed], int]:
        """Return the records that can be in the window, and how many of them are wanted if a number is asked for."""
        found = self._placement.shown(_stamped(lines, reader))
        if self._window.lines is None:
            return found, 0
        kept = deque((each for each in found if self._wanted(each.record)), maxlen=self._window.lines)
        return kept, len(kept)


def _stamped(lines: Iterable[tuple[datetime | None, LogLine]], reader: RecordReader) -> Iterator[LogRecord]:
    for stamp, line in lines:
        yield from reader.feed(line, stamp)
    yield from reader.flush()
