"""Which requests of an access log to count: the filter of `regops logs`, asked one fact at a time.

Whoever counts by columns never has a whole record in hand. What a filter asks for are facts that have nothing to do
with each other, so a record passes when it passes with each of them alone.
"""

from dataclasses import dataclass, field
from functools import cached_property

from parsers.log_record import HttpRequest, LogEntry, level_of_status
from regops.model.log_filter import LogFilter
from regops.model.log_record import LogRecord


@dataclass(frozen=True)
class TrafficFilter:
    """What a request must be like. since and until are seconds since 1970, until itself excluded."""

    since: int | None = None
    until: int | None = None
    record: LogFilter = field(default_factory=LogFilter)

    def wants_time(self, seconds: int) -> bool:
        """Return whether that second is in the window."""
        return (self.since is None or seconds >= self.since) and (self.until is None or seconds < self.until)

    def wants_entry(self, entry: LogEntry) -> bool:
        """Return whether the request of a line counts, whenever it was."""
        return self._is_empty or self.record.passes(LogRecord("", entry, None))

    def wants_client(self, client: str | None) -> bool:
        """Return whether the requests of a client count, None for one that the log does not tell."""
        asked = self._of_client
        return asked is None or asked.passes(_record(HttpRequest(remote_addr=client)))

    def wants_request(self, method: str | None, uri: str | None) -> bool:
        """Return whether requests by that method for that target count."""
        asked = self._of_request
        return asked is None or asked.passes(_record(HttpRequest(method=method, uri=uri)))

    def wants_line(self, line: str) -> bool:
        """Return whether a line has what is searched for."""
        return self.record.grep is None or self.record.grep.search(line) is not None

    @cached_property
    def statuses(self) -> tuple[bool, ...]:
        """Whether each status of up to three digits counts, and the level that goes with it."""
        asked = LogFilter(level=self.record.level, statuses=self.record.statuses)
        return tuple(not asked or asked.passes(_record(HttpRequest(status=status))) for status in range(1000))

    @cached_property
    def _is_empty(self) -> bool:
        return not self.record

    @cached_property
    def _of_client(self) -> LogFilter | None:
        return LogFilter(clients=self.record.clients) or None

    @cached_property
    def _of_request(self) -> LogFilter | None:
        return LogFilter(methods=self.record.methods, repositories=self.record.repositories) or None


def _record(request: HttpRequest) -> LogRecord:
    return LogRecord("", LogEntry("", None, level_of_status(request.status), request, continued=False), None)


EVERYTHING = TrafficFilter()
