"""Making one object of segments that are there, and what becomes of them where that is not to be."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from parsers.slo_manifest import Segment, slo_etag
from regops.collectors.bootstrap.segments import remove_segments
from regops.collectors.bootstrap.upload_end import PASSING, NotKnown, has_segments, make_stand
from regops.collectors.bootstrap.upload_plan import UploadPlan, noted
from regops.errors import Refused, RegopsError
from regops.model.size import size_words
from regops.model.tarball import StoredObject, StoredSegment
from regops.ports import ObjectStore, Progress

# Swift's own bound, max_manifest_segments.
_MOST_SEGMENTS = 1000


def segment_name(plan: UploadPlan, upload_name: str, index: int) -> str:
    """Return the name of a segment by its place. Raises Refused for one beyond what Swift joins."""
    if index >= _MOST_SEGMENTS:
        raise Refused(
            f"{plan.name} has more than {_MOST_SEGMENTS} segments of {plan.segment_bytes} bytes, "
            "and Swift makes no object of more",
            hint="make them larger: --segment-size",
        )
    return f"{upload_name}{index:08d}"


def join_segments(
    store: ObjectStore, plan: UploadPlan, segments: Sequence[StoredSegment], tags: tuple[str, ...], sha256: str
) -> tuple[StoredObject, bool]:
    """Make one object of segments, and return what make_stand returns.

    Raises as make_stand does; put_by decides what becomes of the segments then.
    """
    names = [one.name for one in segments]
    etag, size_bytes = _whole(segments)
    put = partial(
        store.put_manifest,
        plan.swift_container,
        plan.name,
        segments,
        metadata=noted(tags, sha256),
        only_new=not plan.replace,
    )
    stored, is_new = make_stand(store, plan, put, lambda found: has_segments(store, plan, found, names))
    if stored.etag not in {None, etag}:
        raise NotKnown(
            f"{plan.name} is not what was sent: {stored.size_bytes} bytes with the hash {stored.etag} stand there",
            hint="see `regops bootstrap verify`; the segments that were sent are still there",
        )
    return replace(stored, etag=etag, size_bytes=size_bytes), is_new


def put_by(
    store: ObjectStore,
    plan: UploadPlan,
    segments: Sequence[StoredSegment],
    begun: Sequence[str],
    error: BaseException,
    progress: Progress,
) -> None:
    """Decide about the segments of an upload that came to an early end.

    Where the next run may go on with them they stay: after what passes (a lost connection, a store that is not well,
    an interrupt), and where an object of them may stand. All that were begun are removed where they are of no use (a
    file that is no image), or in the way (no room).
    """
    if isinstance(error, NotKnown):
        return
    size_bytes = sum(one.size_bytes for one in segments)
    if isinstance(error, RegopsError) and not isinstance(error, PASSING):
        remove_segments(store, plan.swift_container, begun)
    elif not segments:
        return
    elif not isinstance(error, RegopsError):
        there = f"{size_words(size_bytes)} are there in segments"
        progress.step(f"{there}; if {plan.name} does not stand yet, the same command goes on with them")
    else:
        error.hint = f"the same command goes on with the {size_words(size_bytes)} that are there in segments"


def _whole(segments: Sequence[StoredSegment]) -> tuple[str, int]:
    """Return the hash and the size of what Swift makes of segments."""
    etag = slo_etag(tuple(Segment(one.swift_container, one.name, one.md5, one.size_bytes) for one in segments))
    return etag, sum(one.size_bytes for one in segments)
