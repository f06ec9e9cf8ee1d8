"""The helper process that enters a container and becomes a program of it.

It is started with nothing of the operator's but the three standard descriptors made for it. Between entering and
executing, nothing is imported and nothing is looked up by a path, for every path is the container's by then; and the
program gets no more of the machine than the container has: its cgroups, its capabilities, no new privileges.
Source: setns(2), capabilities(7), prctl(2), pid_namespaces(7).
"""

import ctypes
import errno
import fcntl
import json
import os
import signal
import termios
from contextlib import suppress
from typing import Any, NoReturn

_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 1, 24, 38, 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_LINUX_CAPABILITY_VERSION_3 = 0x20080522
_CAPABILITIES = 64

_libc = ctypes.CDLL(None, use_errno=True)


class _CapHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapData(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def run(text: str) -> NoReturn:
    """Enter and execute as a JSON object says, or tell why not on its status descriptor; never return."""
    spec: dict[str, Any] = json.loads(text)
    step = "join the container's cgroups"
    try:
        for fd in (spec["pidfd"], spec["root"], spec["status"]):
            os.set_inheritable(fd, False)  # noqa: FBT003  it takes no keyword
        # When regops is killed, nothing of it stays behind.
        _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
        for path in spec["cgroups"]:
            _write(path, b"0")
        step = "enter its namespaces"
        _enter(spec)
        step = "start a process in it"
        child = os.fork()
        if child:
            _wait_for(child, spec)
        step = "give up this machine's privileges"
        _prepare(spec)
        step = f"run {spec['commands'][-1][0]}"
        _execute(spec)
    except OSError as error:
        _tell(spec["status"], step, error)
    finally:
        # Also after what nobody foresaw: a traceback would read files, which are the container's.
        os._exit(126)


def _enter(spec: dict[str, Any]) -> None:
    own = os.open("/proc/self", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    outside = _mount_namespace(own)
    _checked(_libc.setns(spec["pidfd"], spec["namespaces"]))
    # Never a program on the host: util-linux once skipped the switch when its descriptor was 0.
    if _mount_namespace(own) != spec["mount_namespace"] or spec["mount_namespace"] == outside:
        raise OSError(errno.EXDEV, "the mount namespace is not the container's")
    # Without pivot_root, the root of the namespace is still the host's.
    os.fchdir(spec["root"])
    os.chroot(".")
    os.chdir("/")


def _prepare(spec: dict[str, Any]) -> None:
    """Be what a program of the container is; we are the child, in its pid namespace."""
    os.setsid()
    if spec["terminal"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGHUP, 0, 0, 0))
    os.umask(0o022)
    with suppress(PermissionError):  # a user namespace may forbid it, and then there are none
        os.setgroups([0])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    _limit_capabilities(spec["capabilities"])
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(ignored, signal.SIG_DFL)


def _limit_capabilities(bounding: int) -> None:
    _checked(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
    for capability in range(_CAPABILITIES):
        if not bounding >> capability & 1 and _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            if ctypes.get_errno() == errno.EINVAL:
                break  # the kernel knows no more
            _checked(-1)
    header, data = _CapHeader(_LINUX_CAPABILITY_VERSION_3, 0), (_CapData * 2)()
    _checked(_libc.capget(ctypes.byref(header), data))
    for half in range(2):
        kept = data[half].permitted & (bounding >> (32 * half) & 0xFFFF_FFFF)
        # execve gives root the bounding set and what is inheritable: so nothing is.
        data[half] = _CapData(kept, kept, 0)
    _checked(_libc.capset(ctypes.byref(header), data))
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def _execute(spec: dict[str, Any]) -> None:
    """Execute the first of the commands that is there. Raises OSError when none is."""
    failure = OSError(errno.ENOENT, "no such program")
    for command in spec["commands"]:
        name = command[0]
        folders = [""] if "/" in name else [f"{folder}/" for folder in spec["environment"]["PATH"].split(":")]
        for folder in folders:
            try:
                os.execve(f"{folder}{name}", command, spec["environment"])  # noqa: S606  a shell is what is asked for
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                failure = error
    raise failure


def _wait_for(child: int, spec: dict[str, Any]) -> NoReturn:
    """Be the parent: let go of everything, and end as the child ends."""
    os.close(spec["status"])
    for fd in range(3):
        os.close(fd)
    while True:
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            os._exit(os.WEXITSTATUS(status))
        if os.WIFSIGNALED(status):
            os._exit(128 + os.WTERMSIG(status))


def _mount_namespace(proc: int) -> list[int]:
    found = os.stat("ns/mnt", dir_fd=proc)
    return [found.st_dev, found.st_ino]


def _write(path: str, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)


def _checked(result: int) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _tell(status: int, step: str, error: OSError) -> None:
    os.write(status, json.dumps({"step": step, "errno": error.errno, "reason": error.strerror}).encode("ascii"))
