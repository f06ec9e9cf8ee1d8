"""What happens to files and directories, told by the kernel, so that a follower who waits costs nothing.

The inotify instance is this process's; the helper process, which alone touches a container's files, adds the watches:
an instance belongs to whoever has its descriptor. A watch is on the very file that a descriptor holds, never on a path,
and opens nothing. Source: inotify(7), measured on overlay, ext4 and tmpfs, through volumes and bind mounts.
"""

import ctypes
import os
import struct
from contextlib import suppress

from regops.adapters.container.file_systems import tells_of_changes

_MODIFY, _ATTRIB, _MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x2, 0x4, 0x40, 0x80, 0x100, 0x200
_DELETE_SELF, _MOVE_SELF, _Q_OVERFLOW, _IGNORED = 0x400, 0x800, 0x4000, 0x8000
# A name that is gone changes the number of a file's links: IN_ATTRIB.
FILE_EVENTS = _MODIFY | _ATTRIB | _MOVE_SELF | _DELETE_SELF
DIRECTORY_EVENTS = _CREATE | _DELETE | _MOVED_FROM | _MOVED_TO | _MOVE_SELF | _DELETE_SELF
_EVENT = struct.Struct("iIII")
_BUFFER = 64 * 1024

_libc = ctypes.CDLL(None, use_errno=True)


def add_watch(inotify: int, held: int, events: int) -> int | None:
    """Return the number of a new watch on what a descriptor holds; None where the kernel would not tell of changes.

    That is so on network and FUSE file systems, whose files others write to, and when there are too many watches.
    """
    if inotify < 0 or not tells_of_changes(held):
        return None
    watch: int = _libc.inotify_add_watch(inotify, f"/proc/self/fd/{held}".encode("ascii"), events)
    return watch if watch >= 0 else None


class Watches:
    """An inotify instance, and what it told. fd is -1 where there is none to be had."""

    def __init__(self) -> None:
        self.fd: int = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)

    def take(self) -> tuple[set[int], set[int], bool]:
        """Return the watches that were written to, those with any other event, and whether events were lost."""
        written, moved, lost = set[int](), set[int](), False
        if self.fd < 0:
            return written, moved, lost
        # One read a look: a container that makes events faster than that keeps nobody here.
        with suppress(BlockingIOError):
            events = os.read(self.fd, _BUFFER)
            place = 0
            while place < len(events):
                watch, mask, _cookie, length = _EVENT.unpack_from(events, place)
                place += _EVENT.size + length
                if mask & _Q_OVERFLOW:
                    lost = True
                elif not mask & _IGNORED:
                    (moved if mask & ~_MODIFY else written).add(watch)
        return written, moved, lost

    def forget(self, watch: int) -> None:
        """End a watch; one that ended by itself is no error."""
        if self.fd >= 0:
            _libc.inotify_rm_watch(self.fd, watch)

    def close(self) -> None:
        """End them all."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
