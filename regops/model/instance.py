"""The registry containers of an engine, and how each of them is."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from regops.errors import ExitStatus
from regops.model.answer import Target


class State(StrEnum):
    """How a container is: the engine's own words, and those an operator would use where the engine has none."""

    RUNNING = "running"
    STARTING = "starting"
    UNHEALTHY = "unhealthy"
    PAUSED = "paused"
    RESTARTING = "restarting"
    EXITED = "exited"
    OUT_OF_MEMORY = "out of memory"
    PORT_CLASH = "port clash"
    NOT_STARTED = "not started"
    CREATED = "created"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """A port of the container and where the host publishes it.

    host_ip is None for every address of the host, host_port None while the engine has not chosen one. bound is False
    for a port that was asked for and that the engine does not serve now.
    """

    container_port: int
    protocol: str
    host_ip: str | None
    host_port: int | None
    bound: bool


@dataclass(frozen=True, slots=True)
class Instance:
    """One container.

    id is its full id. since is when it came into its state, None where the engine does not tell. detail says more
    about the state (an exit code, the engine's error, what the health check said), empty when there is no more to say.
    registry says whether it looks like a registry, because by what. flavor, swift_container, auth_url and storage_path
    are what its environment says; None where it says nothing.
    """

    name: str
    id: str
    image: str
    state: State
    detail: str
    since: datetime | None
    restart_count: int
    ports: tuple[PublishedPort, ...]
    registry: bool
    because: str
    flavor: str | None
    swift_container: str | None
    auth_url: str | None
    storage_path: str | None

    @property
    def well(self) -> bool:
        """Whether it runs, as far as the engine can tell."""
        return self.state in {State.RUNNING, State.STARTING}


@dataclass(frozen=True, slots=True)
class Instances:
    """The containers of an engine that were asked for.

    engine is where it answers, asked_at when it did. total counts every container it has; without everything, only
    registries are in instances.
    """

    target: Target
    engine: str
    asked_at: datetime
    total: int
    everything: bool
    instances: tuple[Instance, ...]

    @property
    def exit_status(self) -> ExitStatus:
        """BAD_NEWS when a registry's container does not run well; other containers do not count."""
        sick = any(one.registry and not one.well for one in self.instances)
        return ExitStatus.BAD_NEWS if sick else ExitStatus.OK
