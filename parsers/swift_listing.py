"""Swift's listings in JSON: the objects of a container, the containers of an account.

    [{"name": "registry.tar.gz", "bytes": 47600000, "hash": "36009842d5911892446289808532eb1a",
      "content_type": "application/gzip", "last_modified": "2026-11-23T17:41:47.400985"}]

An entry of a large object has `slo_etag` as well, its `bytes` are the whole and its `hash` is the manifest's. A
folder made by a delimiter is `{"subdir": "2026/"}`. Source: OpenStack Object Storage API v1, "Show container details
and list objects"; swift/container/server.py and swift/common/middleware/slo.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from parsers.errors import ParseError
from parsers.json_text import as_list, as_object, parse_json

_SHOWN = 200
_MOST_BYTES = (1 << 63) - 1  # as many as Swift's own databases can note


@dataclass(frozen=True, slots=True)
class ListedObject:
    """One object of a listing.

    size_bytes is 0 for what only points at other objects (a DLO, a symbolic link); md5 is the hash Swift gives, for
    an SLO that of its manifest; slo_etag is None unless the entry is an SLO's, and carries no quotes.
    """

    name: str
    size_bytes: int
    md5: str
    content_type: str
    last_modified: datetime | None
    slo_etag: str | None


def parse_swift_listing(text: str, *, source: str) -> tuple[ListedObject, ...]:
    """Return the objects of one page, folders left out; an empty text (HTTP 204) is an empty page.

    Raises ParseError when the text is not such a listing.
    """
    return tuple(_object(entry, source) for entry in _entries(text, source) if "subdir" not in entry)


def parse_swift_containers(text: str, *, source: str) -> tuple[str, ...]:
    """Return the names of an account's containers, from one page of its listing.

    Raises ParseError when the text is not such a listing.
    """
    return tuple(_name(entry, source) for entry in _entries(text, source) if "subdir" not in entry)


def _entries(text: str, source: str) -> list[Mapping[str, object]]:
    if not text.strip():
        return []
    values = as_list(parse_json(text, source=source).value)
    if values is None:
        raise ParseError("expected a list", source=source, line=1, text=text[:_SHOWN])
    entries: list[Mapping[str, object]] = []
    for value in values:
        entry = as_object(value)
        if entry is None:
            raise ParseError("expected objects in the list", source=source, line=1, text=ascii(value)[:_SHOWN])
        entries.append(entry)
    return entries


def _object(entry: Mapping[str, object], source: str) -> ListedObject:
    size, md5, slo_etag = entry.get("bytes"), entry.get("hash"), entry.get("slo_etag")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _MOST_BYTES or not isinstance(md5, str):
        raise ParseError("an object needs a hash and its bytes", source=source, line=1, text=ascii(entry)[:_SHOWN])
    content_type = entry.get("content_type")
    return ListedObject(
        name=_name(entry, source),
        size_bytes=size,
        md5=md5,
        content_type=content_type if isinstance(content_type, str) else "",
        last_modified=_time(entry.get("last_modified")),
        slo_etag=slo_etag.strip('"') if isinstance(slo_etag, str) else None,
    )


def _name(entry: Mapping[str, object], source: str) -> str:
    name = entry.get("name")
    if not isinstance(name, str) or not name:
        raise ParseError("an entry needs a name", source=source, line=1, text=ascii(entry)[:_SHOWN])
    return name


def _time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
