"""Logs that come as a stream of chunks: the container's own output, and what a program inside prints."""

import queue
import threading
from collections.abc import Callable, Iterator

from regops.collectors.log_lines import LineSplitter
from regops.errors import RegopsError
from regops.model.log_source import LogLine, Notice

_MOST_CHUNKS = 4096
_TURN_CHUNKS = 4096


def stream_lines(name: str, chunks: Iterator[bytes], check: Callable[[], None]) -> Iterator[LogLine]:
    """Yield the lines of a stream that ends; check is called for every chunk and may raise."""
    splitter = LineSplitter()
    for chunk in chunks:
        check()
        for piece in splitter.feed(chunk):
            yield LogLine(name, piece.text, piece.cut_bytes)
    for piece in splitter.flush():
        yield LogLine(name, piece.text, piece.cut_bytes)


class FollowedStream:
    """A stream that is followed: a thread waits for its chunks, `poll` gives the lines that came.

    Waiting cannot be interrupted, so the thread is a daemon: it ends with the stream, or with regops.
    """

    def __init__(self, name: str, chunks: Iterator[bytes]) -> None:
        self._name = name
        self._splitter = LineSplitter()
        self._queue: queue.Queue[bytes | RegopsError | None] = queue.Queue(_MOST_CHUNKS)
        threading.Thread(target=self._fetch, args=(chunks,), name=f"log {name}", daemon=True).start()

    def poll(self) -> Iterator[LogLine | Notice]:
        """Yield the lines that came since, and why it ended if it did."""
        return self._lines(0.0)

    def rest(self, seconds: float) -> Iterator[LogLine | Notice]:
        """Yield the lines that come until the stream ends, or until none comes for some seconds."""
        return self._lines(seconds)

    def _lines(self, seconds: float) -> Iterator[LogLine | Notice]:
        for _ in range(_TURN_CHUNKS):
            try:
                chunk = self._queue.get(timeout=seconds) if seconds else self._queue.get_nowait()
            except queue.Empty:
                return
            pieces = self._splitter.feed(chunk) if isinstance(chunk, bytes) else self._splitter.flush()
            for piece in pieces:
                yield LogLine(self._name, piece.text, piece.cut_bytes)
            if isinstance(chunk, RegopsError):
                yield Notice(f"{self._name}: {chunk.message}")
            if not isinstance(chunk, bytes):
                return

    def _fetch(self, chunks: Iterator[bytes]) -> None:
        try:
            for chunk in chunks:
                self._queue.put(chunk)
        except RegopsError as error:
            self._queue.put(error)
        else:
            self._queue.put(None)
