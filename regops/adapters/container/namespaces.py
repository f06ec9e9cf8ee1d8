"""The first process of a running container, verified and held, and connections from inside its network.

The engine names a process by a number, and numbers are reused: between the engine's answer and our use of it the
container can end and the number can go to any other process. So the process is held (pidfd_open), the engine is asked
again while it is held, and the kernel is asked whether that process is in that container. Everything else is reached
through a descriptor of its /proc directory, which answers for this very process or not at all.
"""

import os
import re
import select
import socket
import sys
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime

from parsers.docker_inspect import Container, parse_docker_inspect
from parsers.errors import ParseError
from regops.errors import NotRunning, PermissionDenied, Refused, UnexpectedAnswer
from regops.ports import Engine

if sys.version_info >= (3, 12):
    from os import setns
else:
    import ctypes

    _libc = ctypes.CDLL(None, use_errno=True)

    def setns(fd: int, nstype: int) -> None:
        """Move the calling thread into a namespace."""
        if _libc.setns(fd, nstype) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))


_CLONE_NEWNET = 0x4000_0000
# A container that restarts in a loop can change between two questions; five rounds are some milliseconds.
_ROUNDS = 5
_NEEDS_ROOT = "run regops as root: entering a container needs CAP_SYS_PTRACE and CAP_SYS_ADMIN"


@dataclass(frozen=True, slots=True)
class ContainerProcess:
    """The first process of a container, which cannot be mistaken for another while this is held.

    pidfd becomes readable when the process has ended. proc is its /proc directory (O_PATH): look-ups through it fail
    with ESRCH once the process is gone.
    """

    name: str
    container_id: str
    pid: int
    started_at: datetime | None
    pidfd: int
    proc: int
    paused: bool

    @property
    def ended(self) -> bool:
        """Whether the process has ended since."""
        return _has_ended(self.pidfd)

    def read(self, name: str) -> str:
        """Return the text of one of the process's /proc files. Raises as open does."""
        with os.fdopen(self.open(name, os.O_RDONLY), encoding="utf-8", errors="replace") as file:
            return file.read()

    def open(self, name: str, flags: int, *, without_root: str = _NEEDS_ROOT) -> int:
        """Return a descriptor of one of the process's /proc entries (`ns/net`, `root`); the caller closes it.

        without_root is the hint for those whom the kernel does not let.

        Raises PermissionDenied where the kernel does not let us, NotRunning when the process has ended.
        """
        try:
            return os.open(name, flags | os.O_CLOEXEC, dir_fd=self.proc)
        except PermissionError as error:
            raise PermissionDenied(
                f"cannot open /proc/{self.pid}/{name} of the container {self.name}: {error.strerror}",
                hint=without_root,
            ) from error
        except (ProcessLookupError, FileNotFoundError) as error:
            raise NotRunning(f"the container {self.name} ended while it was looked at") from error


@contextmanager
def hold_process(engine: Engine, name: str) -> Generator[ContainerProcess]:
    """Yield the first process of a running container of this machine, held for as long as the context lasts.

    Raises Refused when the engine is not this machine's or names a process that is not the container's, NotRunning
    when there is no process, and what engine.inspect raises.
    """
    if not engine.is_local or sys.platform != "linux":
        raise Refused(
            f"the engine at {engine.address} is another machine's: its containers' processes are not here",
            hint="use --via engine, or run regops on that machine",
        )
    _occupy_standard_descriptors()
    with ExitStack() as stack:
        yield _hold(engine, name, stack)


def connect_inside(engine: Engine, name: str, port: int, timeout_seconds: float) -> socket.socket:
    """Return a TCP connection to 127.0.0.1:port as the container itself would make it.

    Raises OSError as connecting does, PermissionDenied where we may not enter, and what hold_process raises.
    """
    with hold_process(engine, name) as process:
        inside = _socket_inside(process)
    try:
        inside.settimeout(timeout_seconds)
        inside.connect(("127.0.0.1", port))
    except BaseException:
        inside.close()
        raise
    return inside


def _socket_inside(process: ContainerProcess) -> socket.socket:
    """Return a new TCP socket of the container's network.

    A socket stays in the network namespace it was made in, so a thread that lives for two system calls is all that
    ever enters it.
    """
    netns = process.open("ns/net", os.O_RDONLY)

    def enter_and_make() -> socket.socket:
        setns(netns, _CLONE_NEWNET)
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)

    try:
        with ThreadPoolExecutor(max_workers=1) as pool:
            return pool.submit(enter_and_make).result()
    except PermissionError as error:
        raise PermissionDenied(
            f"cannot enter the network namespace of the container {process.name}: {error.strerror}", hint=_NEEDS_ROOT
        ) from error
    finally:
        os.close(netns)


def _occupy_standard_descriptors() -> None:
    """Open /dev/null where a standard descriptor is closed: what is opened later must not be taken for one."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _hold(engine: Engine, name: str, stack: ExitStack) -> ContainerProcess:
    for _ in range(_ROUNDS):
        with ExitStack() as attempt:
            container, pid = _running(engine, name)
            try:
                pidfd = _pidfd_open(pid)
                attempt.callback(os.close, pidfd)
                proc = os.open(f"/proc/{pid}", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
                attempt.callback(os.close, proc)
                belongs = _belongs(proc, container.id)
            except (ProcessLookupError, FileNotFoundError):
                continue
            again, _pid = _running(engine, container.id)
            if (again.pid, again.started_at) != (pid, container.started_at) or _has_ended(pidfd):
                continue
            if not belongs:
                raise Refused(
                    f"the engine says that the container {name} is process {pid}, "
                    "but this machine's kernel does not count that process to the container",
                    hint="does the engine run in a container or a virtual machine? use --via engine",
                )
            stack.push(attempt.pop_all())
            return ContainerProcess(container.name, container.id, pid, container.started_at, pidfd, proc, again.paused)
    raise NotRunning(
        f"the container {name} does not stay up: its process changed {_ROUNDS} times while it was looked at",
        hint="`regops ps --all` shows its state",
    )


def _pidfd_open(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        raise
    except (OSError, AttributeError) as error:
        # Kernels before 5.3, sandboxes, and Pythons that were built for such kernels.
        raise Refused(
            f"process {pid} cannot be held (pidfd_open: {error}), and so not be told from another",
            hint="--via engine does without",
        ) from error


def _running(engine: Engine, name: str) -> tuple[Container, int]:
    try:
        container = parse_docker_inspect(engine.inspect(name), f"the engine's answer about the container {name}")
    except ParseError as error:
        raise UnexpectedAnswer(str(error), hint="is this a Docker engine? `docker inspect` shows its answer") from error
    if not container.running or container.pid is None:
        raise NotRunning(
            f"the container {container.name} is not running (status: {container.status})",
            hint=f"`docker start {container.name}` starts it",
        )
    return container, container.pid


def _belongs(proc: int, container_id: str) -> bool:
    """Return whether the kernel's cgroups name the container: cgroupfs and systemd, v1 and v2 do it alike."""
    with open("cgroup", encoding="utf-8", errors="replace", opener=_opener(proc)) as file:
        paths = [line.rstrip("\n").split(":", 2)[-1] for line in file]
    # An id is never part of a longer one: .../docker/ID, .../docker-ID.scope, .../ID/init.scope.
    named = re.compile(rf"(?<![0-9a-f]){re.escape(container_id)}(?![0-9a-f])")
    return any(named.search(path) for path in paths)


def _opener(directory: int) -> Callable[[str, int], int]:
    return lambda name, flags: os.open(name, flags | os.O_CLOEXEC, dir_fd=directory)


def _has_ended(pidfd: int) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))
