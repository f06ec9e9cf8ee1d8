"""Places in the files of one log: the one that is written to, and those that were rotated away while it is followed."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from regops.collectors.logs.gzip_file import GzipFile
from regops.collectors.logs.history import Generation, generations
from regops.collectors.logs.lines import LineSplitter, Piece
from regops.errors import Refused, RegopsError
from regops.model.container_file import FileFacts
from regops.ports import ContainerFile, ContainerFiles

CHUNK = 256 * 1024
# As much of what was read last is compared at each read: a file that was cut and filled again is another text.
_SEEN = 256
# A copy is made of the text that was there a moment ago: it is among the newest.
_MOST_COPIES = 3
# In a compressed file, a place is looked for no longer than this: seconds.
_MOST_UNPACKED = 4096


class Cut(Exception):
    """A file no longer holds what was read of it: it was truncated, and perhaps written to since."""


@dataclass(slots=True)
class Held:
    """A place in an open file: offset bytes of it were read; head are the first of them, seen the last.

    watch is the number by which changes to it are told, None where nobody tells of them. quiet_since is when it last
    gave something, on the monotonic clock. hollow is set where a truncated file may begin with a hole: a writer that
    does not append goes on where it was. finished is set where nobody writes any more.
    """

    file: ContainerFile
    splitter: LineSplitter = field(default_factory=LineSplitter)
    offset: int = 0
    head: bytes = b""
    seen: bytes = b""
    quiet_since: float = 0.0
    watch: int | None = None
    hollow: bool = False
    finished: bool = False

    def peek(self) -> bytes:
        """Return up to CHUNK bytes that come next. Raises Cut, and what reading raises."""
        known = len(self.seen)
        chunk = self.file.read(self.offset - known, known + CHUNK)
        if not chunk.startswith(self.seen):
            raise Cut
        return chunk[known:]

    def take(self, data: bytes, now: float) -> Iterator[Piece]:
        """Yield the lines that some bytes complete, which peek returned."""
        self.offset += len(data)
        if len(self.head) < _SEEN:
            self.head = (self.head + data)[:_SEEN]
        self.seen = (self.seen + data[-_SEEN:])[-_SEEN:]
        self.quiet_since = now
        if self.hollow:
            data = data.lstrip(b"\0")
            self.hollow = not data
        yield from self.splitter.feed(data)

    def continues_in(self, file: ContainerFile) -> bool:
        """Return whether a file begins with all that was read of this one, as far as can be told from its ends."""
        if not self.seen:
            return False
        try:
            known = len(self.seen)
            return file.read(self.offset - known, known) == self.seen and file.read(0, len(self.head)) == self.head
        except RegopsError:
            return False

    def moved_to(self, file: ContainerFile) -> "Held":
        """Return the same place in another file."""
        return Held(file, self.splitter, self.offset, self.head, self.seen, self.quiet_since)

    def start_again(self) -> None:
        """Go to the start of the file, which was cut."""
        self.offset, self.head, self.seen, self.splitter, self.hollow = 0, b"", b"", LineSplitter(), True

    def begins_with(self, head: bytes) -> bool:
        """Return whether the file begins with some bytes."""
        try:
            return self.file.read(0, len(head)) == head
        except RegopsError:
            return False

    def close(self) -> None:
        """Let go of the file."""
        self.file.close()
        self.watch = None


def held_at(file: ContainerFile, offset: int) -> Held:
    """Return a place in a file up to which it was read. Raises what reading raises."""
    found = Held(file, offset=offset)
    found.head = file.read(0, min(offset, _SEEN)) if offset else b""
    found.seen = file.read(max(offset - _SEEN, 0), min(offset, _SEEN)) if offset else b""
    return found


class _Unpacked:
    """What a compressed file holds; implements `ports.ContainerFile`, as far as a finished file is read."""

    def __init__(self, file: ContainerFile) -> None:
        self.facts = file.facts
        self._content = GzipFile(file, self._check)
        self._checks = 0

    def read(self, offset: int, size_bytes: int) -> bytes:
        self._checks = 0
        return self._content.read(offset, size_bytes)

    def look(self) -> FileFacts:
        return self.facts

    def watch(self) -> None:
        """Watch nothing: nobody writes to it."""

    def close(self) -> None:
        self._content.close()

    def _check(self) -> None:
        self._checks += 1
        if self._checks > _MOST_UNPACKED:
            raise Refused("it holds more than can be unpacked while a log is followed")


def copy_of(files: ContainerFiles, path: str, cut: Held) -> Held | None:
    """Return the place in the copy that was made of a log before it was cut, None where there is none.

    Raises what looking at the log's directory raises.
    """
    for found in _rotated(files, path)[:_MOST_COPIES]:
        if (copy := _continued(files, found, cut)) is not None:
            return copy
    return None


def left_behind(files: ContainerFiles, path: str, place: Held, newest: ContainerFile) -> list[Held]:
    """Return the file in which a place is now, and those that came after it and before the newest, oldest first.

    Empty where it is in none of the rotated files of a log. Raises as copy_of does.
    """
    for found in _rotated(files, path):
        if (before := _continued(files, found, place)) is not None:
            return [before, *between(files, path, [before], newest)]
    return []


def between(files: ContainerFiles, path: str, held: list[Held], newest: ContainerFile) -> list[Held]:
    """Return the files that came after those that are held and went before the newest, oldest first.

    There are some when a log was rotated twice before anybody looked. Where the last one that is held is among the
    rotated files no longer, they are those that were written to later. Raises as copy_of does.
    """
    later: list[Held] = []
    last = held[-1]
    written = last.file.look().modified_at
    # An identity that is held is not used again.
    known = {one.file.facts.identity for one in (*held[:-1], Held(newest))} - {None}
    for found in _rotated(files, path):
        if found.facts.identity in known:
            continue
        try:
            opened = _open(files, found)
        except RegopsError:
            continue
        same = found.facts.identity == last.file.facts.identity is not None
        if same or (last.head and opened.begins_with(last.head)):
            opened.close()
            return later[::-1]
        later.append(opened)
    for opened in later:
        if opened.file.facts.modified_at <= written:
            opened.close()
    return [opened for opened in reversed(later) if opened.file.facts.modified_at > written]


def _rotated(files: ContainerFiles, path: str) -> list[Generation]:
    return [found for found in generations(files, path) if found.path != path]


def _continued(files: ContainerFiles, found: Generation, place: Held) -> Held | None:
    """Return a place in a rotated file if it continues there."""
    if not found.is_gzip and found.facts.size_bytes < place.offset:
        return None
    try:
        held = _open(files, found)
    except RegopsError:
        return None
    if not place.continues_in(held.file):
        held.close()
        return None
    moved = place.moved_to(held.file)
    moved.finished = held.finished
    return moved


def _open(files: ContainerFiles, found: Generation) -> Held:
    file = files.open(found.path)
    return Held(_Unpacked(file), finished=True) if found.is_gzip else Held(file)
