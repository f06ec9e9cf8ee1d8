"""One round of cheap questions to a registry: which generation it is, whether it lives, and if not, which part died."""

from collections.abc import Callable
from typing import NamedTuple

from parsers.http_url import parse_http_url
from regops.collectors.surface import CLASSIC, LOOK_INSIDE, NGINX, PING_V1, V2, Look, banner, look
from regops.model.http import HttpFailure, HttpReply
from regops.model.probe import AnsweredBy, Culprit, Generation, Identity, Sighting, State, Surface
from regops.ports import Clock, Registry

_LEFT_FOR_NGINX = 0.25
_LEAST_SECONDS = 0.2
_GENERATIONS = {
    (True, True): Generation.BOTH,
    (True, False): Generation.DISTRIBUTION,
    (False, True): Generation.CLASSIC,
    (False, False): Generation.UNKNOWN,
}
_SILENT = "no answer comes, although connections are accepted: the container is paused, or its host hangs"
_NOT_IT = Culprit.CONNECTION
_UNPROVEN = "it asks for credentials (401), and nothing else shows that it is a registry"
_HANGS = "nginx answers, but the registry behind it does not: it hangs"


class _Verdict(NamedTuple):
    state: State
    headline: str
    hint: str
    culprit: Culprit | None = None


def identify(registry: Registry, clock: Clock, *, timeout_seconds: float) -> Sighting:
    """Return what /v2/, /, /_ping and /v1/_ping show, within the time; dead targets cost one or two questions.

    Raises what keeps us from asking at all: ConfigurationError, PermissionDenied.
    """
    until = clock.monotonic() + timeout_seconds

    def ask(path: str, share: float = 1.0) -> Look:
        left = (until - clock.monotonic()) * share
        return look(registry, path, timeout_seconds=max(left, _LEAST_SECONDS))

    looks = [ask(V2, 1 - _LEFT_FOR_NGINX)]
    if _is_silent(looks[0]):
        looks.append(ask(NGINX))  # it is answered without the registry, if only with a 403
    elif looks[0].reply is not None or _is_moved(looks[0]):
        looks += _classic(ask)
    return _sighting(looks, registry.url)


def _classic(ask: Callable[[str], Look]) -> list[Look]:
    looks: list[Look] = []
    for path in CLASSIC:
        if path == PING_V1 and looks[-1].surface.state is State.ALIVE:
            break
        looks.append(ask(path))
        if looks[-1].failure is not None:
            break  # the others would only take the same time to fail
    return looks


def _is_silent(asked: Look) -> bool:
    return asked.surface.state is State.SILENT and not _is_moved(asked)


def _is_moved(asked: Look) -> bool:
    return isinstance(asked.failure, HttpFailure) and bool(asked.failure.redirects)


def _sighting(looks: list[Look], url: str) -> Sighting:
    surfaces = tuple(asked.surface for asked in looks)
    identity = _identity(looks)
    judged = _verdict(surfaces, identity, url, proven={asked.surface.path for asked in looks if _is_a_registrys(asked)})
    replies = [asked.reply for asked in looks if asked.reply]
    failures = [asked.failure for asked in looks if isinstance(asked.failure, HttpFailure)]
    heard: list[HttpReply | HttpFailure] = [*replies, *failures]
    first = heard[0] if heard else None
    warnings = dict.fromkeys(note for reply in replies for note in reply.notes)
    if judged.state is State.ALIVE:
        warnings.update((said, None) for said in _broken(surfaces))
    return Sighting(
        state=judged.state,
        headline=judged.headline,
        hint=judged.hint,
        culprit=judged.culprit,
        identity=identity,
        address=first.address if first else "",
        via=first.via if first else None,
        login=next((reply.login for reply in replies if reply.login), None),
        tls=next((found.tls for found in heard if found.tls), None),
        surfaces=surfaces,
        warnings=tuple(warnings),
    )


def _broken(surfaces: tuple[Surface, ...]) -> list[str]:
    """Return what is wrong with the paths that do not live although others do, each complaint once."""
    paths: dict[str, list[str]] = {}
    for surface in surfaces:
        if surface.state not in {State.ALIVE, State.NOT_OFFERED}:
            paths.setdefault(surface.words, []).append(surface.path)
    return [f"{', '.join(places)}: {words}" for words, places in paths.items()]


def _identity(looks: list[Look]) -> Identity:
    replies = [asked.reply for asked in looks if asked.reply]
    offered = {asked.surface.path for asked in looks if _is_a_registrys(asked)}

    def said(header: str) -> str | None:
        return next((value for reply in replies if (value := reply.header(header))), None)

    greeting = next((found for reply in replies if (found := banner(reply))), None)
    version = said("x-docker-registry-version") or (greeting.version if greeting else None)
    # A stopped distribution does not answer /v2/; the version that the classic surface tells still gives it away.
    v2 = V2 in offered or (version or "").startswith(("2.", "3."))
    classic = not offered.isdisjoint(CLASSIC)
    return Identity(
        generation=_GENERATIONS[v2, classic],
        version=version,
        flavor=said("x-docker-registry-config") or (greeting.flavor if greeting else None),
        server=said("server"),
    )


def _is_a_registrys(asked: Look) -> bool:
    """Return whether a path is offered by a registry; anything can ask for credentials or say that it cannot serve."""
    surface, reply = asked.surface, asked.reply
    if surface.state not in {State.ALIVE, State.UNAVAILABLE} or reply is None:
        return False
    if surface.status == 401 and (reply.header("www-authenticate") or "").lower().startswith("bearer "):
        return True
    return surface.status == 200 or surface.answered_by is AnsweredBy.REGISTRY


def _verdict(surfaces: tuple[Surface, ...], identity: Identity, url: str, *, proven: set[str]) -> _Verdict:
    v2 = surfaces[0]
    alive = [surface for surface in surfaces if surface.path in proven and surface.state is State.ALIVE]
    if v2.state is State.ALIVE and V2 not in proven and not alive:
        return _Verdict(State.ALIVE, f"alive: {_UNPROVEN}", v2.hint)
    if v2.state is State.ALIVE:
        return _Verdict(State.ALIVE, f"alive: {identity.generation}", v2.hint)
    if v2.state is State.SILENT:
        if any(surface.status is not None for surface in surfaces[1:]):
            return _Verdict(State.SILENT, _HANGS, LOOK_INSIDE, Culprit.REGISTRY)
        return _Verdict(State.SILENT, _SILENT, LOOK_INSIDE, v2.culprit)
    if v2.state in {State.DOWN, State.UNAVAILABLE}:
        also = f"; {alive[0].path} still answers, so the rest of the container lives" if alive else ""
        return _Verdict(v2.state, v2.words + also, v2.hint, v2.culprit)
    if alive:
        return _Verdict(State.ALIVE, f"alive: {identity.generation}", alive[0].hint)
    unwell = next((surface for surface in surfaces if surface.state is not State.NOT_OFFERED), None)
    if unwell is None:
        host = parse_http_url(url, source="the target").authority
        said = f"{host} answers, but offers nothing that a registry does: /v2/, / and /_ping are all missing"
        return _Verdict(State.STRANGE, said, "is this the registry's own address, and its whole path?", _NOT_IT)
    return _Verdict(unwell.state, unwell.words, unwell.hint, unwell.culprit)
