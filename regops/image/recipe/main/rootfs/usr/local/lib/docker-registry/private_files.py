"""Files and folders for one group of users, made by a root that may do little else.

Without CAP_CHOWN root gives what it makes to a group by being of that group while it does so, which is CAP_SETGID's to
allow; this image needs that one anyway, for its programs run as users of their own.
"""

import grp
import json
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from settings_error import SettingsError


def write_for(group: str, path: Path, content: bytes | dict[str, Any]) -> None:
    """Write a file that root may change, the group may read, and nobody else; at once or not at all."""
    if isinstance(content, dict):
        content = json.dumps(content, indent=2).encode() + b"\n"
    partial = path.with_name(path.name + ".part")
    partial.unlink(missing_ok=True)
    with _as_group(group):
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    partial.replace(path)


def write_public(path: Path, content: str | bytes) -> None:
    """Write a file that everybody may read."""
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(content.encode() if isinstance(content, str) else content)
    partial.chmod(0o644)
    partial.replace(path)


def folder_for(group: str, path: Path) -> None:
    """Make a folder where the group may write, or make one that is there so. Raises SettingsError."""
    try:
        with _as_group(group):
            path.mkdir(mode=0o755, exist_ok=True)
            there = path.stat()
            gid = grp.getgrnam(group).gr_gid
            if there.st_uid == 0:
                os.chown(path, -1, gid)
                path.chmod(0o2775)
    except OSError as error:
        raise SettingsError(f"{path} cannot be made writable for {group}: {error.strerror}") from error


def must_be_writable(path: Path, user: str) -> None:
    """See that a user can write to a folder, by being that user for a moment. Raises SettingsError."""
    found = pwd.getpwnam(user)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(found.pw_gid)
            os.setuid(found.pw_uid)
            # A folder of its own that its group may not write to: the status service writes there, too.
            if path.stat().st_uid == found.pw_uid:
                path.chmod(path.stat().st_mode | 0o2070)
            status = 0 if os.access(path, os.W_OK | os.X_OK) else 1
        finally:
            os._exit(status)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
        raise SettingsError(f"{path} cannot be written to by {user} (uid {found.pw_uid}, gid {found.pw_gid})")


@contextmanager
def _as_group(group: str) -> Iterator[None]:
    os.setegid(grp.getgrnam(group).gr_gid)
    try:
        yield
    finally:
        os.setegid(0)
