"""Compressed logs as they come out of logrotate: gzip, in bounded memory whatever the file holds."""

import zlib
from collections.abc import Iterable, Iterator

MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS
_STEP = 1024 * 1024
# Logs are packed to a tenth or a thirtieth of their size; what grows to more than this is there to cost time.
_MOST_TIMES = 200
_FREE_BYTES = 256 * 1024 * 1024


class IncompleteLog(Exception):
    """A log that could not be read to its end; what came before was read."""


def inflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what a gzip file holds, 1 MiB at most at a time; other files come as they are.

    Files that were appended to one another are read to the last one. Raises IncompleteLog, after all that could be
    read, for one that is damaged or cut off, and in the midst of one that unpacks to far more than any log does.
    """
    pieces = iter(chunks)
    first = next(pieces, b"")
    if not first.startswith(MAGIC):
        if first:
            yield first
        yield from pieces
        return
    packed, unpacked = len(first), 0

    def counted() -> Iterator[bytes]:
        nonlocal packed
        for piece in pieces:
            packed += len(piece)
            yield piece

    try:
        for text in _members(first, counted()):
            unpacked += len(text)
            if unpacked > _FREE_BYTES + _MOST_TIMES * packed:
                raise IncompleteLog(f"it unpacks to more than {_MOST_TIMES} times its size: the rest is not read")
            yield text
    except zlib.error as error:
        raise IncompleteLog(f"the compressed file is damaged: {error}") from error


def _members(waiting: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    member = zlib.decompressobj(_GZIP)
    while True:
        if not waiting and not (waiting := next(pieces, b"")):
            yield member.flush()
            raise IncompleteLog("the compressed file is cut off")
        if text := member.decompress(waiting, _STEP):
            yield text
        waiting = member.unconsumed_tail
        if member.eof:
            # Some tools fill the file up with zeros.
            waiting = member.unused_data.lstrip(b"\0")
            while not waiting:
                piece = next(pieces, b"")
                if not piece:
                    return
                waiting = piece.lstrip(b"\0")
            member = zlib.decompressobj(_GZIP)
