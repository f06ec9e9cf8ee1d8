"""The beginning of a file that the engine sends, kept on this machine's disk for as long as it is read."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from regops.errors import NotFound, Refused

# /tmp is memory on many machines, and this is as large as a log can be.
_FOLDER = "/var/tmp"  # noqa: S108  what is made there has no name
# So much of a disk that has room is left free.
_FREE_BYTES = 1024 * 1024 * 1024
# What follows is compared in so many bytes: a file that was rotated meanwhile is another one.
_COMPARED = 64 * 1024


def fetch_beginning(where: str, chunks: Iterator[bytes], size_bytes: int, then: bytes) -> BinaryIO:
    """Return the first size_bytes of a file, of which chunks are all, in a file without a name.

    All of it is fetched at once: as long as the engine sends a file, it answers no other question about the container.
    where names it in messages, then is what is known to come behind. Raises what the chunks raise, Refused where there
    is no room for it, NotFound when it is another file by now.
    """
    folder = os.environ.get("TMPDIR") or (_FOLDER if Path(_FOLDER).is_dir() else tempfile.gettempdir())
    room = _room(folder)
    if room < size_bytes:
        raise Refused(
            f"{where}: only its end is read, for the rest has {size_bytes >> 20} MiB, and {folder} has room for "
            f"{room >> 20} (TMPDIR names another folder)"
        )
    behind = then[:_COMPARED]
    with ExitStack() as stack:
        try:
            kept = stack.enter_context(tempfile.TemporaryFile(dir=folder, buffering=0))
            fetched = 0
            while fetched < size_bytes + len(behind) and (chunk := next(chunks, b"")):
                kept.write(chunk)
                fetched += len(chunk)
            is_same = os.pread(kept.fileno(), len(behind), size_bytes) == behind
        except OSError as error:
            raise Refused(f"{where}: only its end is read, for the rest cannot be kept: {error.strerror}") from error
        if not is_same:
            raise NotFound(f"{where}: only its end is read, for it is another file by now")
        stack.pop_all()
        return kept


def _room(folder: str) -> int:
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return max(found.f_bavail * found.f_frsize - _FREE_BYTES, 0)
