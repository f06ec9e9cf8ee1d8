"""Readings of nginx's counters, one after another, and what happened between them."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime

from regops.collectors.nginx_status import NginxPage
from regops.errors import RegopsError
from regops.model.nginx_status import Failure, NginxRates, NginxSample, NginxStatus
from regops.ports import Clock

# Two readings within one tick of the clock must not divide by zero.
_LEAST_SECONDS = 1e-6


def take_samples(page: NginxPage, clock: Clock, *, every_seconds: float, count: int | None) -> Iterator[NginxSample]:
    """Yield readings, every_seconds from start to start, count of them or for ever; one that fails is a sample too."""
    last: tuple[float, NginxStatus] | None = None
    starts = clock.monotonic()
    for number in itertools.count(1):
        status, error = None, None
        try:
            status = page.read()
        except RegopsError as failed:
            error = Failure(failed.kind, failed.message, failed.hint, failed.exit_status)
        now = clock.monotonic()
        rates = _rates(last, (now, status)) if last and status else None
        yield NginxSample(
            taken_at=datetime.fromtimestamp(clock.now(), UTC),
            status=status,
            rates=rates,
            restarted=bool(last and status and rates is None),
            error=error,
        )
        last = (now, status) if status else last
        if number == count:
            return
        now = clock.monotonic()
        # A reading that took longer than its turn is followed at once by the next, and those missed are not made up.
        starts = max(starts + every_seconds, now)
        clock.sleep(starts - now)


def _rates(before: tuple[float, NginxStatus], after: tuple[float, NginxStatus]) -> NginxRates | None:
    """Return what happened between two readings, None when nginx was restarted between them.

    Its counters then began anew; that shows for as long as one of them is still smaller than it was.
    """
    seconds = max(after[0] - before[0], _LEAST_SECONDS)
    old, new = before[1], after[1]
    accepts, handled, requests = new.accepts - old.accepts, new.handled - old.handled, new.requests - old.requests
    if min(accepts, handled, requests) < 0:
        return None
    return NginxRates(
        interval_seconds=seconds,
        accepts_per_second=accepts / seconds,
        handled_per_second=handled / seconds,
        requests_per_second=requests / seconds,
        dropped=max(0, accepts - handled),
    )
