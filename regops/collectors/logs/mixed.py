"""A log that several programs write, such as the container's own output."""

from collections import deque
from collections.abc import Iterator, Sequence

from parsers.log_record import LogReader, Record, Rejected


class MixedLog:
    """Reads the lines of several programs: each goes to the first reader whose probe finds a time in it.

    Lines that none claims belong to the program that wrote the one before, so that tracebacks fold; those before the
    first go to others.
    """

    def __init__(self, readers: Sequence[tuple[LogReader, LogReader]], *, others: LogReader) -> None:
        self._readers = readers
        self._current = others
        self._done: deque[Record] = deque()

    def feed(self, line: str) -> Record | None:
        """Return the oldest record that is complete."""
        reader = next((reader for probe, reader in self._readers if _claims(probe, line)), self._current)
        if reader is not self._current:
            self._done.extend(_flushed(self._current))
            self._current = reader
        if (record := reader.feed(line)) is not None:
            self._done.append(record)
        return self._done.popleft() if self._done else None

    def flush(self) -> Record | None:
        """Return what waits, one record after another; None when nothing does."""
        if not self._done:
            self._done.extend(_flushed(self._current))
        return self._done.popleft() if self._done else None


def _claims(probe: LogReader, line: str) -> bool:
    # Each line alone: a probe that is flushed has nothing that the line could belong to.
    record = probe.feed(line) or probe.flush()
    return record is not None and not isinstance(record, Rejected) and not record.continued and record.time is not None


def _flushed(reader: LogReader) -> Iterator[Record]:
    while (record := reader.flush()) is not None:
        yield record
