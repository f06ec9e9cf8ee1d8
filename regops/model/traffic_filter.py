"""Which requests of an access log to count: the filters of `regops logs`, asked one fact at a time.

Whoever counts by columns never has a whole record in hand; a request passes when all of its facts do, and then
`LogFilter.passes` says the same of its record.
"""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from ipaddress import ip_address

from parsers.log_record import level_of_status
from regops.model.log_filter import LogFilter


@dataclass(frozen=True)
class TrafficFilter:
    """What a request must be like. since and until are seconds since 1970, until itself excluded."""

    since: int | None = None
    until: int | None = None
    record: LogFilter = field(default_factory=LogFilter)

    def wants_time(self, seconds: int) -> bool:
        """Return whether that second is in the window."""
        return (self.since is None or seconds >= self.since) and (self.until is None or seconds < self.until)

    def wants_status(self, status: int) -> bool:
        """Return whether that status counts, and the level that goes with it."""
        return self.statuses is None or status in self.statuses

    def wants_client(self, client: str | None) -> bool:
        """Return whether the requests of a client count, None for one that the log does not tell."""
        networks = self.record.clients
        if not networks:
            return True
        try:
            address = ip_address(client or "")
        except ValueError:
            return False
        return any(address in network for network in networks)

    def wants_request(self, method: str | None, repository: str | None) -> bool:
        """Return whether requests by that method for that repository count."""
        methods, patterns = self.record.methods, self.record.repositories
        if methods and method not in methods:
            return False
        return not patterns or (
            repository is not None and any(fnmatchcase(repository, pattern) for pattern in patterns)
        )

    def wants_line(self, line: str) -> bool:
        """Return whether a line has what is searched for."""
        return self.record.grep is None or self.record.grep.search(line) is not None

    @cached_property
    def statuses(self) -> frozenset[int] | None:
        """The statuses that count, None for all."""
        level, statuses = self.record.level, self.record.statuses
        if level is None and not statuses:
            return None
        return frozenset(
            status
            for status in statuses or range(1000)
            if level is None or (level_of_status(status) or level) >= level
        )


EVERYTHING = TrafficFilter()
