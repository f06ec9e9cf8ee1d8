"""What a registry shows of itself when it is pinged."""

from dataclasses import dataclass
from enum import StrEnum

from regops.errors import ExitStatus
from regops.model.answer import Target
from regops.model.http import Phases, TlsFacts


class AnsweredBy(StrEnum):
    """Who wrote an answer: the registry, the nginx in front of it, something else, or nobody."""

    REGISTRY = "registry"
    NGINX = "nginx"
    OTHER = "other"
    NOBODY = "nobody"


class State(StrEnum):
    """What one path, or the whole target, turned out to be.

    UNAVAILABLE: the registry itself says that it cannot serve. DOWN: nothing lives there, or only the front before it.
    SILENT: connections are accepted, answers do not come. STRANGE: an answer that no registry gives. UNREACHABLE: it
    was not possible to ask.
    """

    ALIVE = "alive"
    UNAVAILABLE = "unavailable"
    NOT_OFFERED = "not offered"
    DOWN = "down"
    SILENT = "silent"
    STRANGE = "strange"
    UNREACHABLE = "unreachable"


class Culprit(StrEnum):
    """Which part is to blame, as far as it can be told from outside.

    CONTAINER: stopped or paused, or the whole host hangs. NGINX: nothing listens behind a published port. REGISTRY: the
    application behind nginx. CONNECTION: name, network, proxy or TLS.
    """

    CONTAINER = "container"
    NGINX = "nginx"
    REGISTRY = "registry"
    CONNECTION = "connection"


class Generation(StrEnum):
    """Which HTTP surface is offered: the classic one of 0.x, distribution's /v2/, or both from one address."""

    CLASSIC = "classic"
    DISTRIBUTION = "distribution"
    BOTH = "distribution with the classic surface"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Surface:
    """One path that was asked: what came, in words, and what to try next ("" for nothing).

    status is None when no reply came, culprit when nothing is wrong. words and hint may quote the server.
    """

    path: str
    state: State
    answered_by: AnsweredBy
    status: int | None
    words: str
    hint: str
    culprit: Culprit | None
    phases: Phases | None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the registry says it is; None for what it does not say. server is the Server header of whoever answered."""

    generation: Generation
    version: str | None
    flavor: str | None
    server: str | None


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one round of questions showed of one target.

    headline says in a sentence what state means here, hint what to try next, culprit which part is to blame. address is
    the numeric peer, via a proxy, login as whom the registry knows us. warnings are for the operator: bad certificates,
    withheld credentials, parts that fail although the registry lives.
    """

    state: State
    headline: str
    hint: str
    culprit: Culprit | None
    identity: Identity
    address: str
    via: str | None
    login: str | None
    tls: TlsFacts | None
    surfaces: tuple[Surface, ...]
    warnings: tuple[str, ...]

    @property
    def primary(self) -> Surface | None:
        """The path that decided: the first that lives, of one that is alive; else the first that is offered."""
        alive = (surface for surface in self.surfaces if surface.state is State.ALIVE)
        offered = (surface for surface in self.surfaces if surface.state is not State.NOT_OFFERED)
        found = next(alive, None) if self.state is State.ALIVE else next(offered, None)
        return found or next(iter(self.surfaces), None)


@dataclass(frozen=True, slots=True)
class Pong:
    """One question of several: sequence counts from 1; time_seconds is None when no registry answered it."""

    sequence: int
    path: str
    state: State
    status: int | None
    words: str
    time_seconds: float | None
    phases: Phases | None


@dataclass(frozen=True, slots=True)
class PingStatistics:
    """The last lines of ping(8): counts, loss from 0 to 1, times (None when nothing came), mdev their deviation."""

    sent: int
    received: int
    loss_ratio: float
    elapsed_seconds: float
    min_seconds: float | None
    avg_seconds: float | None
    max_seconds: float | None
    mdev_seconds: float | None


@dataclass(frozen=True, slots=True)
class Probe:
    """One target: the sighting, and the single questions if there was more than one (the last thousand of them).

    sighting is None when the command was interrupted before anything came.
    """

    target: Target
    alive: bool
    sighting: Sighting | None
    pongs: tuple[Pong, ...]
    statistics: PingStatistics


@dataclass(frozen=True, slots=True)
class PingAnswer:
    """All targets of one command, in the order they were given; repeated says that each was asked several times."""

    target: Target
    probes: tuple[Probe, ...]
    repeated: bool
    interrupted: bool

    @property
    def exit_status(self) -> ExitStatus:
        """OK if every target answered at least once; BAD_NEWS, as ping(8) has it, if one never did."""
        return ExitStatus.OK if all(probe.alive for probe in self.probes) else ExitStatus.BAD_NEWS
