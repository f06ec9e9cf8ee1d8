"""Where cgroups are joined: v1, v2, both at once, and below another root."""

from pathlib import Path

from regops.adapters.container.cgroups import membership_files

V1 = """\
30 29 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct
31 29 0:27 / /sys/fs/cgroup/devices rw,nosuid - cgroup cgroup rw,devices
32 29 0:28 / /sys/fs/cgroup/systemd rw,nosuid - cgroup cgroup rw,xattr,name=systemd
33 29 0:29 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw
34 29 0:30 / /proc rw - proc proc rw
"""
V2 = "30 29 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"


def test_every_mounted_hierarchy_of_v1_is_joined_once() -> None:
    cgroup = (
        "4:cpu,cpuacct:/docker/abc\n3:devices:/docker/abc\n2:freezer:/docker/abc\n1:name=systemd:/docker/abc\n0::/\n"
    )
    assert membership_files(cgroup, V1) == [
        Path("/sys/fs/cgroup/cpu,cpuacct/docker/abc/cgroup.procs"),
        Path("/sys/fs/cgroup/devices/docker/abc/cgroup.procs"),
        Path("/sys/fs/cgroup/systemd/docker/abc/cgroup.procs"),
    ]


def test_v2_has_one() -> None:
    assert membership_files("0::/system.slice/docker-abc.scope\n", V2) == [
        Path("/sys/fs/cgroup/system.slice/docker-abc.scope/cgroup.procs")
    ]


def test_a_mount_of_a_part_is_counted_from_there() -> None:
    mount = "30 29 0:26 /outer /sys/fs/cg\\040roup rw - cgroup2 cgroup2 rw\n"
    assert membership_files("0::/outer/docker/abc\n", mount) == [Path("/sys/fs/cg roup/docker/abc/cgroup.procs")]


def test_what_lies_outside_of_our_own_view_is_not_joined() -> None:
    assert membership_files("0::/../docker/abc\n", V2) == []


def test_without_mounts_there_is_nothing_to_join() -> None:
    assert membership_files("0::/docker/abc\n", "34 29 0:30 / /proc rw - proc proc rw\n") == []
