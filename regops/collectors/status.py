"""How a registry is: its own /_status if it has one, else what /v2/ and the debug port tell."""

from regops.collectors.identify import identify
from regops.collectors.status_sources import OnWait, Told, ask_debug, ask_status, front_parts
from regops.collectors.surface import NGINX
from regops.model.answer import Target
from regops.model.probe import Culprit, Sighting, State
from regops.model.status import BROKEN, Health, Part, RegistryHealth, Verdict
from regops.ports import Clock, Registry

_QUICK_SECONDS = 10.0
_QUICK_SHARE = 0.3
_LEAST_SECONDS = 0.2
_MUTE = (Culprit.CONTAINER, Health.HANGING)
_UNTOLD = {
    State.SILENT: "cannot tell: nothing answers",
    State.UNREACHABLE: "cannot tell: it could not be asked",
    State.STRANGE: "cannot tell: what answers there is no registry",
}
_SAYS = {Health.FAILING: "{} fails", Health.HANGING: "{} hangs", Health.DOWN: "{} is down"}


def collect_status(
    registry: Registry, clock: Clock, *, timeout_seconds: float, debug: Registry | None, on_wait: OnWait
) -> RegistryHealth:
    """Return how a registry is, within the time.

    Quick questions come first; /_status, which tries the storage and takes half a minute when Swift is dead, gets the
    rest of the time, and on_wait hears (seconds waited, seconds allowed) meanwhile. debug is the registry's debug port.
    Raises what keeps us from asking at all: ConfigurationError, PermissionDenied.
    """
    begun = clock.monotonic()
    sighting = identify(registry, clock, timeout_seconds=min(_QUICK_SECONDS, timeout_seconds * _QUICK_SHARE))
    told = [Told(parts=front_parts(sighting), surfaces=sighting.surfaces, warnings=sighting.warnings)]
    if debug is not None:
        told.append(ask_debug(debug, min(_QUICK_SECONDS, timeout_seconds * _QUICK_SHARE)))
    if any(surface.state is State.ALIVE for surface in sighting.surfaces if surface.path != NGINX):
        left = max(timeout_seconds - (clock.monotonic() - begun), _LEAST_SECONDS)
        told.append(ask_status(registry, clock, sighting, left, on_wait))
    return _answer(registry, sighting, told)


def _answer(registry: Registry, sighting: Sighting, told: list[Told]) -> RegistryHealth:
    front, *others = told
    # What answers for the registry may be what is in front of it: its own word about itself counts where it is bad.
    # That it is well is no news to whoever just asked it.
    bad = {part.name: part for source in others for part in source.parts if part.health in BROKEN}
    parts = tuple(part if part.health in BROKEN else bad.get(part.name, part) for part in front.parts)
    known = {part.name for part in parts}
    parts += tuple(part for source in others for part in source.parts if part.name not in known)
    verdict, headline, hint = _verdict(sighting, parts)
    return RegistryHealth(
        target=Target(url=registry.url),
        verdict=verdict,
        headline=headline,
        hint=hint,
        identity=sighting.identity,
        host=next((source.host for source in told if source.host), None),
        address=sighting.address,
        via=sighting.via,
        login=sighting.login,
        tls=sighting.tls,
        parts=parts,
        surfaces=tuple(surface for source in told for surface in source.surfaces),
        warnings=tuple(dict.fromkeys(warning for source in told for warning in source.warnings)),
        status_code=next((source.status_code for source in told if source.status_code), None),
        waited_seconds=next((source.waited_seconds for source in told if source.waited_seconds is not None), None),
    )


def _verdict(sighting: Sighting, parts: tuple[Part, ...]) -> tuple[Verdict, str, str]:
    # A connection that is accepted and then silent tells of no part: the container may be paused, or the host stuck.
    broken = [part for part in parts if part.health in BROKEN and (part.name, part.health) != _MUTE]
    if broken:
        said = " and ".join(_SAYS[part.health].format(part.name) for part in broken[:3])
        return Verdict.ILL, f"not well: {said}", broken[0].hint
    if sighting.state is not State.ALIVE:
        return Verdict.UNKNOWN, _UNTOLD.get(sighting.state, sighting.headline), sighting.hint
    untold = [part.name for part in parts if part.health is Health.NOT_TOLD]
    if untold:
        return Verdict.WELL, f"it answers; nothing is told of {' and '.join(untold)}", ""
    return Verdict.WELL, "well: every part that was asked works", ""
