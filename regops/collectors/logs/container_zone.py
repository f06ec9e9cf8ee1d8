"""The time zone that the programs of a container write their logs in."""

import io
import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from regops.errors import RegopsError
from regops.ports import ContainerFiles

_LOCALTIME = "/etc/localtime"
_DATABASE = "/usr/share/zoneinfo"
# The largest of the time zone database has 4 KiB.
_MOST_BYTES = 64 * 1024
_NAME = re.compile(r"[A-Za-z0-9_+/-]+")
# `CET-1CEST,M3.5.0,M10.5.0/3`
_POSIX = re.compile(r"(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]+>)[+-]?[0-9][A-Za-z0-9<>+,./:-]*")


def container_zone(files: ContainerFiles, tz: str | None) -> tzinfo:
    """Return the zone of a container; tz is its environment's TZ, None where that is not set.

    As the C library does: TZ names a file of the container's own time zone database or is a rule itself, otherwise
    /etc/localtime counts, and what cannot be read is UTC.
    """
    name = (tz or "").removeprefix(":")
    if tz is None:
        return _read(files, _LOCALTIME) or UTC
    if name.startswith("/"):
        return _read(files, name) or UTC
    if _NAME.fullmatch(name) and ".." not in name and (zone := _read(files, f"{_DATABASE}/{name}")):
        return zone
    return _by_rule(name) or UTC


def _read(files: ContainerFiles, path: str) -> tzinfo | None:
    try:
        file = files.open(path)
        try:
            return _parse(file.read(0, _MOST_BYTES)) if file.facts.size_bytes <= _MOST_BYTES else None
        finally:
            file.close()
    except RegopsError:
        return None


def _by_rule(rule: str) -> tzinfo | None:
    """Return the zone of a POSIX rule: a file of a zone ends in one, so an empty file with this one is that zone."""
    if not _POSIX.fullmatch(rule):
        return None
    header = b"TZif2" + bytes(15)
    # One local time type (UTC, "UTC\0"), which counts for nothing, for there are no transitions.
    counts = b"".join(number.to_bytes(4, "big") for number in (0, 0, 0, 0, 1, 4))
    block = header + counts + bytes(6) + b"UTC\0"
    return _parse(block + block + b"\n" + rule.encode() + b"\n")


class _Whole(io.BytesIO):
    """Bytes that end with an error: zoneinfo reads on for ever where the last newline is missing."""

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if size is not None and len(data) < size:
            raise EOFError
        return data


def _parse(data: bytes) -> tzinfo | None:
    try:
        zone = ZoneInfo.from_file(_Whole(data))
        # Offsets of more than a day are refused when they are used.
        for year in (1970, 2000, 2026):
            datetime(year, 7, 1, tzinfo=UTC).astimezone(zone)
    except Exception:  # noqa: BLE001  the container wrote these bytes, and zoneinfo trusts them: it asserts, unpacks, indexes
        return None
    return zone
