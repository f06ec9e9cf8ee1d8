"""Unpacking a stream in bounded memory: gzip, bzip2, xz, or nothing at all, as its first bytes say."""

import bz2
import lzma
import zlib
from collections.abc import Iterator
from typing import Any

from regops.errors import Corrupted, Refused

FETCH_AGAIN = "fetch it again; if it stays so, the tarball was damaged where it was made"
_PIECE_BYTES = 256 << 10
_XZ_MEMORY_BYTES = 80 << 20  # xz -9 needs 65 MiB
_LONGEST_MAGIC = 6
_FREE_BYTES = 1 << 30  # so much may come of anything, and else a hundredfold
_MOST_RATIO = 100
_MOST_BYTES = 1 << 40
_ZSTD = b"\x28\xb5\x2f\xfd"
_DAMAGED = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)


class Budget:
    """How much may come out of packed bytes: an archive bomb makes a terabyte of a gigabyte.

    Layers are mostly programs, which pack to a third or so; zeros pack to a thousandth.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.packed_bytes = 0
        self.unpacked_bytes = 0

    def count(self, unpacked_bytes: int) -> None:
        """Take note of bytes that came out. Raises Refused when they are too many for those that went in."""
        self.unpacked_bytes += unpacked_bytes
        allowed = min(_MOST_BYTES, max(_FREE_BYTES, self.packed_bytes * _MOST_RATIO))
        if self.unpacked_bytes > allowed:
            raise Refused(
                f"{self._name} unpacks to more than {allowed} bytes, out of {self.packed_bytes}",
                hint="that is no image, or one made to fill a disk",
            )


class Unpacker:
    """Takes packed bytes in any portions and gives them back unpacked, in pieces of bounded size."""

    def __init__(self, name: str, budget: Budget) -> None:
        self._name = name
        self._budget = budget
        self._start: bytes | None = b""
        self._inner: Any = None  # of three modules, with no type in common
        self.compression = "none"

    def feed(self, chunk: bytes | memoryview) -> Iterator[bytes | memoryview]:
        """Yield what comes of the next bytes. Raises Corrupted where they are damaged, Refused for a bomb."""
        if self._start is not None:
            self._start += bytes(chunk)
            if len(self._start) < _LONGEST_MAGIC:
                return
            chunk, self._start = self._start, None
            self._open(chunk)
        yield from self._unpacked(chunk)

    def finish(self) -> Iterator[bytes | memoryview]:
        """Yield what is left at the end. Raises Corrupted when the packing has not come to its own end."""
        if self._start is not None:
            start, self._start = self._start, None
            self._open(start)
            yield from self._unpacked(start)
        if self._inner is not None and not self._inner.eof:
            raise Corrupted(f"{self._name} is cut short: its {self.compression} data has no end", hint=FETCH_AGAIN)

    def _open(self, start: bytes) -> None:
        self.compression = compression_of(start)
        if self.compression == "zstd":
            raise Refused(f"{self._name} is packed with zstd, which regops cannot unpack", hint="pack it with gzip")
        self._renew()

    def _renew(self) -> None:
        match self.compression:
            case "gzip":
                self._inner = zlib.decompressobj(wbits=31)
            case "bzip2":
                self._inner = bz2.BZ2Decompressor()
            case "xz":
                self._inner = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_XZ_MEMORY_BYTES)
            case _:
                self._inner = None

    def _unpacked(self, chunk: bytes | memoryview) -> Iterator[bytes | memoryview]:
        if self._inner is None:
            yield chunk
            return
        waiting: bytes | memoryview = chunk
        while True:
            if self._inner.eof:
                # Several streams may follow each other, and zeros may pad the end.
                waiting = bytes(waiting).lstrip(b"\0")
                if not waiting:
                    return
                self._renew()
            piece, waiting = self._step(waiting)
            if piece:
                self._budget.count(len(piece))
                yield piece
            if not piece and not waiting and not self._inner.eof:
                return

    def _step(self, waiting: bytes | memoryview) -> tuple[bytes, bytes]:
        """Return the next piece, and what is still to be unpacked."""
        inner = self._inner
        try:
            if isinstance(inner, bz2.BZ2Decompressor | lzma.LZMADecompressor):
                # These keep the rest for themselves, and are asked again with nothing.
                piece = inner.decompress(waiting if inner.needs_input else b"", _PIECE_BYTES)
                return piece, inner.unused_data if inner.eof else b""
            piece = inner.decompress(waiting, _PIECE_BYTES)
        except _DAMAGED as error:
            why = str(error).rpartition(": ")[2]  # zlib's: Error -3 while decompressing data: incorrect data check
            raise Corrupted(
                f"{self._name} is damaged: its {self.compression} data cannot be unpacked ({why})",
                hint=FETCH_AGAIN,
            ) from error
        return piece, inner.unused_data if inner.eof else inner.unconsumed_tail


def compression_of(start: bytes) -> str:
    """Return what the first bytes of a stream say it is packed with: gzip, bzip2, xz, zstd, or none."""
    if start.startswith(b"\x1f\x8b"):
        return "gzip"
    if start.startswith(b"BZh"):
        return "bzip2"
    if start.startswith(b"\xfd7zXZ\0"):
        return "xz"
    return "zstd" if start.startswith(_ZSTD) else "none"
