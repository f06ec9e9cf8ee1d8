"""Where on this machine the cgroups of a process are joined: cgroup v1, v2 and both at once."""

import re
from pathlib import Path

_OCTAL = re.compile(r"\\([0-7]{3})")


def membership_files(cgroup: str, mountinfo: str) -> list[Path]:
    """Return the cgroup.procs files by which a process joins the cgroups that another is in.

    cgroup is the other's /proc/PID/cgroup, mountinfo is /proc/self/mountinfo. Hierarchies that are not mounted are
    left out, and so is the root, where everybody is.
    """
    mounted = _mounted(mountinfo)
    found: list[Path] = []
    for line in cgroup.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            mount = mounted.get(controller)
            if mount and path != "/" and "/.." not in path:
                root, point = mount
                found.append(Path(f"{point}/{path.removeprefix(root).lstrip('/')}") / "cgroup.procs")
                break
    return found


def _mounted(mountinfo: str) -> dict[str, tuple[str, str]]:
    """Return root and mount point of every hierarchy, by the name of each controller; "" is cgroup v2's."""
    mounted: dict[str, tuple[str, str]] = {}
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if kind[0] not in {"cgroup", "cgroup2"}:
            continue
        place = "" if fields[3] == "/" else fields[3], _OCTAL.sub(lambda code: chr(int(code[1], 8)), fields[4])
        for controller in [""] if kind[0] == "cgroup2" else kind[-1].split(","):
            mounted.setdefault(controller, place)
    return mounted
