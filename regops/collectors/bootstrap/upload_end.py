"""The last step of an upload, after which the object stands: tried again, and found out where the answer is lost."""

from collections.abc import Callable

from regops.collectors.bootstrap.segments import own_segments
from regops.collectors.bootstrap.upload_plan import UploadPlan
from regops.errors import AuthenticationFailed, Refused, RegopsError, Unavailable, Unreachable
from regops.model.tarball import StoredObject
from regops.ports import ObjectStore

PASSING = (Unreachable, Unavailable, AuthenticationFailed)
"""What another try may mend: the last one because a token may have ended."""


def make_stand(
    store: ObjectStore, plan: UploadPlan, put: Callable[[], StoredObject], is_it: Callable[[StoredObject], bool]
) -> StoredObject:
    """Return the object that put makes, as often as it has to be tried.

    An answer may be lost though the object stands, and the next try would find the name taken: by itself. So what
    stands is looked at after each failure, and is_it says whether it is ours. Raises what put raises.
    """
    patience, tried, renewed = plan.patience(), False, False
    while True:
        try:
            return put()
        except (*PASSING, Refused) as error:
            found = _found(store, plan) if tried or not isinstance(error, Refused) else None
            if found and is_it(found):
                return found
            if isinstance(error, Refused) or (isinstance(error, AuthenticationFailed) and renewed):
                raise
            renewed = isinstance(error, AuthenticationFailed)
            if not renewed:
                patience.wait(error)
            tried = True


def has_segments(store: ObjectStore, plan: UploadPlan, found: StoredObject, names: list[str]) -> bool:
    """Return whether an object is made of just these segments: one of the same bytes may have stood there before."""
    try:
        return list(own_segments(store, plan.swift_container, found)) == names
    except RegopsError:
        return False


def _found(store: ObjectStore, plan: UploadPlan) -> StoredObject | None:
    try:
        return store.head(plan.swift_container, plan.name)
    except RegopsError:
        return None
