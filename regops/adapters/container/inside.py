"""Programs started inside all namespaces of a container, with no more rights than the container has.

What differs from the engine's exec: the container's seccomp filter and security label do not apply, so this is the
road for when the engine cannot do it.
"""

import errno
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from regops.adapters.container.cgroups import membership_files
from regops.adapters.container.helper_process import PACKAGES
from regops.adapters.container.namespaces import ContainerProcess, hold_process
from regops.errors import CannotRun, NoProgram, PermissionDenied, Refused, RegopsError
from regops.ports import Engine

# mnt, cgroup, uts, ipc, pid, net
_NAMESPACES = 0x0002_0000 | 0x0200_0000 | 0x0400_0000 | 0x0800_0000 | 0x2000_0000 | 0x4000_0000
_NEWUSER = 0x1000_0000
_START_SECONDS = 10.0
_CHUNK = 64 * 1024
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_RUN = (
    "import sys; sys.path.append(sys.argv[1]); from regops.adapters.container.enter_helper import run; run(sys.argv[2])"
)
_ENGINE_INSTEAD = "--via engine lets the engine do it"
_WITHOUT_ROOT = f"run regops as root, for this needs CAP_SYS_PTRACE and CAP_SYS_ADMIN; {_ENGINE_INSTEAD}"


def start_inside(
    process: ContainerProcess, commands: tuple[tuple[str, ...], ...], stdio: tuple[int, int, int], *, terminal: str
) -> subprocess.Popen[bytes]:
    """Start the first of some commands that the container has, and return its keeper, which ends as it ends.

    stdio become its standard descriptors; none of them may be the operator's own. terminal is the value of TERM when
    they are a terminal, "" when they are not. Raises NotFound when the container has none of the commands, Refused when
    entering would not be safe, PermissionDenied without root.
    """
    if process.paused:
        raise Refused(
            f"the container {process.name} is paused: nothing runs in it", hint=f"`docker unpause {process.name}`"
        )
    root = process.open("root", os.O_PATH | os.O_DIRECTORY, without_root=_WITHOUT_ROOT)
    told, status = os.pipe()
    try:
        spec = _spec(process, root, commands, terminal=terminal) | {"status": status}
        helper = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _RUN, PACKAGES, json.dumps(spec)],
            stdin=stdio[0],
            stdout=stdio[1],
            stderr=stdio[2],
            pass_fds=(process.pidfd, root, status),
            cwd="/",
            env={},
            start_new_session=True,
        )
        os.close(status)
        status = -1
        failure = _failure(process.name, commands, told)
        if failure:
            end(helper)
            raise failure
        return helper
    finally:
        for fd in (root, told, status):
            if fd >= 0:
                os.close(fd)


def output_inside(
    engine: Engine, name: str, command: tuple[str, ...], *, timeout_seconds: float | None
) -> Iterator[bytes]:
    """Yield what a program of the container prints, until it ends; None gives it any time.

    Raises Refused when it does not end in time or ends badly, and what start_inside raises.
    """
    ends = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    with hold_process(engine, name) as process, Path(os.devnull).open("rb") as nothing:
        printed, output = os.pipe()
        with os.fdopen(printed, "rb", buffering=0) as reader:
            try:
                stdio = (nothing.fileno(), output, output)
                helper = start_inside(process, (command,), stdio, terminal="")
            finally:
                os.close(output)
            try:
                while True:
                    left = None if ends is None else max(ends - time.monotonic(), 0)
                    if not select.select([reader], [], [], left)[0]:
                        raise Refused(f"{command[0]} in the container {name} did not end in {timeout_seconds:g} s")
                    chunk = reader.read(_CHUNK)
                    if not chunk:
                        break
                    yield chunk
                if helper.wait(1) != 0:
                    raise Refused(f"{command[0]} in the container {name} ended with status {helper.returncode}")
            finally:
                end(helper)


def end(helper: subprocess.Popen[bytes]) -> None:
    """End a program and its keeper, if they have not; wait only as long as that takes where nothing is stuck."""
    if helper.poll() is None:
        with suppress(ProcessLookupError):
            helper.kill()
        try:
            helper.wait(1)
        except subprocess.TimeoutExpired:
            # It is stuck in the kernel, or frozen with its container: the last thing it will do is end.
            helper.returncode = -signal.SIGKILL


def _spec(
    process: ContainerProcess, root: int, commands: tuple[tuple[str, ...], ...], *, terminal: str
) -> dict[str, object]:
    memberships = membership_files(process.read("cgroup"), Path("/proc/self/mountinfo").read_text("utf-8"))
    if not memberships:
        raise Refused(
            f"the cgroups of the container {process.name} cannot be joined: they are not mounted here, and outside of "
            "them its programs would reach this machine's devices",
            hint=_ENGINE_INSTEAD,
        )
    environment = {"PATH": _PATH, "HOME": "/root", "LANG": "C.UTF-8"}
    return {
        "pidfd": process.pidfd,
        "root": root,
        "cgroups": [str(path) for path in memberships],
        "namespaces": _NAMESPACES | (_NEWUSER if _has_own_user_namespace(process) else 0),
        "mount_namespace": _identity(process, "ns/mnt"),
        "capabilities": _bounding_set(process),
        "commands": commands,
        "environment": environment | ({"TERM": terminal} if terminal else {}),
        "terminal": bool(terminal),
    }


def _identity(process: ContainerProcess, name: str) -> list[int]:
    fd = process.open(name, os.O_RDONLY)
    try:
        found = os.fstat(fd)
        return [found.st_dev, found.st_ino]
    finally:
        os.close(fd)


def _has_own_user_namespace(process: ContainerProcess) -> bool:
    own = Path("/proc/self/ns/user").stat()
    return _identity(process, "ns/user") != [own.st_dev, own.st_ino]


def _bounding_set(process: ContainerProcess) -> int:
    line = next(line for line in process.read("status").splitlines() if line.startswith("CapBnd:"))
    return int(line.split()[1], 16)


def _failure(name: str, commands: tuple[tuple[str, ...], ...], told: int) -> RegopsError | None:
    """Return why nothing was started, None when something was: its status descriptor closed without a word."""
    text = b""
    until = time.monotonic() + _START_SECONDS
    while select.select([told], [], [], max(until - time.monotonic(), 0))[0]:
        chunk = os.read(told, _CHUNK)
        if not chunk:
            return _reason(name, commands, text) if text else None
        text += chunk
    return Refused(f"starting a program in the container {name} took more than {_START_SECONDS:g} s")


def _reason(name: str, commands: tuple[tuple[str, ...], ...], text: bytes) -> RegopsError:
    found = json.loads(text)
    message = f"cannot {found['step']}, in the container {name}: {found['reason']}"
    if found["step"].startswith("run "):
        names = " or ".join(command[0] for command in commands)
        kind = NoProgram if found["errno"] == errno.ENOENT else CannotRun
        return kind(f"the container {name} has no {names} that can be run: {found['reason']}")
    if found["errno"] in {1, 13}:  # EPERM, EACCES
        return PermissionDenied(message, hint=_WITHOUT_ROOT)
    return Refused(message, hint=_ENGINE_INSTEAD)
