"""What regops asks of the outside world, as the shapes its adapters have.

Every method raises a child of RegopsError and nothing else, and every method ends: it has a deadline or a bound.
"""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, BinaryIO, Protocol

from regops.model.http import HttpReply


class Clock(Protocol):
    """Time, so that tests own it."""

    def now(self) -> float:
        """Return the wall clock as seconds since 1970."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that is never set back, for durations."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Wait."""
        ...


class Registry(Protocol):
    """One registry's HTTP front, whatever generation it is."""

    @property
    def url(self) -> str:
        """The address without credentials and without a trailing slash."""
        ...

    def get(self, path: str, *, timeout_seconds: float | None = None) -> HttpReply:
        """Return the reply to GET path, whatever its HTTP status.

        One deadline covers name look-up, connection, TLS, redirects and body. Raises Unreachable (with the phase) when
        no whole reply came, AuthenticationFailed when a token could not be had, Refused for an unsafe redirect.
        """
        ...


Connect = Callable[[int, float], socket.socket]
"""Opens a TCP connection to 127.0.0.1:port inside a container's network namespace; (port, timeout_seconds)."""


class Engine(Protocol):
    """The Docker engine's API."""

    @property
    def address(self) -> str:
        """Where the engine answers, for messages: `unix:///var/run/docker.sock`."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether the engine is reached by a unix socket of this machine, so that its pids are this kernel's."""
        ...

    def inspect(self, name: str) -> str:
        """Return the engine's JSON about one container, at most 8 MiB.

        name is a container's name or id and is checked before any request is built. Raises NotFound, Unreachable,
        Refused for a name no container can have.
        """
        ...

    def containers(self, *, everything: bool = True) -> tuple[str, ...]:
        """Return the ids of the containers, stopped ones too unless everything is False."""
        ...

    def logs(self, name: str, *, lines: int | None, follow: bool = False) -> Iterator[bytes]:
        """Yield what the container wrote to its stdout and stderr, in chunks as they come."""
        ...

    def read_file(self, name: str, path: str, *, limit_bytes: int) -> bytes:
        """Return the last limit_bytes of a regular file of a container, through the engine's archive.

        Works without root and on stopped containers. Raises NotFound, Refused for what is no regular file.
        """
        ...

    def exec_shell(self, name: str, command: tuple[str, ...], *, user: str | None = None) -> int:
        """Run an interactive command in a container, on this terminal, and return its exit status."""
        ...

    def image_id(self, reference: str) -> str | None:
        """Return the id of a local image, or None."""
        ...

    def image_labels(self, reference: str) -> Mapping[str, str] | None:
        """Return the labels of a local image, or None where there is no such image."""
        ...

    def pull(self, reference: str, *, timeout_seconds: float) -> None:
        """Fetch an image. Raises Failed with the engine's reason when it cannot be had."""
        ...

    def import_image(self, tarball: BinaryIO, reference: str) -> str:
        """Make an image of a root file system and return its id."""
        ...

    def build(
        self, context: BinaryIO, *, tag: str, buildargs: Mapping[str, str], labels: Mapping[str, str], network: str
    ) -> Iterator[str]:
        """Build an image from a tar of its context (Dockerfile at its root), yielding the output line by line.

        Raises Failed naming the step that failed and its last lines.
        """
        ...

    def save(self, reference: str) -> Iterator[bytes]:
        """Yield the tarball of an image, as `docker save` writes it."""
        ...

    def run(self, image: str, **options: Any) -> str:
        """Create and start a container (the keyword arguments of the SDK's `containers.run`), return its id.

        Raises Failed with the engine's reason (a port that is taken, a name that is in use).
        """
        ...

    def start(self, name: str) -> None:
        """Start a stopped container; unpause a paused one."""
        ...

    def remove(self, name: str) -> None:
        """Stop and remove a container; one that is not there is no error."""
        ...

    def ensure_network(self, name: str) -> None:
        """Make a bridge network unless it exists."""
        ...

    def remove_network(self, name: str) -> None:
        """Remove a network; one that is not there is no error."""
        ...

    def remove_volume(self, name: str) -> None:
        """Remove a volume; one that is not there is no error."""
        ...

    def remove_image(self, reference: str) -> None:
        """Remove an image; one that is not there is no error."""
        ...


class Progress(Protocol):
    """Says on stderr how long work goes on: bars on a terminal, a line per step elsewhere, nothing when quiet."""

    def step(self, text: str) -> None:
        """Say that a step begins, or what came of it."""
        ...

    def detail(self, text: str) -> None:
        """Show the newest line of a long step's output; a terminal shows it in passing, a pipe not at all."""
        ...

    def transfer(self, text: str, total_bytes: int | None) -> AbstractContextManager[Callable[[int], None]]:
        """Show a transfer; call the yielded function with the number of bytes that came since."""
        ...
