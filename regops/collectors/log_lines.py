"""Bytes of a log as lines, in bounded memory whatever the log holds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from regops.ports import ContainerFile

# nginx escapes what clients send and cuts header lines at 8 KiB; a line beyond this is not read by anybody.
LINE_BYTES = 64 * 1024
# How much of a file's end is looked at for its last lines.
WINDOW_BYTES = 16 * 1024 * 1024
_STEP = 64 * 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """One line without its newline; cut_bytes more of it were left out."""

    text: bytes
    cut_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Tail:
    """The last lines of a file.

    rest is what follows the last newline and counts as a line; offset is where the file ended, rest included. whole is
    False when lines were left out because they lie more than 16 MiB before the end.
    """

    pieces: tuple[Piece, ...]
    rest: bytes
    offset: int
    whole: bool


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


def last_lines(file: ContainerFile, count: int, *, check: Callable[[], None]) -> Tail:
    """Return the last count lines of a file as long as it was when it was opened, looking at 16 MiB at most.

    check is called before every read and may raise. Raises what reading raises.
    """
    end = start = file.facts.size_bytes
    chunks: list[bytes] = []
    newlines = 0
    # One newline more than lines: the one that ends the line before them.
    while start > 0 and newlines <= count and end - start < WINDOW_BYTES:
        check()
        step = min(_STEP, start)
        chunk = file.read(start - step, step)
        if len(chunk) < step:
            # Truncated while we read it: what came after is of the file before.
            chunks, newlines, end = [], 0, start - step + len(chunk)
        start -= step
        chunks.append(chunk)
        newlines += chunk.count(b"\n")
    *lines, rest = b"".join(reversed(chunks)).rsplit(b"\n", count + 1)
    whole = newlines > count or start == 0
    if newlines > count or not whole:
        # What comes before the first newline is either more than was asked for, or the end of a line of 16 MiB.
        lines = lines[1:]
    wanted = count - (1 if rest else 0)
    pieces = tuple(Piece(line[:LINE_BYTES], max(len(line) - LINE_BYTES, 0)) for line in lines[-wanted:] if wanted > 0)
    return Tail(pieces, rest, end, whole)
