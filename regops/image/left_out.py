"""What of a root file system does not go into an image: traces of its making, and what would tie it to a machine."""

import re

# Directories that stay, without what is in them: devices, caches, package lists.
_EMPTIED = (
    "dev", "proc", "sys", "run", "tmp", "var/tmp", "var/cache/apt", "var/cache/ldconfig", "var/lib/apt/lists",
    "etc/ssl/private", "usr/share/man", "usr/share/info",
)  # fmt: skip
_FILES = re.compile(
    r"""
    \.dockerenv
    | etc/(?:hostname|hosts|resolv\.conf|machine-id|\.pwd\.lock)    # the engine's, or the machine's
    | var/lib/dbus/machine-id
    | etc/(?:passwd|group|shadow|gshadow|subuid|subgid)-            # backups of one edit ago
    | var/lib/dpkg/(?:status|available|diversions|statoverride)-old
    | var/cache/debconf/.*-old
    | etc/ssh/ssh_host_.*
    | root/\..*_history
    | usr/share/doc/(?!.*/copyright$|[^/]*$).*                      # the licences stay
    | usr/share/locale/(?!locale\.alias$).*
    """,
    re.VERBOSE,
)
_LOGS = "var/log/"


def is_left_out(name: str, *, is_directory: bool) -> bool:
    """Return whether a path (without a leading slash) stays out of the image; folders for logs stay in it, empty."""
    if name.startswith(_LOGS):
        return not is_directory
    if any(name.startswith(f"{folder}/") for folder in _EMPTIED):
        return True
    return _FILES.fullmatch(name) is not None
