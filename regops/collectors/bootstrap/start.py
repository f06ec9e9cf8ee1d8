"""Starting a registry's container from an image that the engine has, and waiting for it to answer."""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from parsers.docker_inspect import Container
from regops.collectors.bootstrap.start_conflict import check_conflicts, store_use
from regops.collectors.bootstrap.start_wait import Waiting, wait_until_it_answers
from regops.collectors.instances import each_container, read_container
from regops.collectors.recognition import REGISTRY_LABEL
from regops.collectors.status import collect_status
from regops.errors import ExitStatus, Failed, NotFound, Refused, RegopsError
from regops.model.answer import Target
from regops.model.image import ImageFacts
from regops.model.start import Started
from regops.model.status import RegistryHealth
from regops.ports import Clock, Engine, Progress, Registry
from regops.secret import Secret

_HTTP_PORTS, _HTTPS_PORTS = (8080, 5000, 80), (8443, 443)
_ENGINE_SECONDS = 10.0
_SETTLE_SECONDS, _STEP_SECONDS = 10.0, 0.5
# Whatever becomes of a start, only the container it made itself may be removed.
_MARK = "regops.bootstrap.start"
_SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|KEY")


@dataclass(frozen=True, slots=True)
class StartPlan:
    """A container as it shall be: published on address, an IP address, port 0 for any; volumes maps a volume or folder
    to a place.

    seconds is how long it may take to answer; keep leaves one that does not.
    """

    image: str
    container: str
    address: str
    http_port: int
    https_port: int
    restart: str
    network: str | None
    volumes: Mapping[str, str]
    environment: Mapping[str, str]
    seconds: float
    keep: bool


def start(
    engine: Engine, registry: Callable[[str], Registry], plan: StartPlan, clock: Clock, progress: Progress
) -> Started:
    """Start a registry and return how it is once it answers.

    Raises NotFound for an image the engine does not have, Refused where it must not be started, Failed when it does not
    start or does not answer in time, with its last lines; nothing of it is left then, unless plan keeps it.
    """
    facts = _image(engine, plan)
    host = _host(engine, plan)
    inside = _ports(plan, facts)
    _check_name(engine, plan)
    environment = {**facts.environment, **plan.environment}
    use = store_use(environment, environment, plan.image)
    running = each_container(engine, clock, everything=False, timeout_seconds=_ENGINE_SECONDS)
    check_conflicts(use, running, engine.address)
    progress.step(f"Starting the container {plan.container}")
    began, mark, container_id = clock.monotonic(), secrets.token_hex(8), ""
    try:
        container_id = engine.run(plan.image, **_options(plan, inside, mark))
        published = _published(read_container(engine, container_id), inside)
        asked = registry(f"http://{host}:{published['http']}")
        progress.step(f"Waiting for {asked.url}")
        wait_until_it_answers(engine, asked, _waiting(plan, container_id), clock)
    except BaseException as error:
        # One that the engine did not even start leaves nothing to look into.
        if not (plan.keep and container_id and isinstance(error, Failed)):
            _remove(engine, plan.container, container_id, mark)
        raise
    answered = clock.monotonic() - began
    health = _settled(asked, plan, clock)
    return Started(
        target=Target(url=asked.url, container=plan.container),
        engine=engine.address,
        container=plan.container,
        container_id=container_id,
        image=plan.image,
        image_id=facts.id,
        http_url=asked.url,
        https_url=f"https://{host}:{published['https']}" if "https" in published else None,
        variables=tuple(sorted(plan.environment)),
        flavor=environment.get("SETTINGS_FLAVOR", ""),
        swift_container=use.swift_container,
        answered_seconds=answered,
        health=health,
    )


def _settled(registry: Registry, plan: StartPlan, clock: Clock) -> RegistryHealth:
    """Return how it is once all is well, or else after a while: its parts come up one after the other."""
    ends = clock.monotonic() + _SETTLE_SECONDS
    while True:
        health = collect_status(
            registry, clock, timeout_seconds=plan.seconds, debug=None, on_wait=lambda _waited, _of: None
        )
        if health.exit_status is ExitStatus.OK or clock.monotonic() > ends:
            return health
        clock.sleep(_STEP_SECONDS)


def _waiting(plan: StartPlan, container_id: str) -> Waiting:
    hidden = tuple(Secret(value) for name, value in plan.environment.items() if _SECRET.search(name))
    return Waiting(plan.container, container_id, plan.seconds, keep=plan.keep, secrets=hidden)


def _image(engine: Engine, plan: StartPlan) -> ImageFacts:
    found = engine.image(plan.image)
    if found is None:
        raise NotFound(
            f"the engine at {engine.address} has no image {plan.image}",
            hint="`regops bootstrap load NAME` brings one from Swift, and says what it is called",
        )
    return found


def _host(engine: Engine, plan: StartPlan) -> str:
    """Return where this machine reaches what the engine publishes."""
    everywhere = ip_address(plan.address).is_unspecified
    if engine.is_local:
        return "127.0.0.1" if everywhere else _in_url(plan.address)
    host = urlsplit(engine.address).hostname or ""
    if not everywhere and ip_address(plan.address).is_loopback:
        raise Refused(
            f"the engine is on {host or engine.address}, and would publish the registry on the loopback there alone",
            hint="--address 0.0.0.0 publishes it there for all, --address ADDRESS on one of its addresses",
        )
    return _in_url(host if everywhere else plan.address)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _ports(plan: StartPlan, facts: ImageFacts) -> dict[str, tuple[int, int]]:
    """Return for http, and https if there is one, the port inside and the one to publish."""
    http = next((port for port in _HTTP_PORTS if port in facts.ports), None)
    https = next((port for port in _HTTPS_PORTS if port in facts.ports), None)
    if http is None:
        served = ", ".join(map(str, facts.ports)) or "none"
        raise Refused(
            f"{plan.image} is no registry that can be started: of the ports {served} it serves, none is a registry's",
            hint="`regops bootstrap load` says which images came",
        )
    return {"http": (http, plan.http_port), **({"https": (https, plan.https_port)} if https else {})}


def _check_name(engine: Engine, plan: StartPlan) -> None:
    try:
        found = read_container(engine, plan.container)
    except NotFound:
        return
    raise Refused(
        f"there is a container {plan.container} already, {found.status}, of the image {found.image}",
        hint=f"another name: --name; or, if it is not needed: docker rm -f {plan.container}",
    )


def _options(plan: StartPlan, inside: Mapping[str, tuple[int, int]], mark: str) -> dict[str, Any]:
    return {
        "name": plan.container,
        "ports": {f"{port}/tcp": (plan.address, outside or None) for port, outside in inside.values()},
        "environment": dict(plan.environment),
        "volumes": {source: {"bind": place, "mode": "rw"} for source, place in plan.volumes.items()},
        "labels": {REGISTRY_LABEL: "true", _MARK: mark},
        "restart_policy": {"Name": plan.restart},
        **({"network": plan.network} if plan.network else {}),
    }


def _published(container: Container, inside: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    bound = {port.container_port: port.host_port for port in container.ports if port.host_port}
    # One that ended at once has no ports any more; what it said is told when it is waited for.
    return {scheme: bound.get(port, outside) for scheme, (port, outside) in inside.items()}


def _remove(engine: Engine, name: str, container_id: str, mark: str) -> None:
    """Remove what a start made, if it came so far: nothing that somebody else gave the name.

    The engine tells the id of a container that it started; one that it only made is known by the mark.
    """
    try:
        if container_id or read_container(engine, name).labels.get(_MARK) == mark:
            engine.remove(container_id or name)
    except RegopsError:
        return
