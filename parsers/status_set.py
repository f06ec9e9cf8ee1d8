"""Sets that operators name on a command line: HTTP statuses and clients.

5xx,404    400-499    172.17.0.1    10.0.0.0/8    2001:db8::/32
"""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network

from parsers.errors import ParseError

_CLASS = re.compile(r"([1-9])xx", re.IGNORECASE)
_RANGE = re.compile(r"([1-9][0-9]{2})(?:-([1-9][0-9]{2}))?")


def parse_statuses(text: str) -> frozenset[int]:
    """Return the statuses that a list of statuses, ranges and classes names. Raises ParseError for anything else."""
    return frozenset(status for part in text.split(",") for status in _statuses(part.strip(), text))


def parse_client(text: str) -> IPv4Network | IPv6Network:
    """Return an address or a network; `10.1.2.3/8` is the network it lies in. Raises ParseError for anything else."""
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError as error:
        reason = "not an address such as 172.17.0.1, nor a network such as 10.0.0.0/8"
        raise ParseError(reason, source="the client", line=1, text=text) from error


def _statuses(part: str, text: str) -> range:
    if found := _CLASS.fullmatch(part):
        first = int(found[1]) * 100
        return range(first, first + 100)
    if found := _RANGE.fullmatch(part):
        first, last = int(found[1]), int(found[2] or found[1])
        if first <= last:
            return range(first, last + 1)
    reason = f"not a status: {part!r}; say it like 404, 5xx, 400-499, or several with commas"
    raise ParseError(reason, source="the statuses", line=1, text=text)
