"""The files of a running container, read from this machine: nothing of the container is run, and nothing is entered.

A helper process (`file_helper`) does every look at a file; this side waits for it until a deadline. One that does not
answer, because a file system below it is dead, is left to itself: not even SIGKILL ends it before that mount goes.
"""

import errno
import os
import select
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from typing import Any, Self

from regops.adapters.container.helper_process import HelperProcess
from regops.adapters.container.namespaces import hold_process
from regops.adapters.container.watches import Watches
from regops.errors import NotFound, PermissionDenied, Phase, Refused, RegopsError, Unreachable
from regops.model.container_file import FileFacts, FileKind, Happened, Listing
from regops.ports import Engine

_ANSWER_SECONDS = 5.0
# Each helper that is stuck costs the operator _ANSWER_SECONDS and the machine a process.
_MOST_STUCK = 2
_WITHOUT_ROOT = (
    "run regops as root: this needs CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH; or use --via engine, which needs neither"
)
_MISSING = frozenset({errno.ENOENT, errno.ENOTDIR})


@contextmanager
def container_files(engine: Engine, name: str) -> Generator["LocalFiles"]:
    """Yield the files of a running container of this machine.

    Raises PermissionDenied without root, Refused when the container's root is this machine's own, and what
    hold_process raises.
    """
    with hold_process(engine, name) as process:
        root = process.open("root", os.O_PATH | os.O_DIRECTORY, without_root=_WITHOUT_ROOT)
        try:
            if os.path.samestat(os.fstat(root), os.stat("/")):  # noqa: PTH116  a path would be a second look
                raise Refused(f"the root directory of the container {process.name} is this machine's own")
            with LocalFiles(process.name, root, process.pidfd) as files:
                yield files
        finally:
            os.close(root)


class LocalFiles:
    """The files below one directory; implements `ports.ContainerFiles`. Use it as a context manager.

    root is a descriptor of the directory that counts as `/`; pidfd is of the process whose end is the end of all.
    """

    via = "files"

    def __init__(self, name: str, root: int, pidfd: int, *, answer_seconds: float = _ANSWER_SECONDS) -> None:
        self._name = name
        self._root = root
        self._pidfd = pidfd
        self._answer_seconds = answer_seconds
        self._helper: HelperProcess | None = None
        self.generation = 0
        self._stuck_at: list[str] = []
        self._watches: Watches | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._helper is not None:
            self._helper.stop()
        if self._watches is not None:
            self._watches.close()

    def names(self, directory: str, *, limit: int) -> Listing:
        """Return the names in a directory."""
        reply, _ = self.ask(directory, {"names": directory, "limit": limit})
        return Listing(tuple(reply["names"]), more=reply["more"])

    def look(self, path: str) -> FileFacts:
        """Return what is at a path, opening nothing."""
        reply, _ = self.ask(path, {"look": path})
        return _facts(reply)

    def open(self, path: str) -> "LocalFile":
        """Return a regular file for reading."""
        return LocalFile(self, path)

    def watch(self, directory: str) -> int | None:
        """Watch the names in a directory."""
        return self._watch(directory, {"watch_directory": directory})

    def wait(self, seconds: float, wakers: Iterable[int] = ()) -> Happened:
        """Wait until something happens."""
        poll = select.poll()
        for fd in (self._pidfd, *wakers, *([self._watches.fd] if self._watches else [])):
            if fd >= 0:
                poll.register(fd, select.POLLIN)
        ready = {fd for fd, _ in poll.poll(max(seconds, 0) * 1000)}
        written, moved, lost = self._watches.take() if self._watches else (set[int](), set[int](), False)
        return Happened(self._pidfd in ready, frozenset(written), frozenset(moved), lost)

    def watch_file(self, path: str, handle: int) -> int | None:
        """Watch an open file."""
        return self._watch(path, {"watch": handle})

    def forget(self, watch: int) -> None:
        """End a watch."""
        if self._watches is not None:
            self._watches.forget(watch)

    def ask(self, path: str, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Return the helper's answer to a request about a path."""
        if "\0" in path:
            raise NotFound(f"{self._name}:{path}: no file has such a name")
        if len(self._stuck_at) >= _MOST_STUCK:
            raise self._no_answer(path, f"(nor did {self._stuck_at[-1]}: nothing more is asked)")
        if self._helper is None:
            if self._watches is None:
                self._watches = Watches()
            self._helper = HelperProcess(self._root, self._watches.fd)
            self.generation += 1
        try:
            reply, payload = self._helper.ask(request, self._answer_seconds)
        except TimeoutError:
            self._helper.abandon()
            self._helper = None
            self._stuck_at.append(path)
            raise self._no_answer(path, f"within {self._answer_seconds:g} s") from None
        except (EOFError, OSError) as error:
            self._helper.stop()
            self._helper = None
            raise Unreachable(
                f"the process that reads the files of the container {self._name} ended unexpectedly", phase=Phase.BODY
            ) from error
        if "reason" in reply:
            raise self._failure(path, int(reply["errno"]), str(reply["reason"]))
        return reply, payload

    def refuse(self, path: str, problem: str) -> Refused:
        """Return the error for what must not be read."""
        return Refused(f"{self._name}:{path} is not read: {problem}")

    def _watch(self, path: str, request: dict[str, Any]) -> int | None:
        reply, _ = self.ask(path, request)
        watch = reply["watch"]
        return None if watch is None else int(watch)

    def _failure(self, path: str, code: int, reason: str) -> RegopsError:
        where = f"{self._name}:{path}"
        if code in _MISSING:
            return NotFound(f"{where}: {reason}")
        if code in {errno.EACCES, errno.EPERM}:
            return PermissionDenied(f"{where} cannot be read: {reason}", hint=_WITHOUT_ROOT)
        return Refused(f"{where} cannot be read: {reason}")

    def _no_answer(self, path: str, detail: str) -> Unreachable:
        return Unreachable(
            f"{self._name}:{path} does not answer {detail}",
            hint="is it on a network or FUSE file system that is down?",
            phase=Phase.BODY,
            timed_out=True,
        )


class LocalFile:
    """One open file; implements `ports.ContainerFile`."""

    def __init__(self, files: LocalFiles, path: str) -> None:
        self._files = files
        self._path = path
        self._watch: int | None = None
        self.facts = self._open()

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return up to size_bytes from offset on, b"" at the end."""
        self._hold()
        request = {"read": self._handle, "offset": offset, "size": size_bytes}
        _, payload = self._files.ask(self._path, request)
        return payload

    def watch(self) -> int | None:
        """Watch it as long as it is open."""
        if self._watch is None:
            self._hold()
            self._watch = self._files.watch_file(self._path, self._handle)
        return self._watch

    def look(self) -> FileFacts:
        """Return what it is now."""
        self._hold()
        reply, _ = self._files.ask(self._path, {"look_at": self._handle})
        return _facts(reply)

    def close(self) -> None:
        """Let go of it."""
        if self._watch is not None:
            self._files.forget(self._watch)
            self._watch = None
        if self._generation == self._files.generation:
            with suppress(RegopsError):
                self._files.ask(self._path, {"close": self._handle})

    def _hold(self) -> None:
        """Open it again when the helper that held it got stuck elsewhere: only the very same file can go on."""
        if self._generation != self._files.generation:
            before = self.facts.identity
            self.facts = self._open()
            if self.facts.identity != before:
                raise NotFound(f"{self._path} was replaced meanwhile")

    def _open(self) -> FileFacts:
        reply, _ = self._files.ask(self._path, {"open": self._path})
        facts = _facts(reply["facts"])
        if facts.problem:
            raise self._files.refuse(self._path, facts.problem)
        self._handle, self._generation = int(reply["handle"]), self._files.generation
        return facts


def _facts(reply: dict[str, Any]) -> FileFacts:
    """Return what the helper's JSON was made of."""
    identity = reply["identity"]
    return FileFacts(
        kind=FileKind(reply["kind"]),
        size_bytes=int(reply["size_bytes"]),
        modified_at=float(reply["modified_at"]),
        identity=None if identity is None else (int(identity[0]), int(identity[1])),
        link_target=str(reply["link_target"]),
        problem=str(reply["problem"]),
        has_name=bool(reply["has_name"]),
    )
