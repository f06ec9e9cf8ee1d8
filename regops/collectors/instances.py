"""The registry containers of an engine, from what it says about each of its containers."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from parsers.docker_inspect import Container, Port, parse_docker_inspect
from parsers.errors import ParseError
from regops.collectors.recognition import recognise
from regops.errors import NotFound, Phase, UnexpectedAnswer, Unreachable
from regops.model.answer import Target
from regops.model.instance import Instance, Instances, PublishedPort, State
from regops.ports import Clock, Engine
from regops.secret import mask_url

# What the engine says when somebody else has the port: another container, or another process of the host.
_PORT_TAKEN = re.compile(r"port is already allocated|address already in use", re.IGNORECASE)
_BY_SIGNAL = {137: "killed (137)", 143: "terminated (143)"}


def collect_instances(engine: Engine, clock: Clock, *, everything: bool, timeout_seconds: float) -> Instances:
    """Return the registry containers of an engine, or all containers.

    Raises what each_container raises.
    """
    found = [
        _unreadable(container_id, container) if isinstance(container, UnexpectedAnswer) else _instance(container)
        for container_id, container in each_container(engine, clock, everything=True, timeout_seconds=timeout_seconds)
    ]
    shown = (one for one in found if everything or one.registry)
    return Instances(
        target=Target(),
        engine=engine.address,
        asked_at=datetime.fromtimestamp(clock.now(), UTC),
        total=len(found),
        everything=everything,
        instances=tuple(sorted(shown, key=lambda one: (not one.registry, one.name))),
    )


def each_container(
    engine: Engine, clock: Clock, *, everything: bool, timeout_seconds: float
) -> Iterator[tuple[str, Container | UnexpectedAnswer]]:
    """Yield the id of every container, and what the engine knows about it or why that cannot be read.

    Stopped containers come only with everything; one that goes away meanwhile does not. Raises Unreachable when the
    engine does not answer, or not for all containers in time.
    """
    ends = clock.monotonic() + timeout_seconds
    ids = engine.containers(everything=everything)
    for place, container_id in enumerate(ids):
        if clock.monotonic() > ends:
            raise Unreachable(
                f"the engine at {engine.address} told of {place} of its {len(ids)} containers in {timeout_seconds:g} s",
                hint="give it more time: --timeout",
                phase=Phase.BODY,
                timed_out=True,
            )
        try:
            yield container_id, read_container(engine, container_id)
        except NotFound:
            continue
        except UnexpectedAnswer as error:
            yield container_id, error


def read_container(engine: Engine, name: str) -> Container:
    """Return what the engine knows about one container.

    Raises NotFound, UnexpectedAnswer when the engine's answer describes no container, and what engine.inspect raises.
    """
    try:
        return parse_docker_inspect(engine.inspect(name), f"the engine's answer about {name}")
    except ParseError as error:
        raise UnexpectedAnswer(
            f"the engine at {engine.address} says about the container {name} what cannot be read: {error}"
        ) from error


def _instance(container: Container) -> Instance:
    state, detail = _state(container)
    registry, because = recognise(container)
    environment = container.environment
    return Instance(
        name=container.name,
        id=container.id,
        image=container.image,
        state=state,
        detail=mask_url(detail),
        since=_since(container),
        restart_count=container.restart_count,
        ports=_published(container),
        registry=registry,
        because=because,
        flavor=environment.get("SETTINGS_FLAVOR"),
        swift_container=environment.get("OS_CONTAINER") or environment.get("REGISTRY_STORAGE_SWIFT_CONTAINER"),
        auth_url=environment.get("OS_AUTH_URL") or environment.get("REGISTRY_STORAGE_SWIFT_AUTHURL"),
        storage_path=environment.get("STORAGE_PATH") or environment.get("REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY"),
    )


def _unreadable(container_id: str, error: UnexpectedAnswer) -> Instance:
    """Return what can be said about a container whose description cannot be read: that it is there."""
    return Instance(
        name=container_id[:12],
        id=container_id,
        image="",
        state=State.UNKNOWN,
        detail=error.message,
        since=None,
        restart_count=0,
        ports=(),
        registry=True,
        because="it may be one: its description cannot be read",
        flavor=None,
        swift_container=None,
        auth_url=None,
        storage_path=None,
    )


def _state(container: Container) -> tuple[State, str]:
    ended = _BY_SIGNAL.get(container.exit_code, f"exit code {container.exit_code}")
    # In this order: a paused container is running too, and a restarting one says both running and exited.
    if container.paused:
        return State.PAUSED, "accepts connections and never answers"
    if container.restarting:
        why = "out of memory" if container.oom_killed else ended
        return State.RESTARTING, f"restart {container.restart_count}, last ended with {why}"
    if container.running:
        return _running_state(container)
    if _PORT_TAKEN.search(container.error):
        return State.PORT_CLASH, container.error
    if container.oom_killed:
        return State.OUT_OF_MEMORY, ended
    if container.error:
        return State.NOT_STARTED, container.error
    if container.status == "created":
        return State.CREATED, "never started"
    if container.status == "exited":
        return State.EXITED, ended
    return State.UNKNOWN, f"the engine says: {container.status}"


def _running_state(container: Container) -> tuple[State, str]:
    # A stopped container keeps the verdict of its last health check; only a running one has a valid one.
    health = container.health
    if health and health.status == "unhealthy":
        return State.UNHEALTHY, health.output
    if health and health.status == "starting":
        return State.STARTING, "its health check has not finished"
    return State.RUNNING, f"restarted {container.restart_count} times" if container.restart_count else ""


def _since(container: Container) -> datetime | None:
    if container.running and not container.restarting:
        return container.started_at
    return container.finished_at or container.created_at


def _published(container: Container) -> tuple[PublishedPort, ...]:
    asked = {(port.container_port, port.protocol): port for port in container.asked_ports}
    for port in container.ports:
        asked.pop((port.container_port, port.protocol), None)
    bound = [_published_port(port, bound=True) for port in container.ports]
    return (*bound, *(_published_port(port, bound=False) for port in asked.values()))


def _published_port(port: Port, *, bound: bool) -> PublishedPort:
    host_ip = str(port.host_ip) if port.host_ip else None
    return PublishedPort(port.container_port, port.protocol, host_ip, port.host_port, bound)
