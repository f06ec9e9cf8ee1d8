"""Bytes of a log as lines, in bounded memory whatever the log holds."""

from collections.abc import Iterator
from dataclasses import dataclass

# nginx escapes what clients send and cuts header lines at 8 KiB; a line beyond this is not read by anybody.
LINE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """One line without its newline; cut_bytes more of it were left out."""

    text: bytes
    cut_bytes: int = 0


class LineSplitter:
    """Splits chunks at newlines and nowhere else, keeping LINE_BYTES of a line at most."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._cut = 0

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        """Yield the lines that a chunk completes."""
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            self._add(end)
            yield self._take()
        self._add(rest)

    def flush(self) -> Iterator[Piece]:
        """Yield the last line if it has no newline."""
        if self._kept or self._cut:
            yield self._take()

    def _add(self, part: bytes) -> None:
        room = LINE_BYTES - len(self._kept)
        self._kept += part[:room]
        self._cut += max(len(part) - room, 0)

    def _take(self) -> Piece:
        piece = Piece(bytes(self._kept), self._cut)
        self._kept.clear()
        self._cut = 0
        return piece
