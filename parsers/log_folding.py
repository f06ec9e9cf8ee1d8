"""Lines that belong to the line before them, such as tracebacks, gathered into one entry of bounded size."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from parsers.log_record import LogEntry, Rejected

# A traceback of the registry has up to 60 lines; a dump of all goroutines has thousands, which nobody reads to the end.
MOST_LINES = 200
MOST_CHARACTERS = 64 * 1024

HeadT = TypeVar("HeadT")
EntryT = TypeVar("EntryT", bound=LogEntry)


@dataclass(frozen=True, slots=True)
class Part(Generic[HeadT]):
    """What becomes an entry: the head read from its first line, its text, and whether it is only the rest of one."""

    head: HeadT
    text: str
    continued: bool


class Folding(Generic[HeadT, EntryT]):
    """Makes entries of lines as they come: `feed` each line, and `flush` at the end.

    begin returns the head of an entry that a line begins, None for a line that belongs to the one before; finish makes
    the entry. A log that is followed may be flushed whenever it is silent: lines that come late then make an entry that
    is marked as continued.
    """

    def __init__(
        self, begin: Callable[[str], HeadT | None], finish: Callable[[Part[HeadT]], EntryT], *, orphan: str
    ) -> None:
        self._begin = begin
        self._finish = finish
        self._orphan = orphan
        self._head: HeadT | None = None  # of the entry that is being gathered, or was flushed last
        self._continued = False
        self._lines: list[str] = []
        self._size = 0

    def feed(self, line: str) -> EntryT | Rejected | None:
        """Return the entry that a line shows to be complete, a Rejected for a line that belongs to nothing, or None."""
        head = self._begin(line)
        done: EntryT | None = None
        if head is not None:
            done = self.flush()
            self._head, self._continued = head, False
        elif self._head is None:
            return Rejected(line, self._orphan)
        elif len(self._lines) >= MOST_LINES or self._size + len(line) > MOST_CHARACTERS:
            done = self.flush()
        self._lines.append(line)
        self._size += len(line)
        return done

    def flush(self) -> EntryT | None:
        """Return the entry that is being gathered, as far as it has come; None if there is nothing new of it."""
        if self._head is None or not self._lines:
            return None
        text = self._lines[0] if len(self._lines) == 1 else "\n".join(self._lines)
        part = Part(self._head, text, self._continued)
        self._lines.clear()
        self._size, self._continued = 0, True
        return self._finish(part)

    def run(self, lines: Iterable[str]) -> Iterator[EntryT | Rejected]:
        """Yield the entries of all lines."""
        for line in lines:
            if (done := self.feed(line)) is not None:
                yield done
        if (done := self.flush()) is not None:
            yield done
