"""A gzipped file of a container read at any offset, in bounded memory: it is never held whole, nor unpacked."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from regops.ports import ContainerFile

_CHUNK = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS
# Each place to go on from costs 50 KiB; between two of them at most so much is unpacked in vain.
_MOST_MARKS = 16
_APART = 1024 * 1024


class Readable(Protocol):
    """What the lines of a log are read from."""

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return up to size_bytes from offset on, b"" at the end."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


@dataclass(slots=True)
class _State:
    """A place in the packed file: offset counts what was unpacked before it; begun is whether it is inside a member."""

    offset: int
    packed: int
    unpacker: "zlib._Decompress"  # pyright: ignore[reportPrivateUsage]  the only name it has
    rest: bytes = b""
    begun: bool = False

    def copy(self) -> "_State":
        return _State(self.offset, self.packed, self.unpacker.copy(), self.rest, self.begun)


class GzipFile:
    """What a gzipped file holds. check is called again and again while it is unpacked, and may raise.

    damage says why it could not be unpacked to its end, "" as long as nothing is known of that.
    """

    def __init__(self, file: ContainerFile, check: Callable[[], None]) -> None:
        self.damage = ""
        self._file = file
        self._check = check
        self._marks = [_State(0, 0, zlib.decompressobj(_GZIP))]
        self._apart = _APART
        self._here = self._marks[0].copy()
        self._pending = b""  # unpacked, and in front of self._here
        self._size: int | None = None

    def size_bytes(self) -> int:
        """Return how much it holds, for which all of it has to be unpacked once."""
        while self._size is None:
            self._go_on()
        return self._size

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return up to size_bytes from offset on, b"" at the end or where it is damaged."""
        if offset < self._here.offset - len(self._pending):
            mark = max((mark for mark in self._marks if mark.offset <= offset), key=lambda mark: mark.offset)
            self._here, self._pending = mark.copy(), b""
        found = bytearray()
        while len(found) < size_bytes:
            skip = offset + len(found) - (self._here.offset - len(self._pending))
            found += self._pending[skip : skip + size_bytes - len(found)] if skip < len(self._pending) else b""
            if len(found) < size_bytes and not self._go_on():
                break
        return bytes(found)

    def close(self) -> None:
        """Let go of it."""
        self._file.close()

    def _go_on(self) -> bool:
        """Unpack the next piece, and return whether there was one."""
        here = self._here
        while True:
            self._check()
            if not here.rest:
                here.rest = self._file.read(here.packed, _CHUNK)
                here.packed += len(here.rest)
                if not here.rest:
                    return self._ends("its end is missing" if here.begun else "")
            if not here.begun and here.offset:
                # Several compressed files put together are one; after the last one, some tools leave zeros.
                here.rest = here.rest.lstrip(b"\0")
                if not here.rest:
                    continue
            try:
                piece = here.unpacker.decompress(here.rest, _CHUNK)
            except zlib.error as error:
                return self._ends(f"it is damaged ({error})")
            here.begun = not here.unpacker.eof
            here.rest = here.unpacker.unconsumed_tail if here.begun else here.unpacker.unused_data
            if not here.begun:
                here.unpacker = zlib.decompressobj(_GZIP)
            if piece:
                self._pending = piece
                here.offset += len(piece)
                self._mark()
                return True

    def _ends(self, damage: str) -> bool:
        self._size = self._here.offset
        self.damage = self.damage or damage
        self._pending = b""
        return False

    def _mark(self) -> None:
        if self._here.offset - self._marks[-1].offset < self._apart:
            return
        self._marks.append(self._here.copy())
        if len(self._marks) > _MOST_MARKS:
            self._marks = self._marks[::2]
            self._apart *= 2
