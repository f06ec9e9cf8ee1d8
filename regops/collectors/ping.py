"""Pings: one sighting of each target, then the same small question again and again, all targets at once."""

import contextlib
import math
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from parsers.errors import ParseError
from parsers.registry_status import parse_registry_status
from regops.collectors.identify import identify
from regops.collectors.service_health import service_parts
from regops.collectors.surface import CLASSIC, PING, STATUS, V2, look
from regops.model.answer import Target
from regops.model.http import HttpReply
from regops.model.probe import PingAnswer, PingStatistics, Pong, Probe, Sighting, State, Surface
from regops.model.status import BROKEN
from regops.ports import Clock, Registry

_KEPT = 1000
_LEAST_SECONDS = 0.2
OnPong = Callable[[str, Pong], None]


@dataclass(frozen=True, slots=True)
class PingPlan:
    """How to ping: count of questions to each target (0: until interrupted), seconds between and for each of them.

    look_inside asks /_status once as well, which makes the registry try its storage and its redis.
    """

    count: int = 1
    interval_seconds: float = 1.0
    timeout_seconds: float = 10.0
    look_inside: bool = True


@dataclass(slots=True)
class _Run:
    """What is known of one target so far; the thread that asks writes, the main thread reads when it ends."""

    target: Target
    started: float
    sighting: Sighting | None = None
    pongs: deque[Pong] = field(default_factory=lambda: deque[Pong](maxlen=_KEPT))
    sent: int = 0
    received: int = 0
    total: float = 0.0
    squares: float = 0.0
    shortest: float = math.inf
    longest: float = 0.0

    def add(self, pong: Pong) -> None:
        self.pongs.append(pong)
        if pong.time_seconds is not None:
            self.received += 1
            self.total += pong.time_seconds
            self.squares += pong.time_seconds**2
            self.shortest, self.longest = min(self.shortest, pong.time_seconds), max(self.longest, pong.time_seconds)


def collect_ping(registries: Sequence[Registry], clock: Clock, plan: PingPlan, on_pong: OnPong) -> PingAnswer:
    """Return what pinging the targets showed; on_pong hears of each answer as it comes, (address, answer).

    Ctrl-C ends it early, with what there is. Raises what keeps us from asking at all: ConfigurationError,
    PermissionDenied.
    """
    runs = [_Run(Target(url=registry.url), clock.monotonic()) for registry in registries]
    events: queue.SimpleQueue[tuple[_Run, Pong] | BaseException | None] = queue.SimpleQueue()

    def work(run: _Run, registry: Registry) -> None:
        try:
            _ping(run, registry, clock, plan, lambda pong: events.put((run, pong)))
        except BaseException as error:  # noqa: BLE001 - handed to the main thread, which raises it
            events.put(error)
        else:
            events.put(None)

    interrupted = True
    with contextlib.suppress(KeyboardInterrupt):
        # Nobody waits for these threads: a question under way ends by its own deadline, or with the process.
        for run, registry in zip(runs, registries, strict=True):
            threading.Thread(target=work, args=(run, registry), daemon=True).start()
        _listen(events, len(runs), on_pong)
        interrupted = False
    return PingAnswer(
        target=runs[0].target if len(runs) == 1 else Target(),
        probes=tuple(_probe(run, clock) for run in runs),
        repeated=plan.count != 1,
        interrupted=interrupted,
    )


def _listen(
    events: "queue.SimpleQueue[tuple[_Run, Pong] | BaseException | None]", working: int, on_pong: OnPong
) -> None:
    while working:
        match events.get():
            case None:
                working -= 1
            case BaseException() as error:
                raise error
            case (run, pong):
                on_pong(run.target.url or "", pong)


def _ping(run: _Run, registry: Registry, clock: Clock, plan: PingPlan, tell: Callable[[Pong], None]) -> None:
    begun = clock.monotonic()
    run.sent = 1
    sighting = identify(registry, clock, timeout_seconds=plan.timeout_seconds)
    # Who serves the classic paths serves /_status too; who does not would only say 404, or hang once more.
    classic = (surface for surface in sighting.surfaces if surface.path in CLASSIC)
    if plan.look_inside and any(surface.state is State.ALIVE for surface in classic):
        left = plan.timeout_seconds - (clock.monotonic() - begun)
        sighting = _with_services(sighting, registry, max(left, _LEAST_SECONDS))
    run.target = Target(url=registry.url)
    run.sighting = sighting
    _count(run, sighting.primary, sighting, tell)
    while plan.count == 0 or run.sent < plan.count:
        clock.sleep(max(0.0, begun + run.sent * plan.interval_seconds - clock.monotonic()))
        run.sent += 1
        if run.sighting.state is State.ALIVE:
            path = run.sighting.primary.path if run.sighting.primary else V2
            _count(run, look(registry, path, timeout_seconds=plan.timeout_seconds).surface, None, tell)
        else:  # what lives there was not seen yet
            run.sighting = identify(registry, clock, timeout_seconds=plan.timeout_seconds)
            _count(run, run.sighting.primary, run.sighting, tell)


def _count(run: _Run, surface: Surface | None, sighting: Sighting | None, tell: Callable[[Pong], None]) -> None:
    state = sighting.state if sighting else surface.state if surface else State.UNREACHABLE
    phases = surface.phases if surface else None
    pong = Pong(
        sequence=run.sent,
        path=surface.path if surface else PING,
        state=state,
        status=surface.status if surface else None,
        words=sighting.headline if sighting and state is not State.ALIVE else surface.words if surface else "",
        time_seconds=phases.total_seconds if phases and state is State.ALIVE else None,
        phases=phases,
    )
    run.add(pong)
    tell(pong)


def _with_services(sighting: Sighting, registry: Registry, timeout_seconds: float) -> Sighting:
    """Ask a living registry how its parts are, and add what fails to the warnings."""
    asked = look(registry, STATUS, timeout_seconds=timeout_seconds)
    if asked.surface.state in {State.NOT_OFFERED, State.DOWN}:
        return sighting  # it is not there, or what should serve it is down, which the other paths have told
    if asked.surface.state is State.SILENT:
        warning = f"/_status gave no answer within {timeout_seconds:.0f} s: storage or redis hangs"
        return _warned(sighting, [warning])
    return _warned(sighting, _failing(asked.reply, sighting) if asked.reply else [f"/_status: {asked.surface.words}"])


def _failing(reply: HttpReply, sighting: Sighting) -> list[str]:
    try:
        status = parse_registry_status(reply.text, source=reply.url)
    except ParseError as error:
        return [f"/_status answers {reply.status}, but no status: {error.reason}"]
    parts = service_parts(status, sighting.identity.flavor)
    return [f"{part.name} {part.words}: {part.said}" for part in parts if part.health in BROKEN]


def _warned(sighting: Sighting, warnings: list[str]) -> Sighting:
    return replace(sighting, warnings=(*sighting.warnings, *warnings))


def _probe(run: _Run, clock: Clock) -> Probe:
    received = run.received
    average = run.total / received if received else None
    spread = math.sqrt(max(0.0, run.squares / received - average**2)) if average is not None else None
    return Probe(
        target=run.target,
        alive=received > 0,
        sighting=run.sighting,
        pongs=tuple(run.pongs),
        statistics=PingStatistics(
            sent=run.sent,
            received=received,
            loss_ratio=1 - received / run.sent if run.sent else 0.0,
            elapsed_seconds=clock.monotonic() - run.started,
            min_seconds=run.shortest if received else None,
            avg_seconds=average,
            max_seconds=run.longest if received else None,
            mdev_seconds=spread,
        ),
    )
