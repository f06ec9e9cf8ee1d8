"""Logs that come as a stream of chunks: the container's own output, and what a program inside prints."""

import os
import queue
import re
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from regops.collectors.logs.lines import LineSplitter, Piece
from regops.errors import RegopsError
from regops.model.log_source import OUTPUT_NAME, LogLine
from regops.ports import Engine

_MOST_CHUNKS = 4096
# What is taken of one stream before the others get their turn.
_TURN_CHUNKS = 1024
# The engine's loggers of stdout and stderr do not quite keep the order of time among each other.
_OVERLAP = timedelta(seconds=0.25)
# Docker stamps in UTC with nine digits, podman in its own zone with as many as it takes.
_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) ")
_STAMP_BYTES = 36


class Splitter(Protocol):
    """Makes lines of chunks."""

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        """Yield the lines that a chunk completes."""
        ...

    def flush(self) -> Iterator[Piece]:
        """Yield the last line if it has no newline."""
        ...


class OutputPlace:
    """How far a container's own output was read: makes lines of the engine's stamped chunks, each line once.

    A chunk begins with the engine's time of it, and so does each line in it. Streams that were never stamped pass.
    stamp is the engine's time of the latest line, None before the first.
    """

    def __init__(self) -> None:
        self.stamp: datetime | None = None
        self._splitter = LineSplitter()
        self._recent: deque[tuple[datetime, int]] = deque()
        self._seen: Counter[tuple[datetime, int]] = Counter()
        self._held = b""
        self._inside = False

    def resume(self, now: datetime) -> datetime | None:
        """Return since when to ask for what comes next, and leave out what was read of that already."""
        self._seen = Counter(self._recent)
        if self.stamp is None:
            return None
        # A clock that was set back stamps what comes next with times before.
        return min(self.stamp, now) - _OVERLAP

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        """Yield the lines that a chunk completes, without their stamps."""
        parts = (self._held + chunk).split(b"\n")
        self._held = b""
        for place, part in enumerate(parts):
            ends = place < len(parts) - 1
            if not ends and not self._inside and len(part) < _STAMP_BYTES and not _STAMP.match(part):
                # On a terminal's stream, chunks end anywhere: also within a stamp.
                self._held = part
                return
            # The engine stamps each 16 KiB of a long line.
            text = self._unstamped(part) if place == 0 or not self._inside else part
            self._inside = not ends
            if text is not None:
                yield from self._splitter.feed(text + b"\n" if ends else text)

    def flush(self) -> Iterator[Piece]:
        """Yield the last line if it has no newline."""
        held, self._held, self._inside = self._held, b"", False
        yield from self._splitter.feed(held)
        yield from self._splitter.flush()

    def _unstamped(self, part: bytes) -> bytes | None:
        """Return a part without its stamp, None when it was read before."""
        found = _STAMP.match(part)
        if not found:
            return part
        text = part[found.end() :]
        try:
            stamp = datetime.fromisoformat(str(found[1], "ascii"))
        except ValueError:
            return part
        key = stamp, hash(text)
        if self._seen[key] > 0:
            self._seen[key] -= 1
            return None
        if self._seen and self.stamp is not None and stamp - self.stamp > _OVERLAP:
            self._seen.clear()
        self.stamp = stamp
        self._recent.append(key)
        while self._recent and stamp - self._recent[0][0] > _OVERLAP:
            self._recent.popleft()
        return text


def output_lines(
    engine: Engine, container: str, place: OutputPlace, *, lines: int | None, since: float | None = None
) -> Iterator[tuple[datetime | None, LogLine]]:
    """Yield the last lines of a container's own output with the engine's times of them; place then is after them."""
    for chunk in engine.logs(container, lines=lines, since=since, timestamps=True):
        for piece in place.feed(chunk):
            yield place.stamp, LogLine(OUTPUT_NAME, piece.text, piece.cut_bytes)
    for piece in place.flush():
        yield place.stamp, LogLine(OUTPUT_NAME, piece.text, piece.cut_bytes)


class Waker:
    """What threads wake the follower with: fd can be read from until it is calmed."""

    def __init__(self) -> None:
        self.fd, self._write = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._write, False)

    def wake(self) -> None:
        """Let fd be readable."""
        with suppress(BlockingIOError):
            os.write(self._write, b"\0")

    def calm(self) -> None:
        """Let it be so no longer."""
        with suppress(BlockingIOError):
            os.read(self.fd, 4096)


class FollowedStream:
    """A stream that is followed: a thread waits for its chunks and wakes the follower, `poll` gives the lines.

    Waiting cannot be interrupted, so the thread is a daemon: it ends with the stream, or with regops. ended says that
    all of it was given; failure is why, None when it simply ended.
    """

    def __init__(self, chunks: Iterator[bytes], splitter: Splitter, waker: Waker) -> None:
        self.ended = False
        self.failure: RegopsError | None = None
        self._splitter = splitter
        self._waker = waker
        self._queue: queue.Queue[bytes | RegopsError | None] = queue.Queue(_MOST_CHUNKS)
        threading.Thread(target=self._fetch, args=(chunks,), name="log stream", daemon=True).start()

    def poll(self, name: str, *, wait_seconds: float = 0.0) -> Iterator[LogLine]:
        """Yield the lines that came since; wait so long for each chunk."""
        for _ in range(_TURN_CHUNKS):
            if self.ended:
                return
            try:
                chunk = self._queue.get(timeout=wait_seconds) if wait_seconds else self._queue.get_nowait()
            except queue.Empty:
                return
            pieces = self._splitter.feed(chunk) if isinstance(chunk, bytes) else self._splitter.flush()
            for piece in pieces:
                yield LogLine(name, piece.text, piece.cut_bytes)
            if isinstance(chunk, RegopsError):
                self.failure = chunk
            self.ended = not isinstance(chunk, bytes)
        self._waker.wake()

    def _fetch(self, chunks: Iterator[bytes]) -> None:
        last: RegopsError | None = None
        try:
            for chunk in chunks:
                self._queue.put(chunk)
                self._waker.wake()
        except RegopsError as error:
            last = error
        self._queue.put(last)
        self._waker.wake()


def stream_lines(name: str, chunks: Iterator[bytes], check: Callable[[], None]) -> Iterator[LogLine]:
    """Yield the lines of a stream that ends; check is called for every chunk and may raise."""
    splitter = LineSplitter()
    for chunk in chunks:
        check()
        for piece in splitter.feed(chunk):
            yield LogLine(name, piece.text, piece.cut_bytes)
    for piece in splitter.flush():
        yield LogLine(name, piece.text, piece.cut_bytes)
