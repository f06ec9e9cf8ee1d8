"""What goes wrong with files of a download, in words."""

import errno
import os
import stat
from pathlib import Path

from regops.errors import Failed, NotFound, PermissionDenied, Refused, RegopsError


def check_ours(found: os.stat_result, shown: Path | str) -> None:
    """Raise Refused for a file that someone else has put there, who could change it under our hands."""
    shared = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink != 1 or shared:
        raise Refused(f"{shown} is there, and not a file that regops left", hint="look at it, and remove it")


def file_failure(error: OSError, path: Path) -> RegopsError:
    """Return what an error of the operating system means for the one who wants a file there."""
    reason = error.strerror or type(error).__name__
    match error.errno:
        case errno.ENOENT:
            return NotFound(f"{path}: no such folder", hint="make it first: mkdir -p")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return PermissionDenied(f"{path} cannot be written: {reason}", hint="--to names another folder")
        case errno.ENOSPC | errno.EDQUOT:
            return Failed(f"{path}: {reason}", hint="make room, or name another folder: --to")
        case errno.ELOOP:
            return Refused(f"{path} is a link, and none is followed there", hint="look at it, and remove it")
        case errno.ENOTDIR:
            return Refused(f"{path} is no folder, or lies in what is none", hint="--to names another")
        case errno.EISDIR:
            return Refused(f"{path} is a folder", hint="--to names another")
        case _:
            return Failed(f"{path}: {reason}")
