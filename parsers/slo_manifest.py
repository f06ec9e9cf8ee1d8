"""The manifest of a Swift static large object, as `?multipart-manifest=get` gives it.

    [{"name": "/segments/a/0", "hash": "0cc175b9c0f1b6a831c399e269772661", "bytes": 10485760,
      "content_type": "application/octet-stream", "last_modified": "2026-11-23T17:41:47.400985"},
     {"name": "/segments/nested", "hash": "…", "bytes": 52428800, "sub_slo": true},
     {"name": "/segments/a/1", "hash": "…", "bytes": 10485760, "range": "0-1023"},
     {"data": "aW5saW5l"}]

Source: swift/common/middleware/slo.py.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from parsers.errors import ParseError
from parsers.json_text import as_list, as_object, parse_json

_SHOWN = 200
_MD5 = re.compile(r"[0-9a-f]{32}")
_RANGE = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a large object.

    container and name say where it is kept, both "" for inline data; etag is the hash of the whole segment (its md5,
    or the ETag of a nested SLO); size_bytes is what it contributes; first_last is the range of it that is used, None
    for all of it; nested marks an SLO.
    """

    container: str
    name: str
    etag: str
    size_bytes: int
    first_last: tuple[int, int] | None = None
    nested: bool = False


def parse_slo_manifest(text: str, *, source: str) -> tuple[Segment, ...]:
    """Return the segments in order.

    Raises ParseError when the text is not such a manifest.
    """
    entries = as_list(parse_json(text, source=source).value)
    if not entries:
        raise ParseError("expected a list of segments", source=source, line=1, text=text[:_SHOWN])
    return tuple(_segment(entry, source) for entry in entries)


def slo_etag(segments: tuple[Segment, ...]) -> str:
    """Return the ETag that Swift gives a large object of these segments, without quotes."""
    digest = hashlib.md5(usedforsecurity=False)
    for segment in segments:
        used = f":{segment.first_last[0]}-{segment.first_last[1]};" if segment.first_last else ""
        digest.update(f"{segment.etag}{used}".encode("ascii"))
    return digest.hexdigest()


def _segment(value: object, source: str) -> Segment:
    entry = as_object(value)
    problem = ParseError("this is no segment", source=source, line=1, text=ascii(value)[:_SHOWN])
    if entry is None:
        raise problem
    if "data" in entry:
        return _inline(entry["data"], problem)
    path, etag, size = entry.get("name"), entry.get("hash"), entry.get("bytes")
    if not isinstance(path, str) or not isinstance(etag, str):
        raise problem
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise problem
    container, _, name = path.removeprefix("/").partition("/")
    if not container or not name or not _MD5.fullmatch(etag.strip('"')):
        raise problem
    first_last = _used(entry.get("range"), size, problem)
    return Segment(
        container=container,
        name=name,
        etag=etag.strip('"'),
        size_bytes=first_last[1] - first_last[0] + 1 if first_last else size,
        first_last=first_last,
        nested=entry.get("sub_slo") is True,
    )


def _inline(value: object, problem: ParseError) -> Segment:
    try:
        data = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        raise problem from None
    if not data:
        raise problem
    etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return Segment(container="", name="", etag=etag, size_bytes=len(data))


def _used(value: object, size: int, problem: ParseError) -> tuple[int, int] | None:
    if value is None:
        return None
    found = _RANGE.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise problem
    first, last = int(found[1]), int(found[2])
    if not first <= last < size:
        raise problem
    return first, last
