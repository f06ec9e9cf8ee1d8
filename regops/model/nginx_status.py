"""What nginx says about its connections, once or again and again."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from regops.errors import ExitStatus
from regops.model.answer import Target


class Asked(StrEnum):
    """From where the page was asked for."""

    OUTSIDE = "outside"
    INSIDE = "inside"


@dataclass(frozen=True, slots=True)
class NginxStatus:
    """nginx's counters, and what follows from them.

    page is the address that gave them, asked from outside or from inside the target's container; notes say why, and
    what else the operator should know of the asking.

    active, reading, writing and waiting are connections now; the asking one is 1 active and 1 writing. accepts,
    handled, requests and dropped (accepts - handled) count since nginx started. requests_per_connection is
    requests / handled, None before the first connection. request_time_seconds is what all requests took together, as
    only Tengine tells.
    """

    target: Target
    page: str
    asked: Asked
    notes: tuple[str, ...]
    active: int
    reading: int
    writing: int
    waiting: int
    accepts: int
    handled: int
    dropped: int
    requests: int
    requests_per_connection: float | None
    request_time_seconds: float | None

    @property
    def exit_status(self) -> ExitStatus:
        """OK: nginx answered. What its numbers mean over time is for those who watch them."""
        return ExitStatus.OK


@dataclass(frozen=True, slots=True)
class NginxRates:
    """What happened between two readings, interval_seconds apart; dropped is a number of connections, not a rate."""

    interval_seconds: float
    accepts_per_second: float
    handled_per_second: float
    requests_per_second: float
    dropped: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a reading failed, as the error itself would have said it."""

    kind: str
    message: str
    hint: str
    exit_status: ExitStatus


@dataclass(frozen=True, slots=True)
class NginxSample:
    """One reading of several.

    status is None when it failed, and error says why. rates compare with the last reading that did not fail: None
    for the first, and when the counters began anew, which restarted tells.
    """

    taken_at: datetime
    status: NginxStatus | None
    rates: NginxRates | None
    restarted: bool
    error: Failure | None
