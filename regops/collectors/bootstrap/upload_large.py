"""Uploading in segments, which become one object when all are there."""

import hashlib
from collections.abc import Iterator

from regops.collectors.bootstrap.segments import remove_segments, segments_container
from regops.collectors.bootstrap.upload_plan import Sent, UploadPlan, another, noted
from regops.collectors.bootstrap.upload_source import UploadSource
from regops.errors import Refused, RegopsError, Unavailable, UnexpectedAnswer, Unreachable
from regops.model.tarball import StoredObject, StoredSegment
from regops.ports import ObjectStore

# Swift's own bound, max_manifest_segments.
_MOST_SEGMENTS = 1000


def upload_large(
    store: ObjectStore, plan: UploadPlan, upload_name: str, chunks: Iterator[bytes], source: UploadSource, sent: Sent
) -> tuple[StoredObject, int]:
    """Return the object and the number of its segments; when it does not come to be, they are removed."""
    place = segments_container(plan.swift_container)
    segments: list[StoredSegment] = []
    names: list[str] = []
    try:
        for portion in _portions(chunks, plan.segment_bytes):
            names.append(_segment_name(plan, upload_name, len(names)))
            segments.append(_as_sent(store.put(place, names[-1], portion), place))
    except BaseException:
        remove_segments(store, plan.swift_container, names)
        raise
    metadata = noted(source, sent.sha256.hexdigest())
    try:
        stored = store.put_manifest(
            plan.swift_container, plan.name, segments, metadata=metadata, only_new=not plan.replace
        )
    except (Unreachable, Unavailable) as error:
        return _settle(store, plan, segments, error), len(segments)
    except RegopsError:
        remove_segments(store, plan.swift_container, names)
        raise
    if (stored.etag, stored.size_bytes) != _whole(segments):
        raise another(plan, stored)
    return stored, len(segments)


def _settle(
    store: ObjectStore, plan: UploadPlan, segments: list[StoredSegment], error: Unreachable | Unavailable
) -> StoredObject:
    """Return the object if its manifest stands, though Swift did not say so; its segments stay, for it may later."""
    try:
        found = store.head(plan.swift_container, plan.name)
    except RegopsError:
        found = None
    if found and (found.etag, found.size_bytes) == _whole(segments):
        return found
    raise UnexpectedAnswer(
        f"{error.message}; so it is not known whether {plan.name} will stand there",
        hint="see `regops bootstrap list`; if it does not, upload it again, which also removes what this one left",
    ) from error


def _segment_name(plan: UploadPlan, upload_name: str, index: int) -> str:
    if index == _MOST_SEGMENTS:
        raise Refused(
            f"{plan.name} has more than {_MOST_SEGMENTS} segments of {plan.segment_bytes} bytes, "
            "and Swift makes no object of more",
            hint="make them larger: --segment-size",
        )
    return f"{upload_name}{index:08d}"


def _as_sent(stored: StoredObject, swift_container: str) -> StoredSegment:
    if stored.size_bytes is None or stored.etag is None:
        raise UnexpectedAnswer(f"Swift says neither size nor md5 of {stored.name}, which was just uploaded")
    return StoredSegment(swift_container, stored.name, stored.size_bytes, stored.etag)


def _whole(segments: list[StoredSegment]) -> tuple[str, int]:
    """Return the hash and the size of what Swift makes of segments."""
    etag = hashlib.md5("".join(one.md5 for one in segments).encode(), usedforsecurity=False).hexdigest()
    return etag, sum(one.size_bytes for one in segments)


def _portions(chunks: Iterator[bytes], size_bytes: int) -> Iterator[Iterator[bytes]]:
    """Yield a stream in portions of so many bytes, each to be read to its end before the next is asked for."""
    rest = next(chunks, b"")

    def portion() -> Iterator[bytes]:
        nonlocal rest
        left = size_bytes
        while rest and left:
            part, rest = rest[:left], rest[left:]
            left -= len(part)
            yield part
            if not rest:
                rest = next(chunks, b"")

    while rest:
        yield portion()
