"""What a store announces of an object, and the bytes of just that object."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager

from regops.collectors.bootstrap.listing import nearly
from regops.collectors.bootstrap.proof import broken_segment
from regops.errors import Changed, Conflict, Corrupted, NotFound
from regops.model.tarball import ObjectKind, StoredObject
from regops.ports import ObjectStore


def announced(store: ObjectStore, swift_container: str, name: str) -> StoredObject:
    """Return what the store says of an object.

    Raises NotFound with where to look, NoContainer, and what the store raises.
    """
    try:
        return store.head(swift_container, name)
    except NotFound as error:
        hint = f"`regops bootstrap list --container {swift_container}` shows what is there"
        close = nearly(store, swift_container, name)
        raise NotFound(error.message, hint=f"did you mean {' or '.join(close)}? {hint}" if close else hint) from error


@contextmanager
def opened(
    store: ObjectStore, swift_container: str, stored: StoredObject, start: int, stop: int | None = None
) -> Generator[Iterator[bytes]]:
    """Give the bytes of an object that was announced, from start to stop or to its end.

    Raises Changed when another has taken its place, Corrupted when a segment of it is missing or another, and what the
    store raises.
    """
    try:
        opening = store.open(swift_container, stored.name, start=start, stop=stop, etag=stored.etag)
        with opening as (arriving, chunks):
            if (arriving.etag, arriving.size_bytes) != (stored.etag, stored.size_bytes):
                raise Changed(f"{stored.name} was replaced just now", hint="try again")
            yield chunks
    except Conflict as error:
        # What Swift says of a large object that it cannot put together.
        if stored.kind is not ObjectKind.SLO:
            raise
        raise Corrupted(
            f"{stored.name} is damaged in Swift: {broken_segment(store, swift_container, stored)}",
            hint="upload it anew, from a good copy: `regops bootstrap upload` with --replace",
        ) from error
