"""What a Swift container holds."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC
from itertools import islice

from parsers.errors import ParseError
from parsers.swift_listing import ListedObject, parse_swift_containers, parse_swift_listing
from regops.errors import NotFound, Phase, Refused, RegopsError, UnexpectedAnswer, Unreachable
from regops.model.answer import Target
from regops.model.tarball import ObjectKind, StoreAccount, StoredObject, Tarballs
from regops.ports import Clock, ObjectStore
from regops.secret import mask_url

_MOST_OBJECTS = 200_000  # some 200 MB of memory; a container of tarballs has a dozen
_MOST_LOOKS = 50
_SHOWN_CONTAINERS = 10


def collect_tarballs(
    store: ObjectStore, swift_container: str, clock: Clock, *, timeout_seconds: float, page_size: int | None = None
) -> Tarballs:
    """Return all objects of a container.

    Raises NotFound (naming the containers that are there), UnexpectedAnswer, Refused for more objects than fit,
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
    pointers = [index for index, entry in enumerate(listed) if entry.size_bytes == 0 and not entry.slo_etag]
    for index in pointers[:_MOST_LOOKS]:
        objects[index] = _looked_at(store, swift_container, objects[index])
    return Tarballs(target_of(store.account, swift_container), store.account, tuple(objects))


def target_of(account: StoreAccount, swift_container: str) -> Target:
    """Return whom an answer about a container is about."""
    return Target(url=mask_url(account.storage_url), swift_container=swift_container)


def check_container(store: ObjectStore, swift_container: str) -> None:
    """Raise NotFound, naming the containers that are there, unless this one is."""
    try:
        store.listing(swift_container, limit=1)
    except NotFound as error:
        raise _no_container(store, error) from error


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
        modified=entry.last_modified.astimezone(UTC) if entry.last_modified else None,
        etag=entry.slo_etag or entry.md5 or None,
        kind=ObjectKind.SLO if entry.slo_etag else ObjectKind.PLAIN,
        content_type=entry.content_type or None,
    )


def _looked_at(store: ObjectStore, swift_container: str, listed: StoredObject) -> StoredObject:
    """Return a listed object as a closer look shows it; as it was listed when it cannot be looked at."""
    try:
        found = store.head(swift_container, listed.name)
    except (NotFound, Refused):
        return listed
    return replace(found, modified=listed.modified or found.modified)


def _no_container(store: ObjectStore, error: NotFound) -> RegopsError:
    try:
        names = parse_swift_containers(store.containers(), source="the account's listing")
    except (ParseError, RegopsError):
        return error
    rest = len(names) - _SHOWN_CONTAINERS
    shown = ", ".join(names[:_SHOWN_CONTAINERS]) + (f" and {rest} more" if rest > 0 else "")
    hint = f"--container can be {shown}" if names else "this account has no containers yet; is it the right project?"
    return NotFound(error.message, hint=hint)
