"""One log file followed through rotation, truncation and restarts of its container."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

from regops.collectors.log_lines import WINDOW_BYTES, LineSplitter, Piece, last_lines
from regops.errors import NotFound, RegopsError
from regops.model.container_file import FileFacts
from regops.model.log_source import LogLine, LogSource, Notice
from regops.ports import ContainerFile, ContainerFiles

_CHUNK = 256 * 1024
# How much of one file is read before the others get their turn.
_TURN = 1024 * 1024
# As much of what was read last is compared at the next read: a file that was cut and filled again is another text.
_SEEN = 256
# After a rotation, a writer goes on with the old file until it is told to reopen: signals take their time.
_LINGER_SECONDS = 60.0
_ROTATIONS = 9


@dataclass(slots=True)
class _Reader:
    """A place in an open file; quiet_since is when it last gave something."""

    file: ContainerFile
    splitter: LineSplitter
    offset: int = 0
    seen: bytes = b""
    quiet_since: float = 0.0


def about(source: LogSource, problem: str) -> Notice:
    """Return what to say about a problem with a source; errors of the doors name the file already."""
    return Notice(problem if source.path and source.path in problem else f"{source.name}: {problem}")


class FollowedFile:
    """A log source that is followed: `poll` it again and again."""

    def __init__(self, source: LogSource) -> None:
        self._source = source
        self._reader: _Reader | None = None
        self._before: list[_Reader] = []
        self._resume: tuple[int, bytes, LineSplitter] = (0, b"", LineSplitter())
        self._problem = ""

    def start(self, files: ContainerFiles, lines: int, check: Callable[[], None]) -> Iterator[LogLine | Notice]:
        """Yield the last lines and go on from there; check is called before every read and may raise.

        Raises what opening and reading raise; polling goes on all the same.
        """
        try:
            file = files.open(self._source.path)
            tail = last_lines(file, lines, check=check)
            seen = file.read(max(tail.offset - _SEEN, 0), min(tail.offset, _SEEN))
        except RegopsError as error:
            self._problem = error.message
            raise
        self._reader = _Reader(file, LineSplitter(), tail.offset, seen)
        if not tail.whole:
            yield Notice(f"{self._source.name}: only its last {WINDOW_BYTES // 2**20} MiB were looked at")
        yield from self._lines(iter(tail.pieces))
        yield from self._lines(self._reader.splitter.feed(tail.rest))

    def poll(self, files: ContainerFiles, now: float) -> Iterator[LogLine | Notice]:
        """Yield what came since; now is on the monotonic clock. Never raises for what happens to the file."""
        problem = ""
        try:
            facts = self._facts(files)
            for reader in list(self._before):
                yield from self._old(reader, now)
            if self._reader is None and facts is not None:
                self._reader = self._opened(files.open(self._source.path))
            if self._reader is not None:
                yield from self._current(files, self._reader, facts, now)
            problem = facts.problem if facts else ""
        except RegopsError as error:
            problem = error.message
        # It may pass, and until then it is said once, not five times a second.
        if problem and problem != self._problem:
            yield about(self._source, problem)
        self._problem = problem

    def release(self) -> None:
        """Close what is open and remember the place: the container has ended."""
        if self._reader is not None:
            self._resume = (self._reader.offset, self._reader.seen, self._reader.splitter)
        for reader in [*self._before, self._reader]:
            if reader is not None:
                reader.file.close()
        self._reader, self._before = None, []

    def flush(self) -> Iterator[LogLine]:
        """Yield lines that have no newline yet: none will come."""
        for reader in [*self._before, self._reader]:
            if reader is not None:
                yield from self._lines(reader.splitter.flush())

    def _facts(self, files: ContainerFiles) -> FileFacts | None:
        try:
            return files.look(self._source.path)
        except NotFound:
            return None

    def _opened(self, file: ContainerFile) -> _Reader:
        offset, seen, splitter = self._resume
        self._resume = (0, b"", LineSplitter())
        return _Reader(file, splitter, offset, seen)

    def _current(
        self, files: ContainerFiles, reader: _Reader, facts: FileFacts | None, now: float
    ) -> Iterator[LogLine | Notice]:
        identity = reader.file.facts.identity
        replaced = facts is not None and not facts.problem and facts.identity != identity
        if facts is not None and not replaced and facts.size_bytes == reader.offset:
            return
        came = yield from self._read(reader, now)
        if replaced and came < _TURN:
            self._reader = _Reader(files.open(self._successor(files, identity)), LineSplitter())
            reader.quiet_since = now
            self._before.append(reader)
            yield Notice(f"{self._source.name} was rotated; going on with the new file")

    def _successor(self, files: ContainerFiles, identity: tuple[int, int] | None) -> str:
        """Return the file that came after one: the source itself, or one that was rotated away meanwhile as well."""
        newer = self._source.path
        for number in range(1, _ROTATIONS + 1):
            older = f"{self._source.path}.{number}"
            try:
                if files.look(older).identity == identity:
                    return newer
            except RegopsError:
                break
            newer = older
        return self._source.path

    def _old(self, reader: _Reader, now: float) -> Iterator[LogLine | Notice]:
        try:
            yield from self._read(reader, now)
            finished = now - reader.quiet_since > _LINGER_SECONDS
        except RegopsError:
            finished = True
        if finished:
            yield from self._lines(reader.splitter.flush())
            reader.file.close()
            self._before.remove(reader)

    def _read(self, reader: _Reader, now: float) -> Generator[LogLine | Notice, None, int]:
        """Yield the new lines of one turn, and return how many bytes it was."""
        came = 0
        while came < _TURN:
            chunk = reader.file.read(reader.offset - len(reader.seen), len(reader.seen) + _CHUNK)
            if not chunk.startswith(reader.seen):
                yield from self._lines(reader.splitter.flush())
                yield Notice(f"{self._source.name} was truncated; reading it from its start")
                reader.offset, reader.seen = 0, b""
                continue
            new = chunk[len(reader.seen) :]
            if not new:
                break
            came += len(new)
            reader.offset += len(new)
            reader.seen = chunk[-_SEEN:]
            reader.quiet_since = now
            yield from self._lines(reader.splitter.feed(new))
        return came

    def _lines(self, pieces: Iterator[Piece]) -> Iterator[LogLine]:
        for piece in pieces:
            yield LogLine(self._source.name, piece.text, piece.cut_bytes)
