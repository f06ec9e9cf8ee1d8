"""What regops asks of the outside world, as the shapes its adapters have.

Every method raises a child of RegopsError and nothing else, and every method ends: it has a deadline or a bound.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

if TYPE_CHECKING:  # a command loads the models it works with
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from regops.model.built_image import PushEvent
    from regops.model.container_file import FileFacts, Happened, Listing
    from regops.model.http import HttpReply
    from regops.model.image import ImageFacts
    from regops.model.installation import Installation
    from regops.model.tarball import StoreAccount, StoredObject, StoredSegment


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

        One deadline covers name look-up, connection, TLS, redirects, log-in and body. Credentials that could not be
        used leave the 401 as the reply, with the reason in its notes. Raises Unreachable (HttpFailure, with phase and
        cause) when no whole reply came, Refused for an unsafe redirect, ConfigurationError for unusable files.
        """
        ...


Connect = Callable[[int, float], socket.socket]
"""Opens a TCP connection to 127.0.0.1:port inside a container's network namespace; (port, timeout_seconds).

Raises OSError as connecting does, and a RegopsError where the namespace cannot be entered: PermissionDenied without
root, NotRunning, Refused for another machine's engine or a process that is not the container's.
"""


class ContainerFile(Protocol):
    """One open regular file of a container."""

    @property
    def facts(self) -> FileFacts:
        """What it was when it was opened."""
        ...

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return up to size_bytes from offset on, b"" at the end. Raises NotFound when the file is gone for good."""
        ...

    def watch(self) -> int | None:
        """Let ContainerFiles.wait tell of changes to it, and return the number it tells them by.

        None where nobody tells of every change: look at it again and again. Closing it ends the watch.
        """
        ...

    def look(self) -> FileFacts:
        """Return what it is now."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class ContainerFiles(Protocol):
    """The files of one container, looked up as the container itself would look them up."""

    @property
    def via(self) -> str:
        """The road taken: files (this machine's kernel) or engine."""
        ...

    def names(self, directory: str, *, limit: int) -> Listing:
        """Return the names in a directory. Raises NotFound where there is none."""
        ...

    def look(self, path: str) -> FileFacts:
        """Return what is at a path, opening nothing. Raises NotFound where nothing is."""
        ...

    def open(self, path: str) -> ContainerFile:
        """Return a regular file for reading. Raises Refused for anything else, NotFound where nothing is."""
        ...

    def watch(self, directory: str) -> int | None:
        """Let wait tell of names that come and go in a directory, as ContainerFile.watch does. Raises NotFound."""
        ...

    def wait(self, seconds: float, wakers: Iterable[int] = ()) -> Happened:
        """Wait until the container ends, something happens to what is watched or a descriptor can be read from."""
        ...


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

    def logs(
        self,
        name: str,
        *,
        lines: int | None,
        follow: bool = False,
        since: float | None = None,
        timestamps: bool = False,
    ) -> Iterator[bytes]:
        """Yield what the container wrote to its stdout and stderr, in chunks as they come.

        lines is how many of the last ones, None for all; since leaves out what is older (seconds since 1970). With
        timestamps, each chunk and each line in it begins with the engine's time of it and a blank.
        """
        ...

    def file_facts(self, name: str, path: str) -> FileFacts:
        """Return what is at a path of a container, running or not, without fetching it; its identity is not known.

        Raises NotFound where nothing is.
        """
        ...

    def directory(self, name: str, path: str, *, limit: int) -> Listing:
        """Return the names in a directory of a container. Raises NotFound where there is none."""
        ...

    def read_end(self, name: str, path: str, *, limit_bytes: int) -> tuple[int, bytes]:
        """Return the size of a regular file of a container and its last bytes, as read_file."""
        ...

    def read_file(self, name: str, path: str, *, limit_bytes: int) -> bytes:
        """Return the last limit_bytes of a regular file of a container, through the engine's archive.

        Works without root and on stopped containers. Raises NotFound, Refused for what is no regular file.
        """
        ...

    def file_chunks(self, name: str, path: str) -> Iterator[bytes]:
        """Yield the bytes of a regular file of a container from its beginning, as they come through the archive.

        However large it is, no more than a chunk is held. Raises NotFound, Refused for what is no regular file.
        """
        ...

    def exec_shell(self, name: str, command: tuple[str, ...], *, user: str | None = None) -> int:
        """Run an interactive command in a container, on this terminal, and return its exit status."""
        ...

    def image_id(self, reference: str) -> str | None:
        """Return the id of a local image, or None."""
        ...

    def image(self, reference: str) -> ImageFacts | None:
        """Return what the engine knows of a local image, or None where there is no such image."""
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

    def save(self, reference: str) -> Iterator[bytes]:
        """Yield the tarball of an image, as `docker save` writes it."""
        ...

    def load(self, tarball: Iterator[bytes]) -> Iterator[str]:
        """Send the tarball of images to the engine as it comes, and yield what the engine says, line by line.

        When tarball raises, the request is broken off and that error comes out; the engine, which never saw the end,
        makes no image of it. Raises Failed with the engine's reason.
        """
        ...

    def push(self, image: str, reference: str) -> Iterator[PushEvent]:
        """Give a local image another name and push it there, with Docker's own credentials for that registry.

        Yields what happens as it happens; the last event has the manifest's digest. Raises Failed with the registry's
        reason.
        """
        ...

    def export(self, name: str) -> Iterator[bytes]:
        """Yield a container's file system as a tar, running or not. Raises NotFound."""
        ...

    def run(self, image: str, **options: Any) -> str:
        """Create and start a container (the keyword arguments of the SDK's `containers.run`), return its id.

        Raises Failed with the engine's reason (a port that is taken, a name that is in use).
        """
        ...

    def start(self, name: str) -> None:
        """Start a stopped container; unpause a paused one."""
        ...

    def set_restart(self, name: str, policy: str) -> None:
        """Say when the engine starts a container again by itself: no, on-failure, always or unless-stopped."""
        ...

    def remove(self, name: str) -> None:
        """Stop and remove a container; one that is not there is no error."""
        ...

    def ensure_network(self, name: str, labels: Mapping[str, str]) -> None:
        """Make a bridge network with these labels unless it exists. Raises Refused when that one has others."""
        ...

    def ensure_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """Make a volume with these labels unless it exists. Raises Refused when that one has others."""
        ...

    def remove_network(self, name: str, labels: Mapping[str, str]) -> bool:
        """Remove a network that has these labels, and return whether there was one. Raises Refused while it is used."""
        ...

    def remove_volume(self, name: str, labels: Mapping[str, str]) -> bool:
        """Remove a volume that has these labels, and return whether there was one."""
        ...

    def labelled(self, label: str) -> Mapping[str, tuple[str, ...]]:
        """Return what carries a label, by the label's values: `container web`, `network web`, `volume web-files`."""
        ...

    def remove_image(self, reference: str) -> None:
        """Remove an image; one that is not there is no error."""
        ...


class LogDoors(Protocol):
    """The ways to a container's logs."""

    def engine(self) -> Engine:
        """Return the engine, for the container's own output and its state."""
        ...

    def local_files(self, container: str) -> AbstractContextManager[ContainerFiles]:
        """Return the container's files through this machine's kernel.

        Entering it raises PermissionDenied without root, NotRunning, and Refused where it would not be safe.
        """
        ...

    def engine_files(self, container: str) -> AbstractContextManager[ContainerFiles]:
        """Return the container's files through the engine's archive: slower, without root, on stopped ones too."""
        ...

    def output_inside(
        self, container: str, command: tuple[str, ...], *, timeout_seconds: float | None
    ) -> Iterator[bytes]:
        """Yield what a program of the container prints when it is run inside all namespaces; None waits for its end."""
        ...


class BlockCounter(Protocol):
    """Counts the requests of an access log by columns, many lines at a time, into the totals it was made for."""

    def feed(self, raw: bytes, /) -> list[bytes]:
        """Count some whole lines, and return those that it cannot vouch for, without their newlines."""
        ...

    def flush(self) -> None:
        """Add what is still on the way to the totals."""
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


class ObjectStore(Protocol):
    """One account of an OpenStack Swift.

    Every question has a deadline; a transfer may take as long as it moves. Apart from what each method names, all
    raise ConfigurationError, AuthenticationFailed, Unreachable, UnexpectedAnswer (Unavailable for what may pass), and
    Refused for a name that no container or object can have.
    """

    @property
    def account(self) -> StoreAccount:
        """Who we are and where the store is; the first look authenticates."""
        ...

    def containers(self) -> str:
        """Return the first page of the account's containers, as JSON."""
        ...

    def listing(self, swift_container: str, *, marker: str = "", limit: int | None = None, prefix: str = "") -> str:
        """Return one page of a container's objects, as JSON: those after marker; the server's page unless limit is set.

        With prefix only those whose names begin with it. Raises NotFound when there is no such container.
        """
        ...

    def manifest(self, swift_container: str, name: str) -> str:
        """Return the segments of a static large object, as JSON. Raises NotFound."""
        ...

    def head(self, swift_container: str, name: str) -> StoredObject:
        """Return what the store knows of one object. Raises NotFound."""
        ...

    def heads(
        self, swift_container: str, names: Sequence[str], *, timeout_seconds: float
    ) -> Mapping[str, StoredObject]:
        """Return what the store knows of several objects, some at a time, of those only that told in time.

        One that is gone meanwhile, or cannot be asked for, is left out.
        """
        ...

    def open(
        self, swift_container: str, name: str, *, start: int = 0, stop: int | None = None, etag: str | None = None
    ) -> AbstractContextManager[tuple[StoredObject, Iterator[bytes]]]:
        """Give what the store says of an object, the whole of it, and its bytes from start to stop, as they come.

        Entering it raises NotFound, and Changed when the object's ETag is not the one given; the bytes raise
        Unreachable when they stall or end too early. What they are worth is for the caller to check.
        """
        ...

    def sibling(self) -> ObjectStore:
        """Return a store of the same account for another thread."""
        ...

    def put(
        self,
        swift_container: str,
        name: str,
        chunks: Iterator[bytes],
        *,
        metadata: Mapping[str, str] | None = None,
        only_new: bool = False,
        md5: str | Callable[[], str] | None = None,
        size_bytes: int | None = None,
    ) -> StoredObject:
        """Store an object of at most 5 GiB, making its container if need be; metadata becomes X-Object-Meta-*.

        Several threads may put and copy at once. When chunks raise, that error comes out, and nothing is stored; nor is
        it when they are not the size_bytes that were announced. Raises Corrupted when Swift's checksum of what arrived
        is not that of what was sent (a md5 that is given is announced, and Swift compares and keeps nothing; a function
        is asked for it afterwards; without one that is announced, what arrived wrong has taken the name of what stood
        there, and is removed), Refused with only_new when there is such an object, Failed when there is no room.
        """
        ...

    def copy(self, swift_container: str, source: str, name: str) -> str:
        """Have the store make an object of the bytes of another one of its container; return its checksum there."""
        ...

    def put_manifest(
        self,
        swift_container: str,
        name: str,
        segments: Sequence[StoredSegment],
        *,
        metadata: Mapping[str, str] | None = None,
        only_new: bool = False,
    ) -> StoredObject:
        """Make a static large object of segments that are there; Swift checks every one.

        The answer to it is all that is asked for: the etag is None where it gives none. Raises as put, and Changed when
        a segment is not there as it is described.
        """
        ...

    def make_container(self, swift_container: str) -> bool:
        """Make a container, and return whether there was none; one that is there is left as it is."""
        ...

    def delete(self, swift_container: str, name: str) -> None:
        """Remove one object (of a large one only the manifest); one that is not there is no error."""
        ...


class Installer(Protocol):
    """Makes root file systems of Debian with packages in them."""

    @property
    def origin(self) -> str:
        """Where the packages come from, for people."""
        ...

    def obstacle(self) -> str:
        """Return why it cannot work on this machine, "" where nothing speaks against it."""
        ...

    def install(self, wanted: Installation, progress: Progress) -> AbstractContextManager[BinaryIO]:
        """Give the tar of a root file system with packages installed, as a file; it is gone afterwards.

        Raises PermissionDenied when the tool for it is missing and cannot be installed, Failed with its last lines.
        """
        ...
