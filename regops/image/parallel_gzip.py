"""gzip on all processors, the same bytes on any number of them.

Blocks of fixed size are compressed independently, each with the end of the one before it as its dictionary and ended
on a whole byte (Z_SYNC_FLUSH), and put together to one member, as pigz does. zlib lets go of the interpreter's lock.
Source: RFC 1951, RFC 1952.
"""

import os
import struct
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

# zlib's own middle: above it, twice the time for a hundredth of the size.
LEVEL = 6
_BLOCK_BYTES = 1 << 20
_WINDOW_BYTES = 1 << 15
_MEMORY_LEVEL = 9
_RAW = -15  # no header or checksum around a block: there is one of each around the whole
# No name and no time; made on an unknown system.
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def gzipped(chunks: Iterable[bytes], *, level: int = LEVEL, threads: int | None = None) -> Iterator[bytes]:
    """Yield a stream compressed, as it comes; what is in memory is a few blocks for each thread."""
    count = threads or len(os.sched_getaffinity(0))
    checksum = size = 0
    window = b""
    yield _HEADER
    with ThreadPoolExecutor(max_workers=count) as pool:
        waiting = deque[Future[bytes]]()
        for block in _blocks(chunks):
            waiting.append(pool.submit(_compressed, block, window, level))
            checksum, size, window = zlib.crc32(block, checksum), size + len(block), block[-_WINDOW_BYTES:]
            if len(waiting) > 2 * count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    yield zlib.compressobj(level, zlib.DEFLATED, _RAW).flush()
    yield struct.pack("<II", checksum, size & 0xFFFFFFFF)


def _compressed(block: bytes, window: bytes, level: int) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, _RAW, _MEMORY_LEVEL, zlib.Z_DEFAULT_STRATEGY, window)
    return packer.compress(block) + packer.flush(zlib.Z_SYNC_FLUSH)


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        while len(buffer) >= _BLOCK_BYTES:
            yield bytes(buffer[:_BLOCK_BYTES])
            del buffer[:_BLOCK_BYTES]
    if buffer:
        yield bytes(buffer)
