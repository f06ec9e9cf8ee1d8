"""What goes once an object stands: the segments that it replaced, and those that broken uploads left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from regops.collectors.bootstrap.segments import left_segments, remove_segments, used_segments
from regops.collectors.bootstrap.upload_plan import Standing, UploadPlan
from regops.errors import RegopsError
from regops.ports import ObjectStore

_LOOK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Tidied:
    """How many segments were removed, and how many stay.

    shared are part of some object in the container; of unclear ones nobody could find that out; going_on may belong to
    an upload that is going on, until they are taken for forgotten.
    """

    removed: int
    shared: int
    unclear: int
    going_on: int
    until: datetime | None


def tidy(store: ObjectStore, plan: UploadPlan, standing: Standing, old_segments: Sequence[str]) -> Tidied:
    """Remove what nothing uses any more; the object stands whatever comes of that."""
    left, going_on, until = _left(store, plan, standing, old_segments)
    idle = tuple(dict.fromkeys((*old_segments, *left)))
    try:
        used = used_segments(store, plan.swift_container, timeout_seconds=_LOOK_SECONDS) if idle else frozenset[str]()
    except RegopsError:
        return Tidied(0, 0, len(idle), going_on, until)
    unused = [name for name in idle if name not in used]
    removed = remove_segments(store, plan.swift_container, unused)
    return Tidied(removed, len(idle) - len(unused), 0, going_on, until)


def _left(
    store: ObjectStore, plan: UploadPlan, standing: Standing, old_segments: Sequence[str]
) -> tuple[tuple[str, ...], int, datetime | None]:
    """Return what left_segments does; nothing where Swift cannot be asked."""
    now = standing.stored.modified or datetime.fromtimestamp(plan.clock.now(), UTC)
    known = tuple(filter(None, (standing.upload_name, *old_segments)))
    try:
        return left_segments(
            store, plan.swift_container, plan.name, known, now, forgotten_seconds=plan.forgotten_seconds
        )
    except RegopsError:
        return (), 0, None
