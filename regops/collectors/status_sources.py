"""Where `regops status` has its parts from: the quick questions, /_status, and the debug port."""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from parsers.debug_health import parse_debug_health
from parsers.errors import ParseError
from parsers.registry_status import RegistryStatus, parse_registry_status
from regops.collectors.service_health import service_parts
from regops.collectors.surface import CLASSIC, STATUS, Look, look
from regops.model.http import HttpReply
from regops.model.probe import AnsweredBy, Culprit, Generation, Sighting, State, Surface
from regops.model.status import Health, Part
from regops.ports import Clock, Registry

_HEALTHS = {State.DOWN: Health.DOWN, State.SILENT: Health.HANGING, State.UNAVAILABLE: Health.FAILING}
_TICK_SECONDS = 1.0
_OK = 200
_CLOSED_TO_US = {401, 403}
_SAID = 200
_DEBUG_HEALTH = "/debug/health"
_LOGS = "`regops logs CONTAINER` shows what it says; `regops ps` finds the container"
OnWait = Callable[[float, float], None]


@dataclass(frozen=True, slots=True)
class Told:
    """What one source told: its parts, and what else there is to know."""

    parts: tuple[Part, ...] = ()
    warnings: tuple[str, ...] = ()
    surfaces: tuple[Surface, ...] = ()
    host: str | None = None
    status_code: int | None = None
    waited_seconds: float | None = None


def front_parts(sighting: Sighting) -> tuple[Part, ...]:
    """Return what the quick questions tell of nginx and the registry itself."""
    by_nginx = any(surface.answered_by is AnsweredBy.NGINX for surface in sighting.surfaces)
    named = "nginx" in (sighting.identity.server or "").lower()
    nginx = (Part("nginx", Health.WELL, "answers"),) if by_nginx or named else ()
    if sighting.state is State.ALIVE:
        path = sighting.primary.path if sighting.primary else ""
        return (*nginx, Part("registry", Health.WELL, f"answers {path}"))
    health = _HEALTHS.get(sighting.state, Health.NOT_TOLD)
    return (*nginx, Part(sighting.culprit or Culprit.CONNECTION, health, sighting.headline, hint=sighting.hint))


def ask_status(registry: Registry, clock: Clock, sighting: Sighting, timeout_seconds: float, on_wait: OnWait) -> Told:
    """Return what /_status tells, or what it means that it tells nothing; waits as long as it may."""
    stuck = [surface for surface in sighting.surfaces if surface.path in CLASSIC and surface.state is State.SILENT]
    if stuck:
        words = f"{stuck[0].path} gives no answer, and /_status comes from the same service"
        return Told(parts=(Part("classic surface", Health.HANGING, words, hint=_LOGS),))
    begun = clock.monotonic()
    asked = _patiently(registry, timeout_seconds, lambda: clock.monotonic() - begun, on_wait)
    told = Told(surfaces=(asked.surface,), status_code=asked.surface.status, waited_seconds=clock.monotonic() - begun)
    if asked.reply is not None and asked.surface.state is State.ALIVE:
        try:
            status = parse_registry_status(asked.reply.text, source=asked.reply.url)
        except ParseError:
            pass  # alive for another reason: it asks for credentials
        else:
            parts = (*service_parts(status, sighting.identity.flavor), *_odd_parts(status))
            return replace(told, parts=parts, host=status.host)
    return replace(told, parts=_without_report(asked, sighting, told.waited_seconds or 0.0))


def _patiently(registry: Registry, limit: float, waited: Callable[[], float], on_wait: OnWait) -> Look:
    """Ask /_status beside a clock that ticks, so that whoever waits sees how long."""
    answers: queue.SimpleQueue[Look | BaseException] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(look(registry, STATUS, timeout_seconds=limit))
        except BaseException as error:  # noqa: BLE001 - handed to the waiting thread, which raises it
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    while True:
        try:
            answer = answers.get(timeout=_TICK_SECONDS)
        except queue.Empty:
            on_wait(waited(), limit)
            continue
        if isinstance(answer, BaseException):
            raise answer
        return answer


def _without_report(asked: Look, sighting: Sighting, waited: float) -> tuple[Part, ...]:
    """Return what it means that /_status gave no report."""
    surface = asked.surface
    if surface.state is State.NOT_OFFERED:
        return (_not_offered(sighting),)
    if surface.state is State.SILENT:
        words = f"/_status gave no answer within {waited:.0f} s while the registry answers: storage or redis hangs"
        hint = f"a dead Swift takes 31 s here, a hanging Swift or redis for ever; {_LOGS}"
        return (Part("storage or redis", Health.HANGING, words, hint=hint),)
    if surface.status in _CLOSED_TO_US:
        words = f"not told: /_status answers {surface.status}"
        return (Part("storage", Health.NOT_TOLD, words, hint="give credentials with --user, or ask from inside"),)
    if surface.status == _OK and asked.reply is not None:
        return (Part(STATUS, Health.FAILING, _why_no_report(asked.reply), said=asked.reply.text[:_SAID], hint=_LOGS),)
    return (Part(STATUS, Health.FAILING, surface.words, hint=surface.hint or _LOGS),)


def _why_no_report(reply: HttpReply) -> str:
    try:
        parse_registry_status(reply.text, source=reply.url)
    except ParseError as error:
        return f"answers {reply.status}, but no report: {error.reason}"
    return f"answers {reply.status}"


def _not_offered(sighting: Sighting) -> Part:
    identity = sighting.identity
    if identity.generation is Generation.CLASSIC:
        words = f"not told: this registry ({identity.version or 'version unknown'}) has no /_status; 0.9 dropped it"
        return Part("storage", Health.NOT_TOLD, words, hint="push and pull something small to try it")
    words = "not told: distribution has no /_status; /v2/ answers 503 once its own health check fails"
    return Part("storage", Health.NOT_TOLD, words, hint="--debug-url asks its /debug/health, where that is reachable")


def _odd_parts(status: RegistryStatus) -> tuple[Part, ...]:
    if not status.oddities:
        return ()
    return (Part(STATUS, Health.FAILING, "answers oddly: " + "; ".join(status.oddities), hint=_LOGS),)


def ask_debug(debug: Registry, timeout_seconds: float) -> Told:
    """Return what distribution's own health checks tell."""
    asked = look(debug, _DEBUG_HEALTH, timeout_seconds=timeout_seconds)
    surface = replace(asked.surface, path=f"{debug.url}{_DEBUG_HEALTH}")
    if asked.reply is None or surface.state is State.NOT_OFFERED:
        part = Part(
            "health checks", Health.NOT_TOLD, surface.words, hint="give the address of the debug port, as host:port"
        )
        return Told(parts=(part,), surfaces=(surface,))
    try:
        failed = parse_debug_health(asked.reply.text, source=asked.reply.url)
    except ParseError as error:
        part = Part("health checks", Health.NOT_TOLD, f"{surface.path} answers something else: {error.reason}")
        return Told(parts=(part,), surfaces=(surface,))
    surface = replace(surface, state=State.ALIVE, words=f"{asked.reply.status}, {len(failed)} checks fail")
    parts = tuple(Part(check.name, Health.FAILING, "its own health check fails", check.reason) for check in failed)
    well = Part("health checks", Health.WELL, "none fails; they only read, and notice after some rounds")
    return Told(parts=parts or (well,), surfaces=(surface,))
