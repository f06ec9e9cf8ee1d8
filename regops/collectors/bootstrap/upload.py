"""Putting a tarball into Swift: whole and checked under its name, or not at all.

A small one is one object, which Swift keeps only when its end has come. A large one is sent in segments, and stands
when the manifest that names them does; until then nobody sees anything of it, and what was sent is taken away again.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from regops.collectors.bootstrap.listing import target_of
from regops.collectors.bootstrap.segments import left_segments, new_upload, own_segments, remove_segments
from regops.collectors.bootstrap.upload_large import upload_large
from regops.collectors.bootstrap.upload_plan import Sent, UploadPlan, another, noted
from regops.collectors.bootstrap.upload_source import UploadSource
from regops.errors import NotFound, Refused
from regops.model.tarball import StoredObject
from regops.model.upload import Uploaded
from regops.ports import Clock, ObjectStore, Progress


def upload(store: ObjectStore, source: UploadSource, plan: UploadPlan, clock: Clock, progress: Progress) -> Uploaded:
    """Upload a tarball and return what stands then.

    Raises Refused when the name is taken and plan does not replace, or when there would be too many segments; what the
    source raises when it turns out bad; Corrupted when something else arrived than was sent; and what the store raises.
    """
    before = _before(store, plan)
    old_segments = own_segments(store, plan.swift_container, before) if before else ()
    sent = Sent()
    with progress.transfer(plan.name, None if source.from_image else source.size_bytes) as advance:
        chunks = sent.counted(source.chunks(), advance)
        if source.size_bytes > plan.segment_bytes:
            upload_name = new_upload(plan.name, clock)
            stored, segments = upload_large(store, plan, upload_name, chunks, source, sent)
        else:
            upload_name, segments = "", 0
            stored = _upload_plain(store, plan, chunks, source, sent)
    removed = remove_segments(store, plan.swift_container, old_segments)
    now = stored.modified or datetime.fromtimestamp(clock.now(), UTC)
    left, going_on = left_segments(
        store, plan.swift_container, plan.name, upload_name, now, forgotten_seconds=plan.forgotten_seconds
    )
    return Uploaded(
        target=target_of(store.account, plan.swift_container),
        account=store.account,
        name=plan.name,
        source=source.name,
        from_image=source.from_image,
        kind=stored.kind,
        size_bytes=sent.size_bytes,
        etag=stored.etag or "",
        sha256=sent.sha256.hexdigest(),
        tags=source.tags,
        segments=segments,
        replaced=before is not None,
        removed_segments=removed + remove_segments(store, plan.swift_container, left),
        other_segments=going_on,
    )


def _before(store: ObjectStore, plan: UploadPlan) -> StoredObject | None:
    try:
        found = store.head(plan.swift_container, plan.name)
    except NotFound:
        return None
    if not plan.replace:
        size = "" if found.size_bytes is None else f", {found.size_bytes} bytes"
        date = f" of {found.modified:%Y-%m-%d %H:%M} UTC" if found.modified else ""
        raise Refused(
            f"the Swift container {plan.swift_container} has {plan.name} already{date}{size}",
            hint="--replace puts the new one in its place; another NAME puts it beside",
        )
    return found


def _upload_plain(
    store: ObjectStore, plan: UploadPlan, chunks: Iterator[bytes], source: UploadSource, sent: Sent
) -> StoredObject:
    stored = store.put(
        plan.swift_container,
        plan.name,
        chunks,
        metadata=noted(source, source.sha256),
        only_new=not plan.replace,
        md5=source.md5,
    )
    if (stored.etag, stored.size_bytes) != (sent.md5.hexdigest(), sent.size_bytes):
        raise another(plan, stored)
    return stored
