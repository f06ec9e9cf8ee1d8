"""What is at a path below a directory, and how it is opened when that is harmless: only what is a regular file.

Nothing is opened to find out what it is: a FIFO's writer, a terminal or a watchdog would notice. Nothing but the
standard library and a model is imported, for the helper process that runs this must start fast.
"""

import errno
import os
import stat
import time
from itertools import islice

from regops.adapters.container import beneath
from regops.adapters.container.file_systems import pseudo_file_system
from regops.model.container_file import FileFacts, FileKind, Listing

_LEASE_SECONDS = 2.0

# Links by which images send a log to the program's own output: there is no file behind them.
OUTPUT_LINKS = frozenset(
    {"/dev/stdout", "/dev/stderr"}
    | {f"{directory}/{fd}" for directory in ("/proc/self/fd", "/proc/1/fd", "/dev/fd") for fd in (1, 2)}
)


def look(root: int, path: str) -> FileFacts:
    """Return what is at a path, opening nothing. Raises OSError when nothing is there."""
    target = _link_target(root, path)
    if target in OUTPUT_LINKS:
        return FileFacts(FileKind.OUTPUT, 0, 0.0, None, target, "it is a link to the program's own output")
    try:
        fd = beneath.open_beneath(root, path, os.O_PATH)
    except OSError as error:
        if not target:
            raise
        return FileFacts(FileKind.LINK, 0, 0.0, None, target, _why(error))
    try:
        return facts_of(fd, target)
    finally:
        os.close(fd)


def open_file(root: int, path: str) -> tuple[int, FileFacts]:
    """Return a descriptor for reading a regular file, and its facts.

    facts.problem is set, and the descriptor is -1, for anything that must not be opened. Raises OSError when nothing is
    there or the kernel does not let us.
    """
    facts = look(root, path)
    if facts.problem:
        return -1, facts
    found = beneath.open_beneath(root, path, os.O_PATH)
    try:
        facts = facts_of(found, facts.link_target)
        return (-1 if facts.problem else _reopen(found, os.O_RDONLY)), facts
    finally:
        os.close(found)


def names(root: int, path: str, limit: int) -> Listing:
    """Return the names in a directory, at most limit of them.

    Raises OSError when there is no such directory, or it is none that holds ordinary files.
    """
    found = open_directory(root, path)
    try:
        directory = _reopen(found, os.O_RDONLY | os.O_DIRECTORY)
    finally:
        os.close(found)
    try:
        with os.scandir(directory) as entries:
            listed = [entry.name for entry in islice(entries, limit + 1)]
    finally:
        os.close(directory)
    return Listing(tuple(sorted(listed[:limit])), more=len(listed) > limit)


def open_directory(root: int, path: str) -> int:
    """Return a descriptor (O_PATH) of a directory. Raises OSError where none is that holds ordinary files."""
    found = beneath.open_beneath(root, path, os.O_PATH | os.O_DIRECTORY)
    if file_system := pseudo_file_system(found):
        os.close(found)
        raise OSError(errno.ENOTSUP, f"it is on {file_system}, which holds no ordinary files")
    return found


def facts_of(fd: int, link_target: str = "") -> FileFacts:
    """Return what a descriptor holds."""
    found = os.fstat(fd)
    kind = _kind(found.st_mode)
    problem = "" if kind is FileKind.FILE else f"it is a {kind}, not a regular file"
    if kind is FileKind.FILE and (file_system := pseudo_file_system(fd)):
        problem = f"it is on {file_system}, which holds no ordinary files"
    identity = (found.st_dev, found.st_ino)
    return FileFacts(kind, found.st_size, found.st_mtime, identity, link_target, problem, found.st_nlink > 0)


def _link_target(root: int, path: str) -> str:
    """Return the text of the link at a path, "" where there is none."""
    directory, _, name = path.rpartition("/")
    parent = beneath.open_beneath(root, directory or "/", os.O_PATH | os.O_DIRECTORY)
    try:
        return os.readlink(name, dir_fd=parent)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return ""
        raise
    finally:
        os.close(parent)


def _kind(mode: int) -> FileKind:
    if stat.S_ISREG(mode):
        return FileKind.FILE
    if stat.S_ISDIR(mode):
        return FileKind.DIRECTORY
    if stat.S_ISFIFO(mode):
        return FileKind.FIFO
    return FileKind.SOCKET if stat.S_ISSOCK(mode) else FileKind.DEVICE


def _reopen(found: int, flags: int) -> int:
    """Return a descriptor for reading the very thing that an O_PATH descriptor holds."""
    until = time.monotonic() + _LEASE_SECONDS
    while True:
        try:
            fd = os.open(f"/proc/self/fd/{found}", flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            break
        except BlockingIOError:
            # A process of the container holds a lease on it (F_SETLEASE); without O_NONBLOCK we would hang for 45 s.
            if time.monotonic() > until:
                raise OSError(errno.EAGAIN, "a process of the container holds a lease on it") from None
            time.sleep(0.05)
    if not os.path.samestat(os.fstat(fd), os.fstat(found)):
        os.close(fd)
        raise OSError(errno.EAGAIN, "it changed while it was opened")
    return fd


def _why(error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "it is a link that leads to nothing"
    if error.errno == errno.ELOOP:
        return "it is a link that leads in a circle, or into /proc"
    return f"it is a link that cannot be followed: {error.strerror}"
