"""What this machine itself knows and keeps: its addresses, its time zone, and files that others read."""

import os
import socket
import tempfile
from datetime import UTC, datetime, timedelta, tzinfo
from ipaddress import IPv6Address, ip_address
from pathlib import Path

from regops.errors import Failed, PermissionDenied

_READABLE = 0o644


def is_own_address(address: str) -> bool:
    """Return whether an IP address belongs to this machine, in its own network namespace."""
    family = socket.AF_INET6 if isinstance(ip_address(address), IPv6Address) else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            # Only an own address can be bound; nothing is sent.
            probe.bind((address, 0))
        except OSError:
            return False
    return True


class LocalZone(tzinfo):
    """The zone of this machine, or of the TZ of whoever works on it, in summer and in winter."""

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        """Return how far a local time is from UTC."""
        return dt.replace(tzinfo=None).astimezone().utcoffset() if dt else None

    def dst(self, dt: datetime | None) -> timedelta | None:
        """Return None: what of the distance is summer time is not known."""

    def tzname(self, dt: datetime | None) -> str | None:
        """Return the abbreviation of the zone at a local time."""
        return dt.replace(tzinfo=None).astimezone().tzname() if dt else None

    def fromutc(self, dt: datetime) -> datetime:
        """Return the local time of a time in UTC."""
        moment = dt.replace(tzinfo=UTC)
        local = moment.astimezone().replace(tzinfo=None)
        # Of an hour that a clock shows twice, this is the second unless it is the first.
        return local.replace(tzinfo=self, fold=int(local.astimezone(UTC) != moment))


def replace_file(path: Path, text: str) -> None:
    """Give a file new contents, so that whoever reads it sees the old ones or the new ones, and never a part.

    The file is readable for all. Raises PermissionDenied or Failed; the old contents are then still there.
    """
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    except OSError as error:
        raise _failed(path, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(descriptor, _READABLE)
            os.fsync(descriptor)
        temporary.replace(path)
    except OSError as error:
        raise _failed(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _failed(path: Path, error: OSError) -> PermissionDenied | Failed:
    kind = PermissionDenied if isinstance(error, PermissionError) else Failed
    return kind(f"cannot write {path}: {error.strerror}", hint="its directory must exist and be writable")
