"""The bytes of an object as they come, for as long as they come."""

import time
from collections.abc import Iterator

from regops.adapters.swift.connection import NO_ANSWER, Response, translate
from regops.errors import Phase, RegopsError, Unreachable
from regops.model.tarball import StoredObject

# What fits into a processor's own cache is written and checked from there.
_CHUNK_BYTES = 128 << 10
_LEAST_BYTES = 1024  # of every timeout's length: less is silence that somebody stretches


def read_body(
    response: Response, stored: StoredObject, first: int, start: int, stop: int | None, *, timeout_seconds: float
) -> Iterator[bytes]:
    """Yield the bytes of an object from start to stop, or to its end; the response has those from first on.

    Raises Unreachable when they stall, or end too early: http.client says nothing then.
    """
    at, window_bytes, window_start = first, 0, time.monotonic()
    end = stored.size_bytes if stop is None else stop
    while end is None or at < end:
        try:
            chunk = response.read1(_CHUNK_BYTES if end is None else min(_CHUNK_BYTES, end - at))
        except NO_ANSWER as error:
            said = translate(error, stored.name, timeout_seconds=timeout_seconds)
            stalled = isinstance(said, Unreachable) and said.timed_out
            raise _broken(stored, at, timeout_seconds if stalled else None) from error
        if not chunk:
            break
        window_bytes += len(chunk)
        now = time.monotonic()
        if now - window_start > timeout_seconds:
            if window_bytes < _LEAST_BYTES:
                raise _broken(stored, at + len(chunk), timeout_seconds)
            window_bytes, window_start = 0, now
        before, at = at, at + len(chunk)
        if before >= start:
            yield chunk
        elif at > start:
            yield chunk[start - before :]  # the server sent all of it, though a part was asked for
    if end is not None and at != end:
        raise _broken(stored, at, None)


def _broken(stored: StoredObject, received: int, stalled_seconds: float | None) -> RegopsError:
    how = "was cut short" if stalled_seconds is None else f"stalled for {stalled_seconds:g} s"
    of = "" if stored.size_bytes is None else f" of {stored.size_bytes}"
    return Unreachable(
        f"the download of {stored.name} {how}, after {received}{of} bytes",
        hint="try again",
        phase=Phase.BODY,
        timed_out=stalled_seconds is not None,
    )
