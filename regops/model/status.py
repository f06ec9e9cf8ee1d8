"""How a registry says it is: its parts, each with a word and a sentence."""

from dataclasses import dataclass
from enum import StrEnum

from regops.errors import ExitStatus
from regops.model.answer import Target
from regops.model.http import TlsFacts
from regops.model.probe import Identity, Surface


class Health(StrEnum):
    """What is known of one part.

    UNCONFIGURED: it is not there, and need not be. NOT_TOLD: nothing that was asked says so or otherwise.
    """

    WELL = "well"
    UNCONFIGURED = "not configured"
    NOT_TOLD = "not told"
    FAILING = "failing"
    HANGING = "hangs"
    DOWN = "down"


class Verdict(StrEnum):
    """What it comes to: UNKNOWN when nothing could be asked."""

    WELL = "well"
    ILL = "ill"
    UNKNOWN = "unknown"


BROKEN = frozenset({Health.FAILING, Health.HANGING, Health.DOWN})


@dataclass(frozen=True, slots=True)
class Part:
    """One part: `nginx`, `registry`, `storage`, `redis`; said is the registry's own text, "" when it said nothing."""

    name: str
    health: Health
    words: str
    said: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class RegistryHealth:
    """The answer of `regops status`.

    host is the name of the container, as /_status gives it; status_code is the HTTP status of /_status, None when it
    was not asked or did not answer; waited_seconds is how long that took.
    """

    target: Target
    verdict: Verdict
    headline: str
    hint: str
    identity: Identity
    host: str | None
    address: str
    via: str | None
    login: str | None
    tls: TlsFacts | None
    parts: tuple[Part, ...]
    surfaces: tuple[Surface, ...]
    warnings: tuple[str, ...]
    status_code: int | None
    waited_seconds: float | None

    @property
    def exit_status(self) -> ExitStatus:
        """OK when well, BAD_NEWS when a part is broken, UNKNOWN when nothing could be asked."""
        match self.verdict:
            case Verdict.WELL:
                return ExitStatus.OK
            case Verdict.ILL:
                return ExitStatus.BAD_NEWS
            case Verdict.UNKNOWN:
                return ExitStatus.UNKNOWN
