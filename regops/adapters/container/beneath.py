"""Paths looked up beneath a directory as a container would look them up.

Everything takes a descriptor of the directory that counts as `/`. Looking up and opening are one step of the kernel
(openat2 with RESOLVE_IN_ROOT), so no link, `..` or rename in between leads out. Source: openat2(2), proc(5).
"""

import ctypes
import errno
import os
import stat

from regops.adapters.container.file_systems import pseudo_file_system

_SYS_OPENAT2 = 437  # on every architecture but alpha
_RESOLVE_NO_MAGICLINKS = 0x02
_RESOLVE_IN_ROOT = 0x10
# The kernel answers EAGAIN when something was renamed while it looked; the container decides how often that is.
_RACES = 64
_LINKS = 40

_libc = ctypes.CDLL(None, use_errno=True)


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def open_beneath(root: int, path: str, flags: int) -> int:
    """Return a descriptor of what a path leads to when root is `/`; links are followed, magic links of procfs not."""
    how = _OpenHow(flags | os.O_CLOEXEC, 0, _RESOLVE_IN_ROOT | _RESOLVE_NO_MAGICLINKS)
    name = os.fsencode(path)
    for _ in range(_RACES):
        fd: int = _libc.syscall(_SYS_OPENAT2, root, name, ctypes.byref(how), ctypes.sizeof(how))
        if fd >= 0:
            return fd
        code = ctypes.get_errno()
        # Kernels before 5.6 do not have it, and old sandboxes answer EPERM for what they do not know.
        if code in {errno.ENOSYS, errno.EPERM}:
            return walk(root, path, flags)
        if code != errno.EAGAIN:
            raise OSError(code, os.strerror(code), path)
    raise OSError(errno.EAGAIN, "it is being renamed all the time", path)


def walk(root: int, path: str, flags: int) -> int:
    """Do what open_beneath does one component at a time, for kernels without openat2.

    No component is followed by the kernel, and `..` goes back to the descriptor it came from: a directory that is
    moved meanwhile leads nowhere new.
    """
    above: list[int] = []
    here = os.dup(root)
    todo = _components(path)
    links = 0
    try:
        while todo:
            name = todo.pop()
            if name == "..":
                if above:
                    os.close(here)
                    here = above.pop()
                continue
            found = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            mode = os.fstat(found).st_mode
            if not stat.S_ISLNK(mode):
                if todo and not stat.S_ISDIR(mode):
                    os.close(found)
                    raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
                above.append(here)
                here = found
                continue
            try:
                links += 1
                if links > _LINKS or pseudo_file_system(found):
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                target = os.readlink("", dir_fd=found)
            finally:
                os.close(found)
            if target.startswith("/"):
                while above:
                    os.close(here)
                    here = above.pop()
            todo += _components(target)
        if flags & os.O_DIRECTORY and not stat.S_ISDIR(os.fstat(here).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        result, here = here, -1
        return result
    finally:
        for fd in [*above, here]:
            if fd >= 0:
                os.close(fd)


def _components(path: str) -> list[str]:
    return [part for part in reversed(path.split("/")) if part not in {"", "."}]
