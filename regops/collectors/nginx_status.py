"""nginx's status page: asked from outside, and from inside the container when nginx shows it to nobody else."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus

from parsers.docker_inspect import Container
from regops.collectors.instances import read_container
from regops.collectors.nginx_inside import addresses_inside, find_publisher
from regops.collectors.nginx_reply import SHOWN_BY, read_reply
from regops.errors import (
    AuthenticationFailed,
    ConfigurationError,
    NotRunning,
    PermissionDenied,
    RegopsError,
    UnexpectedAnswer,
    Unreachable,
)
from regops.model.answer import Target
from regops.model.http import HttpReply
from regops.model.nginx_status import Asked, NginxStatus
from regops.ports import Clock, Engine, Registry


@dataclass(frozen=True, slots=True)
class Doors:
    """The ways to nginx.

    outside is the registry's address, container the name of its container; one of them at least is given. inside
    makes, of a container's id and an address, a registry whose connections are opened within that container.
    is_own_address tells whether an IP address is this machine's.
    """

    outside: Registry | None
    container: str | None
    engine: Callable[[], Engine]
    inside: Callable[[str, str], Registry]
    is_own_address: Callable[[str], bool]


class NginxPage:
    """nginx's status page, to be read once or often: the way inside that worked is taken again."""

    def __init__(self, doors: Doors, path: str, clock: Clock, *, timeout_seconds: float) -> None:
        self._doors = doors
        self._path = path if path.startswith("/") else f"/{path}"
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._inside: _Inside | None = None

    def read(self) -> NginxStatus:
        """Return the counters of now.

        Raises PermissionDenied when nginx does not show them to this machine and asking inside failed too,
        UnexpectedAnswer when something else is at the address, and what the doors raise.
        """
        ends = self._clock.monotonic() + self._timeout_seconds
        if self._inside:
            try:
                return self._inside.read(self._timeout_seconds)
            except RegopsError:
                # A container that was restarted or replaced may be reached in another way: look for it anew.
                self._inside = None
                if self._left(ends) <= 0:
                    raise
        outside = self._doors.outside
        if outside is None:
            return self._read_inside(None, ends)
        reply = outside.get(self._path, timeout_seconds=self._left(ends))
        if reply.status != HTTPStatus.FORBIDDEN:
            return read_reply(reply, Target(url=outside.url), Asked.OUTSIDE)
        try:
            return self._read_inside(reply, ends)
        except RegopsError as error:
            raise PermissionDenied(
                f"{reply.url} answered 403: nginx shows its status only to the addresses that it allows. "
                f"Asking inside the container failed: {error.message}",
                hint=error.hint,
            ) from error

    def _read_inside(self, denied: HttpReply | None, ends: float) -> NginxStatus:
        """Find the container and the port in it that shows the page, and read it there."""
        container = self._container(denied, ends)
        if container.paused:
            raise NotRunning(
                f"the container {container.name} is paused: it accepts connections and never answers",
                hint=f"docker unpause {container.name}",
            )
        url = self._doors.outside.url if self._doors.outside else None
        failures: list[str] = []
        answers = False
        for address in addresses_inside(container, denied):
            left = self._left(ends)
            if left <= 0:
                failures.append(f"no time was left for {address}")
                break
            inside = _Inside(self._doors.inside(container.id, address), self._path, Target(url, container.name), denied)
            try:
                found = inside.read(left)
            except (Unreachable, UnexpectedAnswer, AuthenticationFailed) as error:
                failures.append(error.message)
                answers = answers or not isinstance(error, Unreachable)
            else:
                self._inside = inside
                return found
        raise UnexpectedAnswer(
            f"no port of the container {container.name} shows nginx's status: {'; '.join(failures)}",
            hint=SHOWN_BY if answers else f"nginx in it is stopped: `regops logs {container.name}` may show why",
        )

    def _left(self, ends: float) -> float:
        return ends - self._clock.monotonic()

    def _container(self, denied: HttpReply | None, ends: float) -> Container:
        doors = self._doors
        engine = doors.engine()
        if doors.container:
            return read_container(engine, doors.container)
        if denied is None:
            raise ConfigurationError("neither an address nor a container", hint="give a URL, or --container NAME")
        return find_publisher(
            engine, denied, self._clock, is_own_address=doors.is_own_address, timeout_seconds=self._left(ends)
        )


@dataclass(frozen=True, slots=True)
class _Inside:
    """A way that leads through a container's own network; denied is the reply from outside that made it necessary."""

    registry: Registry
    path: str
    target: Target
    denied: HttpReply | None

    def read(self, timeout_seconds: float) -> NginxStatus:
        status = read_reply(self.registry.get(self.path, timeout_seconds=timeout_seconds), self.target, Asked.INSIDE)
        note = f"asked inside the container {self.target.container}"
        if self.denied:
            note += f", because {self.denied.url} answers 403 from outside"
        return replace(status, notes=(note, *status.notes))
