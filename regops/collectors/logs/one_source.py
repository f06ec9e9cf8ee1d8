"""One source while its window is read: the files of a log, or a stream that ends."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from regops.collectors.logs.chain import LogChain
from regops.collectors.logs.parser_choice import Readers
from regops.collectors.logs.placement import Placed
from regops.collectors.logs.records import RecordReader
from regops.collectors.logs.stream import OutputPlace
from regops.collectors.logs.stream_window import StreamWindow
from regops.collectors.logs.window import SourceWindow
from regops.model.log_filter import LogFilter, LogWindow
from regops.model.log_record import LogRecord
from regops.model.log_source import LogLine, LogSource, SourceKind
from regops.ports import ContainerFile, ContainerFiles

_SAMPLE_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading one source has ended, for following to go on there.

    file is the newest one, still open; None for a stream, and for a file that could not be opened. offset is behind the
    last whole line that reader was fed. output is how far the container's own output was read.
    """

    source: LogSource
    file: ContainerFile | None
    offset: int
    reader: RecordReader | None
    output: OutputPlace | None = None


class SourceReading(Protocol):
    """A source that is read.

    wanted is how many of its records the request asks for, where it asks for a number of them. untimed counts those
    that were left out of a window of time, for nothing tells when they were written; hidden the lines that were passed
    over unread, since they cannot hold what the filter asks for. is_cut says that looking for the last ones took too
    long: older ones may be missing.
    """

    source: LogSource
    wanted: int
    is_cut: bool

    @property
    def untimed(self) -> int:
        """See above."""
        ...

    @property
    def hidden(self) -> int:
        """See above."""
        ...

    def records(self) -> Iterator[Placed]:
        """Yield the records that can be in the window, in their order."""
        ...

    def reached(self) -> datetime | None:
        """Return the time up to which it was read, None where it is not known. Raises what reading raises."""
        ...

    def place(self) -> Place:
        """Return where it ended."""
        ...

    def close(self, *, keep_newest: bool) -> None:
        """Close its files."""
        ...


class FileReading:
    """A log of files, read through the chain that it is; Raises what opening and reading raise."""

    def __init__(
        self,
        files: ContainerFiles,
        source: LogSource,
        window: LogWindow,
        readers: Readers,
        *,
        wanted: Callable[[LogRecord], bool],
        asked: LogFilter,
        check: Callable[[], None],
        say: Callable[[str], None],
        follow: bool,
    ) -> None:
        self.source = source
        self._follow = follow
        self._chain = LogChain(files, source, history=source.kind is SourceKind.LOG, check=check, say=say)
        try:
            sample = self._chain.tail(_SAMPLE_BYTES)

            def new_reader() -> RecordReader:
                return readers.of(source, sample)

            self._window = SourceWindow(
                self._chain,
                window,
                new_reader,
                zone=readers.zone,
                wanted=wanted,
                needle=readers.needle(source, sample, asked),
                follow=follow,
            )
            self._reader = new_reader()
            self._parts, self.wanted = self._window.parts()
            self.is_cut = self._window.is_cut
        except BaseException:
            self._chain.close()
            raise

    @property
    def untimed(self) -> int:
        """How many records nothing tells the time of."""
        return self._window.untimed

    @property
    def hidden(self) -> int:
        """How many lines were passed over unread."""
        return self._window.hidden

    def records(self) -> Iterator[Placed]:
        """Yield the records that can be in the window, in their order."""
        *parts, last = self._parts or [self._window.after_all]
        for part in parts:
            yield from self._window.records(part)
        yield from self._window.records(last, self._reader)
        if self._follow and last.end is not None:
            yield from self._window.records(self._window.after_all, self._reader)

    def reached(self) -> datetime | None:
        """Return the time up to which it was read, or from which on it was searched."""
        return self._window.reached()

    def place(self) -> Place:
        """Return where it ended."""
        # What is compressed is written to no more.
        file = None if self.source.kind is SourceKind.COMPRESSED else self._chain.newest
        return Place(self.source, file, self._chain.offset, self._reader)

    def close(self, *, keep_newest: bool) -> None:
        """Close its files."""
        self._chain.close(keep_newest=keep_newest and self.source.kind is not SourceKind.COMPRESSED)


class StreamReading:
    """A stream of lines with the time somebody else has stamped them with, None where nobody has."""

    def __init__(
        self,
        source: LogSource,
        lines: Iterable[tuple[datetime | None, LogLine]],
        window: LogWindow,
        readers: Readers,
        *,
        wanted: Callable[[LogRecord], bool],
        output: OutputPlace | None,
    ) -> None:
        self.source = source
        self.is_cut = False
        self._reader = readers.of(source, b"")
        self._output = output
        self._window = StreamWindow(window, wanted)
        self._records, self.wanted = self._window.records(lines, self._reader)

    @property
    def untimed(self) -> int:
        """How many records nothing tells the time of."""
        return self._window.untimed

    @property
    def hidden(self) -> int:
        """None: every line is read."""
        return 0

    def records(self) -> Iterator[Placed]:
        """Yield the records that can be in the window, in their order."""
        return iter(self._records)

    def reached(self) -> datetime | None:
        """Return None: a stream says itself that it was not read to its end."""
        return None

    def place(self) -> Place:
        """Return where it ended."""
        return Place(self.source, None, 0, self._reader, self._output)

    def close(self, *, keep_newest: bool) -> None:
        """Hold nothing."""
