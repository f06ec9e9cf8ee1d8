"""The bytes of an object as they come, for as long as they come."""

import time
from collections.abc import Iterator
from typing import Any

from regops.adapters.swift.connection import NO_ANSWER, translate
from regops.errors import Phase, RegopsError, Unreachable
from regops.model.tarball import StoredObject

_CHUNK_BYTES = 256 << 10
_LEAST_BYTES = 1024  # of every timeout's length: less is silence that somebody stretches


def read_body(raw: Any, stored: StoredObject, *, timeout_seconds: float) -> Iterator[bytes]:
    """Yield a body as it comes; raises Unreachable when it stalls, or ends before its announced length.

    raw is urllib3's response. http.client says nothing when a body is shorter than announced, so it is counted here.
    """
    received, window_bytes, window_start = 0, 0, time.monotonic()
    while True:
        try:
            chunk: bytes = raw.read1(_CHUNK_BYTES, decode_content=False)
        except NO_ANSWER as error:
            said = translate(error, stored.name, timeout_seconds=timeout_seconds)
            stalled = isinstance(said, Unreachable) and said.timed_out
            raise _broken(stored, received, timeout_seconds if stalled else None) from error
        if not chunk:
            break
        received += len(chunk)
        window_bytes += len(chunk)
        now = time.monotonic()
        if now - window_start > timeout_seconds:
            if window_bytes < _LEAST_BYTES:
                raise _broken(stored, received, timeout_seconds)
            window_bytes, window_start = 0, now
        yield chunk
    if stored.size_bytes is not None and received != stored.size_bytes:
        raise _broken(stored, received, None)


def _broken(stored: StoredObject, received: int, stalled_seconds: float | None) -> RegopsError:
    how = "was cut short" if stalled_seconds is None else f"stalled for {stalled_seconds:g} s"
    of = "" if stored.size_bytes is None else f" of {stored.size_bytes}"
    return Unreachable(
        f"the download of {stored.name} {how}, after {received}{of} bytes",
        hint="try again; nothing was left behind",
        phase=Phase.BODY,
        timed_out=stalled_seconds is not None,
    )
