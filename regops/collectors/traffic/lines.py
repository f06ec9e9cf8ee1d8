"""Counting access logs: blocks of whole lines by columns, and what that leaves by the parser, one line at a time."""

from collections.abc import Callable, Iterable, Iterator

from parsers.log_record import Rejected
from parsers.nginx_access import AccessFormat
from regops.collectors.traffic.inflate import IncompleteLog
from regops.errors import RegopsError
from regops.model.traffic import (
    CUT_OFF,
    DIFFERENT,
    EMPTY,
    LONGEST_LINE,
    TOO_LONG,
    UNCLEAR,
    Bucket,
    Traffic,
    duration_ms,
    request_kind,
    shown_name,
    slow_request,
    status_class,
    whole_seconds,
)  # fmt: skip
from regops.model.traffic_filter import TrafficFilter
from regops.ports import BlockCounter

BlockCounters = Callable[[AccessFormat, TrafficFilter, Traffic], BlockCounter | None]
"""Makes what counts the lines of a format by columns, None for a format that has to be read line by line."""


# A log smaller than this is read line by line before the fast way is loaded.
_WORTH_BYTES = 256 * 1024
_GATHERED_BYTES = 512 * 1024


class TrafficReader:
    """Adds logs to totals. Those of one format share a counter, whose tables are dear."""

    def __init__(self, wanted: TrafficFilter, counters: BlockCounters) -> None:
        self.traffic = Traffic()
        self._wanted = wanted
        self._counters = counters
        self._known: dict[tuple[str, str], BlockCounter | None] = {}

    def read(self, chunks: Iterable[bytes], access_format: AccessFormat) -> str | None:
        """Count one log that comes in chunks, best of 1 MiB, and return what kept it from being read to its end."""
        slow, fast = LineCounter(access_format, self._wanted, self.traffic), None
        splitter = BlockSplitter(self.traffic)
        try:
            for block in splitter.blocks(gathered(chunks)):
                if fast is None and len(block) >= _WORTH_BYTES:
                    fast = self._fast(access_format)
                slow.add_lines(fast.feed(block) if fast is not None else block.split(b"\n")[:-1])
        except IncompleteLog as error:
            return str(error)
        finally:
            if fast is not None:
                fast.flush()
            if splitter.rest:
                slow.add_line(splitter.rest, ended=False)
        return None

    def _fast(self, access_format: AccessFormat) -> BlockCounter | None:
        key = access_format.log_format, str(access_format.escape)
        if key not in self._known:
            self._known[key] = self._counters(access_format, self._wanted, self.traffic)
        return self._known[key]


class LineCounter:
    """Counts one line after another: slow, for any format, and what every faster way must agree with."""

    def __init__(self, access_format: AccessFormat, wanted: TrafficFilter, traffic: Traffic) -> None:
        self._format = access_format
        self._wanted = wanted
        self._traffic = traffic
        self._tells_client = access_format.source("remote_addr") is not None
        self._tells_agent = access_format.source("http_user_agent") is not None

    def add_lines(self, lines: Iterable[bytes]) -> None:
        """Count whole lines, without their newlines."""
        for line in lines:
            self.add_line(line)

    def add_line(self, line: bytes, *, ended: bool = True) -> None:
        """Count one line; ended is False for the rest of a file after its last newline."""
        if len(line) > LONGEST_LINE:
            self._traffic.add_unread(TOO_LONG, line)
        elif not (line := line.removesuffix(b"\r")):
            self._traffic.add_unread(EMPTY, line)
        elif not self._add(line.decode("utf-8", "surrogateescape")):
            self._traffic.add_unread(DIFFERENT if ended else CUT_OFF, line)

    def _add(self, line: str) -> bool:
        """Count a line if it tells of a request: when it was, and a status of three digits."""
        traffic, wanted = self._traffic, self._wanted
        entry = self._format.feed(line)
        if isinstance(entry, Rejected) or entry.time is None:
            return False
        request = entry.request
        if request.status is None or not is_status(entry.variables["status"]):
            return False
        traffic.lines += 1
        time = whole_seconds(entry.time)
        if not (wanted.wants_time(time) and wanted.wants_entry(entry)):
            traffic.left_out += 1
            return True
        kind = request_kind(request.method, request.uri)
        size = request.body_bytes_sent or 0
        traffic.add_requests(kind, request.status, 1, size)
        traffic.add_time(time, time)
        bucket = Bucket(1, size)
        bucket.classes[status_class(request.status)] = 1
        traffic.add_bucket(time, bucket)
        if self._tells_client:
            client = UNCLEAR if "remote_addr" in entry.unclear else shown_name(request.remote_addr)
            traffic.clients.add(client, (1, size))
        if self._tells_agent:
            traffic.agents.add(shown_name(request.http_user_agent), (1, size))
        if request.request_time is not None and duration_ms(request.request_time) >= traffic.slow_from_ms:
            traffic.add_slow(slow_request(request, time))
        return True


def is_status(text: str | None) -> bool:
    """Return whether a $status is one of HTTP's, of three digits."""
    return text is not None and len(text) == 3


def gathered(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield chunks of some size: each has its price, and they may come line by line."""
    waiting = bytearray()
    try:
        for chunk in chunks:
            if not waiting and len(chunk) >= _GATHERED_BYTES:
                yield chunk
                continue
            waiting += chunk
            if len(waiting) >= _GATHERED_BYTES:
                yield bytes(waiting)
                waiting.clear()
    except (IncompleteLog, RegopsError):
        yield bytes(waiting)
        raise
    if waiting:
        yield bytes(waiting)


class BlockSplitter:
    """Cuts chunks at their last newlines. A line that is too long is counted as unread and never held whole."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self.rest = b""
        self._skipping = False

    def blocks(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield whole lines; the last one stays in rest."""
        for chunk in chunks:
            start = 0
            if self._skipping:
                start = chunk.find(b"\n") + 1
                if not start:
                    continue
                self._skipping = False
            # Only the first line can have begun in an earlier chunk; the others are in memory anyway.
            first = chunk.find(b"\n", start)
            if len(self.rest) + (len(chunk) if first < 0 else first) - start > LONGEST_LINE:
                self._traffic.add_unread(TOO_LONG, self.rest + chunk[start : start + 400])
                self.rest = b""
                start = first + 1
                self._skipping = first < 0
                if self._skipping:
                    continue
            end = chunk.rfind(b"\n", start) + 1
            if end:
                yield b"".join((self.rest, memoryview(chunk)[start:end]))
                self.rest = chunk[end:]
            else:
                self.rest += chunk[start:]
