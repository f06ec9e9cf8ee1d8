"""Putting a tarball into Swift: whole and checked under its name, or not at all.

A small one is one object, which Swift keeps only when its end has come. A large one is sent in segments, and stands
when the manifest that names them does; until then nobody sees anything of it.
"""

import hashlib
from functools import partial
from pathlib import Path

from regops.collectors.bootstrap.image_tarball import ImageChecker
from regops.collectors.bootstrap.listing import target_of
from regops.collectors.bootstrap.patience import log_in
from regops.collectors.bootstrap.segments import own_segments
from regops.collectors.bootstrap.tarball_source import counted
from regops.collectors.bootstrap.upload_end import make_stand
from regops.collectors.bootstrap.upload_large import upload_large
from regops.collectors.bootstrap.upload_plan import Standing, UploadPlan, noted
from regops.collectors.bootstrap.upload_source import UploadFile, UploadSource
from regops.collectors.bootstrap.upload_stream import upload_stream
from regops.collectors.bootstrap.upload_tidy import tidy
from regops.errors import Corrupted, NotFound, Refused
from regops.model.tarball import StoredObject
from regops.model.upload import Uploaded
from regops.ports import ObjectStore, Progress


def upload(store: ObjectStore, source: UploadSource, plan: UploadPlan, progress: Progress) -> Uploaded:
    """Upload a tarball and return what stands then.

    Raises Refused when the name is taken and plan does not replace, or when there would be too many segments; what the
    source raises when it turns out bad; Corrupted when something else arrived than was sent; and what the store raises
    when it does so again and again.
    """
    log_in(store, plan.patience())
    before = plan.patience().ask(partial(_before, store, plan))
    old_segments = (
        plan.patience().ask(partial(own_segments, store, plan.swift_container, before)) if before is not None else ()
    )
    if not isinstance(source, UploadFile):
        standing = upload_stream(store, plan, source, progress)
    elif source.size_bytes > plan.segment_bytes:
        standing = upload_large(store, plan, source, progress)
    else:
        standing = _upload_small(store, plan, source, progress)
    stored = standing.stored
    tidied = tidy(store, plan, standing, old_segments)
    return Uploaded(
        target=target_of(store.account, plan.swift_container),
        account=store.account,
        name=plan.name,
        source=source.name,
        from_image=not isinstance(source, UploadFile),
        kind=stored.kind,
        size_bytes=standing.size_bytes,
        etag=stored.etag or "",
        sha256=standing.sha256,
        tags=standing.tags,
        segments=standing.segments,
        resumed_bytes=standing.resumed_bytes,
        replaced=before is not None,
        made_swift_container=standing.is_new_container,
        removed_segments=tidied.removed,
        shared_segments=tidied.shared,
        unclear_segments=tidied.unclear,
        other_segments=tidied.going_on,
        other_until=tidied.until,
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


def _upload_small(store: ObjectStore, plan: UploadPlan, source: UploadFile, progress: Progress) -> Standing:
    """Upload a file as one object; it is checked before, for its tags and sha256 go out ahead of it."""
    checker, md5 = ImageChecker(Path(source.name).name), hashlib.md5(usedforsecurity=False)
    with progress.transfer(f"checking {plan.name}", source.size_bytes) as advance:
        for chunk in source.stretch(0, source.size_bytes):
            checker.update(chunk)
            md5.update(chunk)
            advance(len(chunk))
    contents, etag = checker.finish(), md5.hexdigest()

    def put_once() -> StoredObject:
        with progress.transfer(plan.name, source.size_bytes) as advance:
            return store.put(
                plan.swift_container,
                plan.name,
                counted(source.stretch(0, source.size_bytes), advance),
                metadata=noted(contents.tags, contents.sha256),
                only_new=not plan.replace,
                md5=etag,
                size_bytes=source.size_bytes,
            )

    def put() -> StoredObject:
        try:
            return put_once()
        except Corrupted:
            return put_once()  # a byte may flip on the way

    stored, is_new = make_stand(
        store, plan, put, lambda found: (found.etag, found.size_bytes) == (etag, source.size_bytes)
    )
    return Standing(
        stored, sha256=contents.sha256, tags=contents.tags, size_bytes=source.size_bytes, is_new_container=is_new
    )
