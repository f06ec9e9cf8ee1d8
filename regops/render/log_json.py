"""A log record as one JSON object on one line, its secrets masked."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, TypeAlias, cast

from parsers.log_record import HttpRequest, LogEntry, Rejected
from parsers.nginx_access import AccessEntry
from parsers.registry_request import parse_registry_request
from parsers.secret_names import MASK, is_secret_name
from regops.model.log_record import LogRecord
from regops.render.log_secrets import Mask
from regops.render.visible import without_surrogates

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
# What each kind of entry has beyond what all have: looked up for every record.
_OWN_FIELDS: dict[type[LogEntry], tuple[str, ...]] = {}
_COMMON = {field.name for field in fields(LogEntry)}
# What nginx's variables say that stands in the request, or is the time of the entry.
_TOLD = frozenset({
    "remote_addr", "remote_user", "time_local", "time_iso8601", "msec", "request", "request_method", "request_uri",
    "server_protocol", "status", "body_bytes_sent", "request_time", "host", "http_referer", "http_user_agent",
})  # fmt: skip


_Value: TypeAlias = "str | float | tuple[_Value, ...] | dict[str, _Value] | None"


def record_json(record: LogRecord, mask: Mask) -> str:
    """Return the object of a record; mask is what masks its texts."""
    entry = record.entry
    read = None if isinstance(entry, Rejected) else entry
    found: dict[str, _Value] = {
        "time": _time(read.time) if read else None,
        "at": _time(record.at),
        "source": without_surrogates(record.source),
        "level": read.level.name.lower() if read and read.level else None,
        "text": _plain(entry.text, mask),
        "message": _plain(getattr(entry, "message", None), mask),
        "request": _plain(_request(read.request), mask) if read and read.request else None,
        "fields": _plain(_fields(read), mask) if read else {},
        "unread": entry.reason if isinstance(entry, Rejected) else None,
        "continued": bool(read and read.continued),
        "cut_bytes": record.cut_bytes,
    }
    return _encode(found)


def _request(request: HttpRequest) -> dict[str, _Value]:
    asked = parse_registry_request(request.method, request.uri)
    return {
        **request._asdict(),
        "repository": asked.repository if asked else None,
        "kind": asked.operation.value if asked else None,
    }


def _fields(entry: LogEntry) -> dict[str, _Value]:
    """Return what an entry says beyond what all entries have; names without a value are left out."""
    own: dict[str, Any] = {name: getattr(entry, name) for name in _own_fields(type(entry))}
    # What a program has named itself never stands for what its parser found out.
    found: dict[str, _Value] = {}
    for value in own.values():
        if isinstance(value, Mapping):
            found |= cast("Mapping[str, Any]", value)
    found |= {name: value for name, value in own.items() if not isinstance(value, Mapping)}
    told: frozenset[str] = _TOLD if isinstance(entry, AccessEntry) else frozenset()
    return {name: value for name, value in found.items() if value not in (None, ()) and name not in told}


def _own_fields(kind: type[LogEntry]) -> tuple[str, ...]:
    found = _OWN_FIELDS.get(kind)
    if found is None:
        found = tuple(field.name for field in fields(kind) if field.name not in {*_COMMON, "message"})
        _OWN_FIELDS[kind] = found
    return found


def _plain(value: _Value, mask: Mask) -> _Value:
    """Return a value whose strings every reader of JSON takes, with the secrets in them masked."""
    if isinstance(value, str):
        return mask(without_surrogates(value))
    if isinstance(value, dict):
        return {without_surrogates(name): _named(name, item, mask) for name, item in value.items()}
    return tuple(_plain(item, mask) for item in value) if isinstance(value, tuple) else value


def _named(name: str, value: _Value, mask: Mask) -> _Value:
    return _plain(value, mask) if mask is str or not value or not is_secret_name(name) else MASK


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
