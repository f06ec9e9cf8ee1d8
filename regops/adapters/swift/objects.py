"""Names of containers and objects on their way into URLs, and what headers say of an object."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote, unquote, urlsplit

from regops.errors import Refused, UnexpectedAnswer
from regops.model.tarball import IMAGE_TAGS_METADATA, ObjectKind, StoredObject

_MD5 = re.compile(r"[0-9a-f]{32}")
_METADATA = "x-object-meta-"
_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_LENGTH = re.compile(r"[0-9]{1,18}")


def target_path(storage_url: str, *place: str) -> str:
    """Return the path of an account, a container or an object, as a request names it."""
    return "/".join((urlsplit(storage_url).path, *map(quote, place)))


def check_container(name: str) -> None:
    """Raise Refused for what cannot be the name of a Swift container."""
    if not name or "/" in name or name in {".", ".."}:
        raise Refused(f"no Swift container can have the name {name!r}")
    _check_text(name)


def check_object(name: str) -> None:
    """Raise Refused for what cannot be asked for.

    Names with dot segments are among it, for HTTP clients take them for a way to somewhere else.
    """
    if not name:
        raise Refused("the name of the object is empty", hint="is it a variable that is not set?")
    if {".", ".."} & set(name.split("/")):
        raise Refused(f"the object name {name!r} leads elsewhere: it has . or .. for a part")
    _check_text(name)


def stored_object(name: str, headers: Mapping[str, str]) -> StoredObject:
    """Return what the headers of a HEAD or GET say; their names are in lower case."""
    kind = ObjectKind.PLAIN
    if headers.get("x-static-large-object", "").lower() == "true":
        kind = ObjectKind.SLO
    elif headers.get("x-object-manifest"):
        kind = ObjectKind.DLO
    etag, length = headers.get("etag", "").strip('"').lower(), headers.get("content-length", "")
    return StoredObject(
        name=name,
        size_bytes=int(length) if _LENGTH.fullmatch(length) else None,
        modified=_modified(headers),
        etag=etag if kind is not ObjectKind.DLO and _MD5.fullmatch(etag) else None,
        kind=kind,
        content_type=headers.get("content-type"),
        metadata=tuple(
            (key.removeprefix(_METADATA), value) for key, value in headers.items() if key.startswith(_METADATA)
        ),
        image_tags=tuple(
            unquote(tag) for tag in headers.get(f"{_METADATA}{IMAGE_TAGS_METADATA}", "").split(",") if tag.strip()
        ),
        takes_ranges=headers.get("accept-ranges", "").lower() == "bytes",
    )


def ranged_object(
    stored: StoredObject, headers: Mapping[str, str], start: int, stop: int | None
) -> tuple[StoredObject, int]:
    """Return the whole object of an answer with a part of it (206), and where that part begins.

    Raises UnexpectedAnswer when it is not the part from start to stop, or to the end.
    """
    found = _RANGE.fullmatch(headers.get("content-range", ""))
    first, last, size = (int(found[1]), int(found[2]), int(found[3])) if found else (-1, -1, -1)
    if first != start or last != (size if stop is None else min(stop, size)) - 1:
        raise UnexpectedAnswer(f"another part of {stored.name} came than the one from byte {start} on")
    return replace(stored, size_bytes=size), first


def _check_text(name: str) -> None:
    try:
        quote(name)
    except UnicodeEncodeError as error:
        raise Refused(f"the name {name!r} is no Unicode text, and Swift keeps no other names") from error


def _modified(headers: Mapping[str, str]) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(headers["x-timestamp"]), UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        pass  # behind some gateways there is only the other one, whose seconds are rounded up
    try:
        found = parsedate_to_datetime(headers["last-modified"])
    except (KeyError, ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
