"""Which file systems hold ordinary files. Source: statfs(2), linux/magic.h."""

import ctypes
import os

# f_type of the file systems that hold ordinary files. What is not listed is refused: files of procfs and its kin are
# "regular" too, and reading them shows the kernel's or a process's secrets, or does something.
_ORDINARY = frozenset(
    {
        0xEF53,  # ext2, ext3, ext4
        0x794C7630,  # overlay
        0x01021994,  # tmpfs
        0x58465342,  # xfs
        0x9123683E,  # btrfs
        0x2FC12FC1,  # zfs
        0xCA451A4E,  # bcachefs
        0xF2F52010,  # f2fs
        0x61756673,  # aufs
        0x858458F6,  # ramfs
        0x6969,  # nfs
        0xFF534D42,  # cifs
        0xFE534D42,  # smb2, smb3
        0x65735546,  # fuse, virtiofs
        0x01021997,  # 9p
        0x00C36400,  # ceph
        0x01161970,  # gfs2
        0x7461636F,  # ocfs2
        0x0BD00BD0,  # lustre
        0x47504653,  # gpfs
        0x3153464A,  # jfs
        0x52654973,  # reiserfs
        0x4D44,  # vfat
        0x2011BAB0,  # exfat
        0x5346544E,  # ntfs
        0x7366746E,  # ntfs3
        0xE0F5E1E2,  # erofs
        0x73717368,  # squashfs
        0xF15F,  # ecryptfs
    }
)

# Those whose files only this kernel writes to, so that it knows of every change: not network and FUSE file systems.
_ELSEWHERE = frozenset(
    {0x6969, 0xFF534D42, 0xFE534D42, 0x65735546, 0x01021997, 0x00C36400, 0x01161970, 0x7461636F, 0x0BD00BD0, 0x47504653}
)
_PSEUDO = {
    0x9FA0: "procfs",
    0x62656572: "sysfs",
    0x27E0EB: "cgroupfs",
    0x63677270: "cgroupfs",
    0x1CD1: "devpts",
    0x19800202: "mqueue",
}

_libc = ctypes.CDLL(None, use_errno=True)


def pseudo_file_system(fd: int) -> str:
    """Return the name of the file system a descriptor is on when it holds no ordinary files, "" when it does."""
    kind = _kind(fd)
    return "" if kind in _ORDINARY else _PSEUDO.get(kind, f"a file system of type {kind:#x}")


def tells_of_changes(fd: int) -> bool:
    """Return whether this kernel knows of every change to the files of the file system that a descriptor is on."""
    return _kind(fd) in _ORDINARY - _ELSEWHERE


def _kind(fd: int) -> int:
    buffer = ctypes.create_string_buffer(512)
    if _libc.fstatfs(fd, buffer) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    # The first word of struct statfs is f_type.
    return ctypes.c_long.from_buffer(buffer).value & 0xFFFFFFFF
