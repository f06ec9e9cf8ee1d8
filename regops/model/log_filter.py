"""Which records of a log somebody wants to see."""

import re
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from parsers.log_record import HttpRequest, Level, Rejected
from parsers.registry_request import parse_registry_request
from regops.model.log_record import LogRecord

# Where the classic API keeps what was pushed without a user's name.
_LIBRARY = "library/"


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What a record must have; a record passes when it has one of each kind that is asked for.

    Each that is None or empty asks for nothing.

    grep is searched for in the text of the whole entry, the lines folded into it included, as it was written: before
    secrets are masked and control characters made visible. level is the least level: an entry that names none does not
    pass. statuses, methods (upper case), repositories (globs, in which `*` goes across slashes) and clients ask for an
    entry that tells of a request: one without that part of a request does not pass. `app` is also the classic
    registry's `library/app`, and a network of IPv4 also holds its addresses written as IPv6.

    Of a line that no parser could read nothing but its text is known: it passes when grep alone is asked for.
    """

    grep: re.Pattern[str] | None = None
    level: Level | None = None
    statuses: frozenset[int] = frozenset()
    methods: frozenset[str] = frozenset()
    repositories: tuple[str, ...] = ()
    clients: tuple[IPv4Network | IPv6Network, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return self != LogFilter()

    def passes(self, record: LogRecord) -> bool:
        """Return whether a record has all that is asked for."""
        entry = record.entry
        if self.level is not None and (isinstance(entry, Rejected) or entry.level is None or entry.level < self.level):
            return False
        if self.statuses or self.methods or self.repositories or self.clients:
            request = None if isinstance(entry, Rejected) else entry.request
            if request is None or not self._wants(request):
                return False
        return self.grep is None or self.grep.search(entry.text) is not None

    def _wants(self, request: HttpRequest) -> bool:
        if self.statuses and request.status not in self.statuses:
            return False
        if self.methods and request.method not in self.methods:
            return False
        if self.clients and not self._is_client(request.remote_addr):
            return False
        return not self.repositories or self._is_repository(request)

    def _is_client(self, remote_addr: str | None) -> bool:
        addresses = _addresses(remote_addr or "")
        return any(address in network for network in self.clients for address in addresses)

    def _is_repository(self, request: HttpRequest) -> bool:
        asked = parse_registry_request(request.method, request.uri)
        if asked is None or asked.repository is None:
            return False
        names = {asked.repository, asked.repository.removeprefix(_LIBRARY)}
        return any(fnmatchcase(name, pattern) for pattern in self.repositories for name in names)


@dataclass(frozen=True, slots=True)
class LogWindow:
    """Which part of the logs is read: the last lines of what since (inclusive) and until (exclusive) leave.

    lines counts records of the merged stream that pass the filter; None is all of them.
    """

    lines: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@lru_cache(maxsize=4096)
def _addresses(text: str) -> tuple[IPv4Address | IPv6Address, ...]:
    """Return an address and the one it stands for, () for a text that is no address."""
    try:
        address = ip_address(text)
    except ValueError:
        return ()
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (address,) if mapped is None else (address, mapped)
