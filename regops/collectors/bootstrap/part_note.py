"""The note beside a part file: what it is a part of, and how much of each block is there.

It is JSON whose counts have a fixed width, so that each can be replaced in place.
"""

import contextlib
import json
import os
from dataclasses import asdict, dataclass

from regops.collectors.bootstrap.file_failure import check_ours
from regops.errors import Refused

_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Whole:
    """What a part is a part of: an object as its store announced it. The etag decides; the names are for people."""

    swift_container: str
    name: str
    etag: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Noted:
    """What a note says: how many bytes are there of each block, from its start on."""

    block_bytes: int
    filled: tuple[int, ...]


class PartNote:
    """A note with a name in an open folder; it may not be there."""

    def __init__(self, folder: int, name: str) -> None:
        self._folder = folder
        self._name = name
        self._descriptor: int | None = None
        self._counts_at = 0
        self._width = 0

    def read(self, whole: Whole) -> Noted | None:
        """Return what it says of the parts of an object, and keep it open.

        None stands for no note, one of another object, one that is not ours, and one that cannot be read.
        """
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            self._descriptor = os.open(self._name, flags, dir_fd=self._folder)
            check_ours(os.fstat(self._descriptor), self._name)
            text = os.pread(self._descriptor, _MOST_BYTES, 0).decode("ascii")
            found = json.loads(text)
            noted = Noted(int(found["block_bytes"]), tuple(int(count) for count in found["filled"]))
            if self._is_sound(text, whole, noted):
                return noted
        except (OSError, ValueError, OverflowError, TypeError, KeyError, RecursionError, Refused):
            pass
        self.close()
        return None

    def _is_sound(self, text: str, whole: Whole, noted: Noted) -> bool:
        blocks = block_count(whole.size_bytes, noted.block_bytes) if noted.block_bytes > 0 else 0
        in_bounds = all(0 <= count <= noted.block_bytes for count in noted.filled)
        return len(noted.filled) == blocks and in_bounds and text == self._text(whole, noted)

    def write(self, whole: Whole, noted: Noted) -> None:
        """Replace it, and keep it open. Raises OSError."""
        self.remove()
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(self._name, flags, 0o600, dir_fd=self._folder)
        os.write(self._descriptor, self._text(whole, noted).encode("ascii"))

    def fill(self, block: int, count: int) -> None:
        """Note how much of a block is there now, if the note is open. Raises OSError."""
        if self._descriptor is not None:
            os.pwrite(self._descriptor, b"%*d" % (self._width, count), self._counts_at + block * (self._width + 1))

    def remove(self) -> None:
        """Remove it, if it is there."""
        self.close()
        with contextlib.suppress(OSError):
            os.unlink(self._name, dir_fd=self._folder)

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _text(self, whole: Whole, noted: Noted) -> str:
        """Return the whole note, and learn where its counts begin."""
        head = f'{json.dumps(asdict(whole))[:-1]}, "block_bytes": {noted.block_bytes}, "filled": ['
        self._counts_at, self._width = len(head), len(str(noted.block_bytes))
        return f"{head}{','.join(f'{count:{self._width}}' for count in noted.filled)}]}}\n"


def block_count(size_bytes: int, block_bytes: int) -> int:
    """Return how many blocks an object has, one at least."""
    return max(1, -(-size_bytes // block_bytes))
