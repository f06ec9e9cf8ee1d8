"""The last step of an upload, after which the object stands: tried again, and found out where the answer is lost."""

from collections.abc import Callable
from functools import partial

from regops.collectors.bootstrap.patience import Patience
from regops.collectors.bootstrap.segments import own_segments
from regops.collectors.bootstrap.upload_plan import UploadPlan
from regops.errors import (
    AuthenticationFailed,
    Changed,
    NotFound,
    Phase,
    Refused,
    RegopsError,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from regops.model.tarball import StoredObject
from regops.ports import ObjectStore

PASSING = (Unreachable, Unavailable, AuthenticationFailed)
"""What another try may mend: the last one because a token may have ended."""
_NOTHING_SENT = frozenset({Phase.DNS, Phase.CONNECT})


class NotKnown(UnexpectedAnswer):
    """Nobody could find out whether an object stands. It may, so what it would be made of must stay."""


def make_stand(
    store: ObjectStore, plan: UploadPlan, put: Callable[[], StoredObject], is_it: Callable[[StoredObject], bool]
) -> tuple[StoredObject, bool]:
    """Return the object that put makes, as often as it has to be tried, and whether its container was made for it.

    An answer may be lost though the object stands, and the next try would find the name taken: by itself. So what
    stands is looked at after each failure that leaves it open, and is_it says whether it is ours. Raises what put
    raises where nothing of ours stands, and NotKnown where that was not to be found out.
    """
    is_new = plan.patience().ask(partial(store.make_container, plan.swift_container))
    patience, open_end, renewed = plan.patience(), False, False
    while True:
        try:
            return put(), is_new
        except RegopsError as error:
            failed = error
        open_end = open_end or _leaves_open(failed)
        taken = isinstance(failed, Refused)
        if open_end or taken:
            try:
                ours = _ours(store, plan, is_it, patience, taken=taken)
            except RegopsError as error:
                raise _not_known(plan, error) from error
            if ours:
                return ours, is_new
        if taken:
            raise failed
        if not _may_pass(failed, patience, renewed=renewed):
            if open_end:
                raise _not_known(plan, failed) from failed
            raise failed
        renewed = isinstance(failed, AuthenticationFailed)


def has_segments(store: ObjectStore, plan: UploadPlan, found: StoredObject, names: list[str]) -> bool:
    """Return whether an object is made of just these segments: one of the same bytes may have stood there before.

    Raises what own_segments raises.
    """
    return list(own_segments(store, plan.swift_container, found)) == names


def _leaves_open(error: RegopsError) -> bool:
    """Return whether an object may stand though this was the answer to its upload."""
    if isinstance(error, Unreachable):
        return error.phase not in _NOTHING_SENT
    return isinstance(error, UnexpectedAnswer) and not isinstance(error, Changed)


def _ours(
    store: ObjectStore, plan: UploadPlan, is_it: Callable[[StoredObject], bool], patience: Patience, *, taken: bool
) -> StoredObject | None:
    """Return what stands if it is ours, None if it is not.

    Where the name is taken something stands, and a part of Swift that does not know of it yet is asked again. Raises
    what asking raises again and again.
    """
    while True:
        try:
            found = store.head(plan.swift_container, plan.name)
            return found if is_it(found) else None
        except NotFound as error:
            if not taken:
                return None
            patience.wait(error)
        except RegopsError as error:
            patience.wait(error)


def _may_pass(error: RegopsError, patience: Patience, *, renewed: bool) -> bool:
    """Return whether to try again, after a pause where one may help."""
    if isinstance(error, AuthenticationFailed):
        return not renewed
    if not isinstance(error, PASSING):
        return False
    try:
        patience.wait(error)
    except RegopsError:
        return False
    return True


def _not_known(plan: UploadPlan, error: RegopsError) -> NotKnown:
    return NotKnown(
        f"{error.message}; so it is not known whether {plan.name} will stand there",
        hint="see `regops bootstrap list`; if it does not, run the same command again",
    )
