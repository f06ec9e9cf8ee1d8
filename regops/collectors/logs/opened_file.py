"""One file of a log while it is held open: its bytes, packed or not, and where its lines begin."""

from collections.abc import Callable

from regops.collectors.logs.gzip_file import GzipFile, Readable
from regops.collectors.logs.history import Generation
from regops.ports import ContainerFile

_STEP = 64 * 1024
_CHUNK = 256 * 1024
# A line that is longer than this has no beginning, and nothing before it is looked for.
FAR_BYTES = 16 * 1024 * 1024


class OpenedFile:
    """A file as it was when it was opened: what is written to it later is not of it.

    check is called before every read and may raise. is_far says that what is before the end of the file comes at a
    price: it is not read until it is lifted. floor is the first offset that is read.
    """

    def __init__(self, generation: Generation, file: ContainerFile, check: Callable[[], None], *, is_far: bool) -> None:
        self.generation = generation
        self.floor = 0
        self._check = check
        self._gzip = GzipFile(file, check) if generation.is_gzip else None
        self._content: Readable = self._gzip or file
        # What is packed has to be unpacked to know.
        self._size_bytes = None if self._gzip else file.facts.size_bytes
        self._is_far = is_far and not self._gzip and file.facts.size_bytes > FAR_BYTES
        if self._is_far:
            self.floor = self._next_line(file.facts.size_bytes - FAR_BYTES)

    @property
    def size_bytes(self) -> int:
        """How much it holds."""
        if self._size_bytes is None and self._gzip is not None:
            self._size_bytes = self._gzip.size_bytes()
        return self._size_bytes or 0

    def read(self, at: int, size_bytes: int | None = None) -> bytes:
        """Return up to size_bytes, or one chunk, from an offset on; b"" at its end."""
        self._check()
        size = _CHUNK if size_bytes is None else size_bytes
        size = size if self._size_bytes is None else min(size, self._size_bytes - at)
        return self._content.read(at, size) if size > 0 else b""

    def lift(self) -> bool:
        """Let all of a far file be read, and return whether there is more of it now. Raises what reading raises."""
        if not self._is_far:
            return False
        self._check()
        self._content.read(0, 1)
        self._is_far, self.floor = False, 0
        return True

    def line_start(self, target: int) -> int:
        """Return where the line begins that a byte belongs to; where that is too far away, where the next one does."""
        if target <= self.floor:
            return self.floor
        at = target
        while at > self.floor and target - at < FAR_BYTES:
            self._check()
            step = min(_STEP, at - self.floor)
            found = self._content.read(at - step, step).rfind(b"\n")
            if found >= 0:
                return at - step + found + 1
            at -= step
        if at > self.floor:
            self.floor = self._next_line(target)
        return self.floor

    def take_damage(self) -> str:
        """Return why it could not be unpacked to its end, "" where it could, or where that was told already."""
        damage = self._gzip.damage if self._gzip else ""
        if self._gzip:
            self._gzip.damage = ""
        return damage

    def close(self) -> None:
        """Let go of it."""
        self._content.close()

    def _next_line(self, target: int) -> int:
        """Return where the first line behind a byte begins; that byte where there is none."""
        at = target
        while chunk := self.read(at):
            found = chunk.find(b"\n")
            if found >= 0 and at + found + 1 < self.size_bytes:
                return at + found + 1
            at += len(chunk)
        return target
