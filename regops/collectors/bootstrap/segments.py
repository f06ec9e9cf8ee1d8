"""The segments of large objects: where they lie, whose they are, and which of them nobody needs any more.

Segments of NAME in CONTAINER lie in CONTAINER_segments, as NAME/regops/UPLOAD/00000000 and so on. Every upload has a
name of its own, so that two of them never share a segment: one may fail, and take its own away, without harm to the
other.

That holds for an upload that goes on where an earlier one ended, too. Nobody here can know whether that one is over: it
may have been killed, or run on another host, and be about to make its object, to remove its segments, or to find them
removed as forgotten. So what it sent is not adopted but copied, by Swift itself, under the new upload's name: nothing
goes over the line again, and whatever becomes of the other's segments meanwhile, the copy is ours. A segment that is
gone by then, or whose copy has not the right md5, is sent. The number in a segment's name is its place in the file, so
one listing tells which of them may fit; whether one does, its size and md5 decide against the file's own stretch.
"""

import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from parsers.errors import ParseError
from parsers.swift_listing import ListedObject, parse_swift_listing
from regops.collectors.bootstrap.proof import manifest_of
from regops.errors import NotFound, RegopsError, UnexpectedAnswer
from regops.model.tarball import ObjectKind, StoredObject
from regops.ports import Clock, ObjectStore

# Between two segments of an upload that is going on there is the time for one of them; nobody waits an hour for that.
FORGOTTEN_SECONDS = 3600.0
_PLACE = re.compile(r"(\d{10}-[0-9a-f]{16})/(\d{8})")
_MOST_PAGES = 100
_MOST_LOOKS = 1000
_MOST_GONE = 10  # more than these were not looked at: each is one more question, after all the time there was


def segments_container(swift_container: str) -> str:
    """Return the container for the segments of another's objects, as the swift client names it."""
    return f"{swift_container}_segments"


def new_upload(name: str, clock: Clock) -> str:
    """Return what the names of an upload's segments begin with."""
    return f"{name}/regops/{int(clock.now()):010d}-{secrets.token_hex(8)}/"


@dataclass(frozen=True, slots=True)
class EarlierSegment:
    """A segment that lies there for an object, of which upload and at which place in it."""

    upload: str
    index: int
    name: str
    size_bytes: int
    md5: str
    modified: datetime | None


def earlier_segments(store: ObjectStore, swift_container: str, name: str) -> tuple[EarlierSegment, ...]:
    """Return all segments of an object's uploads, those of one that stands included."""
    prefix = f"{name}/regops/"
    listed: list[ListedObject] = []
    with suppress(NotFound, ParseError):
        listed.extend(_listed(store, segments_container(swift_container), prefix))
    return tuple(
        EarlierSegment(place[1], int(place[2]), one.name, one.size_bytes, one.md5, one.last_modified)
        for one in listed
        if (place := _PLACE.fullmatch(one.name.removeprefix(prefix)))
    )


def own_segments(store: ObjectStore, swift_container: str, stored: StoredObject) -> tuple[str, ...]:
    """Return the segments of an SLO that were made for it, by their place and names; none for other objects.

    The swift client puts them at the same place. Others may belong to somebody else, and are not named.
    """
    if stored.kind is not ObjectKind.SLO:
        return ()
    return tuple(
        name for name in _named_segments(store, swift_container, stored.name) if name.startswith(f"{stored.name}/")
    )


def used_segments(store: ObjectStore, swift_container: str, *, timeout_seconds: float) -> frozenset[str]:
    """Return the segments that the objects of a container are made of, as far as they lie at their usual place.

    An object may be made of another's segments: a manifest that was copied under another name is. Raises
    UnexpectedAnswer where it is not known of all objects, or for too many of them, and what the store raises.
    """
    try:
        listed = list(islice(_listed(store, swift_container, ""), _MOST_LOOKS + 1))
    except ParseError as error:
        raise UnexpectedAnswer(str(error)) from error
    if len(listed) > _MOST_LOOKS:
        raise UnexpectedAnswer(f"the Swift container {swift_container} holds more than {_MOST_LOOKS} objects")
    # A listing of a Swift before 2.19 does not tell which are large.
    unsaid = [one.name for one in listed if not one.slo_etag]
    found = dict(store.heads(swift_container, unsaid, timeout_seconds=timeout_seconds))
    missing = [name for name in unsaid if name not in found]
    if len(missing) > _MOST_GONE:
        raise UnexpectedAnswer(f"it is not known what all objects of the Swift container {swift_container} are made of")
    for name in missing:
        with suppress(NotFound):  # gone since it was listed
            found[name] = store.head(swift_container, name)
    if any(one.kind is ObjectKind.DLO for one in found.values()):
        raise UnexpectedAnswer(
            f"what the dynamic objects of the Swift container {swift_container} are made of may change"
        )
    large = [one.name for one in listed if one.slo_etag]
    large += [name for name, one in found.items() if one.kind is ObjectKind.SLO]
    return frozenset(segment for name in large for segment in _named_segments(store, swift_container, name))


def _named_segments(store: ObjectStore, swift_container: str, name: str) -> Iterator[str]:
    """Yield those segments of an SLO that lie at the usual place."""
    place = segments_container(swift_container)
    return (one.name for one in manifest_of(store, swift_container, name) if one.container == place)


def left_segments(
    store: ObjectStore,
    swift_container: str,
    name: str,
    known: tuple[str, ...],
    now: datetime,
    *,
    forgotten_seconds: float,
) -> tuple[tuple[str, ...], int, datetime | None]:
    """Return the segments of an object's uploads that never came to their end, and how many may yet come to it.

    The last is when these, too, are taken for forgotten, None for none. known are names of uploads, or of segments,
    that came to their end; now is Swift's own time.
    """
    by_upload: dict[str, list[EarlierSegment]] = {}
    for found in earlier_segments(store, swift_container, name):
        if not found.name.startswith(known):
            by_upload.setdefault(found.upload, []).append(found)
    limit = now - timedelta(seconds=forgotten_seconds)
    left: list[str] = []
    going_on: list[datetime] = []
    for segments in by_upload.values():
        if all(one.modified is not None and one.modified <= limit for one in segments):
            left.extend(one.name for one in segments)
        else:
            going_on.extend(one.modified or now for one in segments)
    until = max(going_on) + timedelta(seconds=forgotten_seconds) if going_on else None
    return tuple(left), len(going_on), until


def remove_segments(store: ObjectStore, swift_container: str, names: Iterable[str]) -> int:
    """Remove segments as far as that works, and return how many went."""
    removed = 0
    with suppress(RegopsError):
        for name in names:
            store.delete(segments_container(swift_container), name)
            removed += 1
    return removed


def _listed(store: ObjectStore, swift_container: str, prefix: str) -> Iterator[ListedObject]:
    marker = ""
    for _ in range(_MOST_PAGES):
        page = parse_swift_listing(
            store.listing(swift_container, marker=marker, prefix=prefix), source=f"the listing of {swift_container}"
        )
        if not page:
            return
        yield from page
        marker = page[-1].name
    raise UnexpectedAnswer(f"the listing of {swift_container} has no end")
