"""What a Swift container holds."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from itertools import islice

from parsers.errors import ParseError
from parsers.swift_listing import ListedObject, parse_swift_containers, parse_swift_listing
from regops.errors import NotFound, Phase, Refused, RegopsError, UnexpectedAnswer, Unreachable
from regops.model.answer import Target
from regops.model.tarball import ObjectKind, StoreAccount, StoredObject, Tarballs
from regops.ports import Clock, ObjectStore
from regops.secret import mask_url

_MOST_OBJECTS = 200_000  # some 200 MB of memory; a container of tarballs has a dozen
_MOST_LOOKS = 1000
_LOOKS_UNASKED = 30  # a page of a dozen tarballs is the rule, and a closer look at each costs one question
_SHOWN_CONTAINERS = 10
_MOST_COMPARED = 1000
_MOST_MEANT = 3
# What nearly every name here ends in, so that it makes no two of them alike.
_ENDING = re.compile(r"(?:\.tar)?\.(?:tar|tgz|tbz2?|txz|gz|bz2|xz|zst)\Z", re.IGNORECASE)


class NoContainer(NotFound):
    """There is no container of that name, for whatever may be asked of it."""


def collect_tarballs(
    store: ObjectStore,
    swift_container: str,
    clock: Clock,
    *,
    timeout_seconds: float,
    page_size: int | None = None,
    look: bool | None = None,
) -> Tarballs:
    """Return all objects of a container.

    look says whether to look at each (the first thousand) for what a listing does not tell, the tags of the images in
    it; None looks where the objects are few. What a listing calls empty is looked at in any case.

    Raises NoContainer (naming the containers that are there), UnexpectedAnswer, Refused for more objects than fit,
    Unreachable when there is no end of pages in time, and what the store raises.
    """
    ends = clock.monotonic() + timeout_seconds

    def page(marker: str) -> str:
        if clock.monotonic() > ends:
            raise Unreachable(
                f"the listing of the Swift container {swift_container} took more than {timeout_seconds:g} s",
                hint="--timeout gives it more time",
                phase=Phase.BODY,
                timed_out=True,
            )
        return store.listing(swift_container, marker=marker, limit=page_size)

    try:
        listed = list(islice(_all_objects(swift_container, page), _MOST_OBJECTS + 1))
    except NotFound as error:
        raise _no_container(store, error) from error
    if len(listed) > _MOST_OBJECTS:
        raise Refused(
            f"the Swift container {swift_container} holds more than {_MOST_OBJECTS} objects, too many to list"
        )
    objects = [_stored(entry) for entry in listed]
    # A listing gives 0 bytes for what only points at other objects; asking for each tells what it is, and its size.
    every = look or (look is None and len(objects) <= _LOOKS_UNASKED)
    wanted = [one.name for one, entry in zip(objects, listed, strict=True) if every or _points(entry)][:_MOST_LOOKS]
    if wanted and clock.monotonic() < ends:
        found = store.heads(swift_container, wanted, timeout_seconds=ends - clock.monotonic())
        objects = [_closer(one, found[one.name]) if one.name in found else one for one in objects]
    untold = sum(one.image_tags is None for one in objects)
    note = _untold(untold, len(objects), look=look)
    return Tarballs(target_of(store.account, swift_container), store.account, tuple(objects), note)


def target_of(account: StoreAccount, swift_container: str) -> Target:
    """Return whom an answer about a container is about."""
    return Target(url=mask_url(account.storage_url), swift_container=swift_container)


def nearly(store: ObjectStore, swift_container: str, name: str) -> list[str]:
    """Return what is in a container and is called nearly so, the closest first. Raises NoContainer."""
    try:
        page = parse_swift_listing(store.listing(swift_container, limit=_MOST_COMPARED), source="the listing")
    except NotFound as error:
        raise _no_container(store, error) from error
    except (ParseError, RegopsError):
        return []
    stems: dict[str, list[str]] = {}
    for one in page:
        stems.setdefault(_ENDING.sub("", one.name), []).append(one.name)
    close = get_close_matches(_ENDING.sub("", name), stems)
    return [one for stem in close for one in stems[stem]][:_MOST_MEANT]


def _all_objects(swift_container: str, page_after: Callable[[str], str]) -> Iterator[ListedObject]:
    source = f"the listing of the Swift container {swift_container}"
    marker = ""
    while True:
        try:
            page = parse_swift_listing(page_after(marker), source=source)
        except ParseError as error:
            raise UnexpectedAnswer(str(error), hint="is that a Swift? see the address of the store") from error
        if not page:
            return
        yield from page
        # Swift orders names by their UTF-8; a page that leads nowhere would have us ask for ever.
        if page[-1].name.encode("utf-8", "surrogatepass") <= marker.encode("utf-8", "surrogatepass"):
            raise UnexpectedAnswer(f"{source} goes round in circles, at {page[-1].name}")
        marker = page[-1].name


def _stored(entry: ListedObject) -> StoredObject:
    return StoredObject(
        name=entry.name,
        size_bytes=entry.size_bytes,
        modified=entry.last_modified,
        etag=entry.slo_etag or entry.md5 or None,
        kind=ObjectKind.SLO if entry.slo_etag else ObjectKind.PLAIN,
        content_type=entry.content_type or None,
    )


def _points(entry: ListedObject) -> bool:
    return entry.size_bytes == 0 and not entry.slo_etag


def _closer(listed: StoredObject, found: StoredObject) -> StoredObject:
    """Return a listed object as a closer look shows it; the listing's time has the finer seconds."""
    return replace(found, modified=listed.modified or found.modified)


def _untold(untold: int, count: int, *, look: bool | None) -> str:
    """Return what to say of objects whose image tags are not known; nothing to whoever did not want them."""
    if not untold or look is False:
        return ""
    if look is None and count > _LOOKS_UNASKED:
        return f"image tags were not asked for (more than {_LOOKS_UNASKED} objects): --tags"
    return f"image tags are not known of {untold} of {count} object{'' if count == 1 else 's'}"


def _no_container(store: ObjectStore, error: NotFound) -> NoContainer:
    try:
        names = parse_swift_containers(store.containers(), source="the account's listing")
    except (ParseError, RegopsError):
        return NoContainer(error.message, hint=error.hint)
    rest = len(names) - _SHOWN_CONTAINERS
    shown = ", ".join(names[:_SHOWN_CONTAINERS]) + (f" and {rest} more" if rest > 0 else "")
    hint = f"--container can be {shown}" if names else "this account has no containers yet; is it the right project?"
    return NoContainer(error.message, hint=hint)
