"""A file in the making, which several threads fill at once.

Its blocks are given away from the first to the last, and each is filled from its start on. So one number for each
block tells what is there, and the stretch without a gap at the start of the file, which can be checked, grows steadily.
"""

import contextlib
import errno
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from regops.collectors.bootstrap.file_failure import file_failure
from regops.collectors.bootstrap.part_note import Noted, PartNote, Whole, block_count

BLOCK_BYTES = 16 << 20
_MOST_BLOCKS = 10_000
_ENDLESS_BYTES = 1 << 62
_READ_BYTES = 256 << 10
_NOTIFY_BYTES = 1 << 20
_SETTLE_BYTES = 32 << 20


@dataclass(slots=True)
class Claim:
    """What one thread is to bring of a block: from start on, to stop, which is None for the end of the object.

    start moves on with what was written. It is over when the part wants no more of it.
    """

    block: int
    start: int
    stop: int | None
    is_over: bool = False


class Part:
    """What is there of an object, or of something without a known end where whole is None.

    It takes over what the file holds of an earlier run, as far as noted, and keeps the note in step; descriptor and
    note are the caller's to close, after `revoke`. Threads wait at `changed` for more bytes, or for whatever else
    those who fill it tell there.
    """

    def __init__(
        self, descriptor: int, path: Path, note: PartNote, whole: Whole | None, noted: Noted | None, *, block_bytes: int
    ) -> None:
        self._descriptor = descriptor
        self._path = path
        self._note = note
        self._end = whole.size_bytes if whole else _ENDLESS_BYTES
        if noted is None:
            os.ftruncate(descriptor, 0)
            block_bytes = max(block_bytes, -(-self._end // _MOST_BLOCKS)) if whole else _ENDLESS_BYTES
            noted = Noted(block_bytes, (0,) * block_count(self._end, block_bytes))
            if whole:
                note.write(whole, noted)
        self._block_bytes = noted.block_bytes
        self._filled = self._found(noted)
        for block, (count, was) in enumerate(zip(self._filled, noted.filled, strict=True)):
            if count != was:  # or the next run would take for filled what the file has lost
                note.fill(block, count)
        self._carried = list(self._filled)
        self._claims: dict[int, Claim] = {}
        self._first_gap = 0
        self._settled_bytes = 0
        self._told_bytes = self.size_bytes = sum(self._filled)
        self.changed = threading.Condition()
        self.is_kept = False
        self.is_discarded = False

    def _found(self, noted: Noted) -> list[int]:
        """Return what the file holds of what was noted; of its last block, the file itself knows best."""
        size_bytes = os.fstat(self._descriptor).st_size
        if not 0 < size_bytes <= self._end:
            os.ftruncate(self._descriptor, 0)
            return [0] * len(noted.filled)
        last, last_byte = divmod(size_bytes - 1, self._block_bytes)
        return [*noted.filled[:last], last_byte + 1, *(0 for _ in noted.filled[last + 1 :])]

    @property
    def carried_bytes(self) -> int:
        """How much of it an earlier run had brought."""
        return sum(self._carried)

    @property
    def gapless_bytes(self) -> int:
        """How much is there from the start on without a gap."""
        with self.changed:
            last = len(self._filled) - 1
            while self._first_gap < last and not self._missing(self._first_gap):
                self._first_gap += 1
            return self._first_gap * self._block_bytes + self._filled[self._first_gap]

    def count_gaps(self) -> int:
        """Return how many blocks are not whole."""
        return sum(self._missing(block) > 0 for block in range(len(self._filled)))

    def claim(self) -> Claim | None:
        """Return the first stretch that is missing and that nobody is bringing, None if there is none."""
        with self.changed:
            for block in range(self._first_gap, len(self._filled)):
                if block not in self._claims and self._missing(block):
                    stop = (block + 1) * self._block_bytes
                    start = block * self._block_bytes + self._filled[block]
                    claim = self._claims[block] = Claim(block, start, stop if stop < self._end else None)
                    return claim
        return None

    def write(self, claim: Claim, chunk: bytes) -> bool:
        """Add the next bytes of a claim, and return whether more are wanted.

        Raises Failed when the disk is full or the file may not grow.
        """
        with self.changed:
            if claim.is_over:
                return False
            view = memoryview(chunk)
            try:
                while view:
                    written = os.pwrite(self._descriptor, view, claim.start)
                    view = view[written:]
                    claim.start += written
                    self._filled[claim.block] += written
                    self.size_bytes += written
                self._note.fill(claim.block, self._filled[claim.block])
            except OSError as error:
                self.is_discarded = True
                raise file_failure(error, self._path) from error
            if self.size_bytes - self._told_bytes >= _NOTIFY_BYTES:
                self._told_bytes = self.size_bytes
                self.changed.notify_all()
            return True

    def end_at(self, size_bytes: int) -> None:
        """Say where the object ends."""
        with self.changed:
            self._end = size_bytes

    def release(self, claim: Claim) -> None:
        """Take a claim back."""
        with self.changed:
            if not claim.is_over:
                self._give_up(claim)

    def revoke(self) -> None:
        """Take all claims back: whoever holds one can write no more."""
        with self.changed:
            for claim in tuple(self._claims.values()):
                self._give_up(claim)

    def contents(self, start: int) -> Iterator[bytes]:
        """Yield what is there from start on, as far as there is no gap."""
        stop = self.gapless_bytes
        while start < stop:
            chunk = os.pread(self._descriptor, min(_READ_BYTES, stop - start), start)
            start += len(chunk)
            if not chunk:
                raise OSError(errno.EIO, "somebody cut it meanwhile")
            yield chunk

    def settle(self, checked_bytes: int) -> None:
        """Begin to bring to the disk what was checked, so that little is left to wait for at the end."""
        ready = checked_bytes - self._settled_bytes
        if ready >= _SETTLE_BYTES:
            with contextlib.suppress(OSError):  # Linux begins to write what it cannot drop yet
                os.posix_fadvise(self._descriptor, self._settled_bytes, ready, os.POSIX_FADV_DONTNEED)
            self._settled_bytes = checked_bytes

    def drop(self, start: int, stop: int) -> bool:
        """Forget a stretch, and what follows it in its last block; return whether an earlier run had brought some.

        Nobody may hold a claim meanwhile.
        """
        from_earlier = False
        with self.changed:
            for block in range(start // self._block_bytes, len(self._filled)):
                first = block * self._block_bytes
                if first >= stop:
                    break
                good = max(0, start - first)
                from_earlier |= self._carried[block] > good
                self._carried[block] = min(self._carried[block], good)
                self._filled[block] = min(self._filled[block], good)
                self._note.fill(block, self._filled[block])
            self._first_gap = min(self._first_gap, start // self._block_bytes)
            self._told_bytes = self.size_bytes = sum(self._filled)
            self._settled_bytes = min(self._settled_bytes, start)
            ends = (block * self._block_bytes + count for block, count in enumerate(self._filled) if count)
            os.ftruncate(self._descriptor, max(ends, default=0))
        return from_earlier

    def keep(self) -> None:
        """Say that it is whole and good, so that it gets its name when it is left."""
        self.is_kept = True

    def discard(self) -> None:
        """Say that nothing of it is worth keeping."""
        self.is_discarded = True

    def _missing(self, block: int) -> int:
        """Return how many bytes a block lacks."""
        return min(self._block_bytes, self._end - block * self._block_bytes) - self._filled[block]

    def _give_up(self, claim: Claim) -> None:
        claim.is_over = True
        self._claims.pop(claim.block, None)
