"""The sources that are followed, each with its reader: what came in one look, as records."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from parsers.log_record import LogEntry
from regops.collectors.logs.followed_file import FollowedFile, about
from regops.collectors.logs.records import RecordReader
from regops.collectors.logs.stream import FollowedStream, OutputPlace
from regops.errors import RegopsError, Unreachable
from regops.model.container_file import Happened
from regops.model.log_record import LogRecord
from regops.model.log_source import LogLine, LogSource, Notice
from regops.ports import ContainerFile, ContainerFiles

# Where the kernel tells of nothing, there is a look this often: while lines come, and while none do.
_BUSY_SECONDS = 0.05
_IDLE_SECONDS = 0.2
# An entry may have more lines: it is held back until its source has been silent for so long.
_SILENCE_SECONDS = 0.05
_STREAM_AGAIN_SECONDS = 1.0
# A line without a time belongs to the moment of the entry before it; where there was none for so long, it is of now.
_APART_SECONDS = 1.0
_SAID_SECONDS = 1.0

_NEVER = float("inf")
_FIRST = datetime.min.replace(tzinfo=UTC)
ReaderFor = Callable[[LogSource, bytes], RecordReader]


class Flow:
    """A source that is followed: its lines become records.

    records are those of the look that is going on, notices what is to be said; both are taken by whoever looks. reader
    is None until the first lines tell which one it takes. wall_clock tells seconds since 1970.
    """

    def __init__(
        self, source: LogSource, reader: RecordReader | None, reader_for: ReaderFor, wall_clock: Callable[[], float]
    ) -> None:
        self.source = source
        self.records: list[LogRecord] = []
        self.notices: list[Notice] = []
        self._said: dict[str, float] = {}
        self._reader = reader
        self._reader_for = reader_for
        self._wall_clock = wall_clock
        # When a line told its time, or was given one.
        self._timed_at = 0.0
        # The reader may hold an entry already, of the lines before.
        self._fed_at: float | None = None if reader is None else 0.0

    def read(self, events: Iterable[LogLine | Notice], now: float) -> None:
        """Make records of lines."""
        for event in events:
            if isinstance(event, Notice):
                # A container that rotates and cuts its logs all the time has not the say on stderr.
                if now - self._said.get(event.text, -_NEVER) > _SAID_SECONDS:
                    self._said = {event.text: now}
                    self.notices.append(event)
                continue
            if self._reader is None:
                self._reader = self._reader_for(self.source, event.text)
            stamp = None
            if now - self._timed_at > _APART_SECONDS:
                stamp = datetime.fromtimestamp(self._wall_clock(), UTC)
            came = list(self._reader.feed(event, stamp))
            if stamp is not None or any(_tells_time(record) for record in came):
                self._timed_at = now
            self.records.extend(came)
            self._fed_at = now

    def flush(self, now: float) -> None:
        """Give the entry away that is held back, if its source has been silent."""
        if self._reader is not None and now >= self.silent_at:
            self.records.extend(self._reader.flush())
            self._fed_at = None

    @property
    def silent_at(self) -> float:
        """When the entry that is held back is to be given away if nothing comes, on the monotonic clock."""
        return _NEVER if self._fed_at is None else self._fed_at + _SILENCE_SECONDS


class FileFlow(Flow):
    """A file that is followed; without an open one, from its start when it appears."""

    def __init__(
        self,
        source: LogSource,
        reader: RecordReader | None,
        reader_for: ReaderFor,
        wall_clock: Callable[[], float],
        file: ContainerFile | None = None,
        offset: int = 0,
    ) -> None:
        super().__init__(source, reader, reader_for, wall_clock)
        self.file = FollowedFile(source, file, offset)
        self.more = True
        self._poll_at = 0.0

    def look(self, files: ContainerFiles, now: float, happened: Happened, *, everything: bool) -> None:
        """Take what came since the last look, if something may have come."""
        polled = now >= self.due_at
        if everything or polled or self.more or self.file.concerns(happened):
            path = everything or polled or self.file.moved(happened)
            before = len(self.records)
            self.more = self._poll(files, now, path=path)
            self._poll_at = now + (_BUSY_SECONDS if len(self.records) > before else _IDLE_SECONDS)
        self.flush(now)

    def drain(self, files: ContainerFiles, now: float) -> Iterator[None]:
        """Take all that is left, a part at a time, and let go of the file: the container has ended."""
        self.more = self._poll(files, now, path=True)
        while self.more:
            yield
            self.more = self._poll(files, now, path=False)
        self.read(self.file.release(), now)
        self.flush(_NEVER)
        self.more = True

    def go_on_at(self, source: LogSource) -> None:
        """Follow another path: the program has given its log a new name."""
        self.notices.append(Notice(f"{source.name} goes on in a new file, {source.path}"))
        self.source = source
        self.file.go_on_at(source)
        self.more = True

    @property
    def due_at(self) -> float:
        """When it has to be looked at even if nothing is told, on the monotonic clock."""
        return self._poll_at if self.file.unwatched or self.file.missing else _NEVER

    def _poll(self, files: ContainerFiles, now: float, *, path: bool) -> bool:
        poll = self.file.poll(files, now, look=path)
        more = False

        def events() -> Iterator[LogLine | Notice]:
            nonlocal more
            more = yield from poll

        self.read(events(), now)
        return more


class StreamFlow(Flow):
    """A stream that is followed; output is how far the container's own output was read, None for another stream."""

    def __init__(
        self,
        source: LogSource,
        reader: RecordReader | None,
        reader_for: ReaderFor,
        wall_clock: Callable[[], float],
        output: OutputPlace | None,
    ) -> None:
        super().__init__(source, reader, reader_for, wall_clock)
        self.output = output
        self._stream: FollowedStream | None = None
        self._again_at = _NEVER
        self._refusal = ""

    def open(self, stream: FollowedStream) -> None:
        """Go on with a stream."""
        self._stream = stream
        self._again_at = _NEVER

    def look(self, now: float, *, wait_seconds: float = 0.0) -> None:
        """Take what came since the last look."""
        if self._stream is not None:
            self.read(self._stream.poll(self.source.name, wait_seconds=wait_seconds), now)
            if self._stream.ended:
                self._ended(self._stream.failure, now)
                self._stream = None
        self.flush(now)

    @property
    def again_at(self) -> float:
        """When the stream, which has ended, is to be opened again, on the monotonic clock."""
        return self._again_at

    def _ended(self, failure: RegopsError | None, now: float) -> None:
        if failure is not None and failure.message != self._refusal:
            self._refusal = failure.message
            self.notices.append(about(self.source, failure.message))
        # An engine that refuses will do so again; one that is started anew has ended every stream.
        if self.output is not None and (failure is None or isinstance(failure, Unreachable)):
            self._again_at = now + _STREAM_AGAIN_SECONDS


def take(flows: Iterable[Flow]) -> tuple[list[Notice], Iterator[LogRecord]]:
    """Return what came to all flows in one look: what is to be said, and the records by their time.

    The records of a source keep their order.
    """
    notices: list[Notice] = []
    batches: list[list[LogRecord]] = []
    for flow in flows:
        if flow.notices:
            notices += flow.notices
            flow.notices = []
        if flow.records:
            batches.append(flow.records)
            flow.records = []
    if len(batches) == 1:
        return notices, iter(batches[0])
    return notices, heapq.merge(*batches, key=_moment)


def _tells_time(record: LogRecord) -> bool:
    return isinstance(record.entry, LogEntry) and record.entry.time is not None


def _moment(record: LogRecord) -> datetime:
    return record.at or _FIRST
