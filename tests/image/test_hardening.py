"""The image with as little as it can do with: three capabilities, a read-only root, no secret where others see it."""

import re
from collections.abc import Iterator

import docker
import pytest

from registry_container import CAPABILITIES, Lab, Running, image_of, started, swift_settings, until, well

pytestmark = pytest.mark.engine

HARDENED = {
    "cap_drop": ["ALL"],
    "cap_add": list(CAPABILITIES),
    "security_opt": ["no-new-privileges"],
    "read_only": True,
    "tmpfs": {"/run": "size=16m", "/tmp": "size=16m", "/var/log": "size=300m"},
    "pids_limit": 100,
    "mem_limit": "256m",
}
USERS = {
    "nginx": "www-data",
    "logrotate": "www-data",
    "registry": "docker-registry",
    "status": "registry-status",
    "redis": "redis",
}
SECRET = "canary-of-http"


@pytest.fixture(scope="module")
def hardened(client: docker.DockerClient, lab: Lab, lab_dev: Lab) -> Iterator[Running]:
    """A development registry, which has all the programs there are."""
    environment = {"SETTINGS_FLAVOR": "devel", **swift_settings(lab, "hardened"), "HTTP_SECRET": SECRET}
    with well(client, lab, "hardened", image_of(client, lab_dev), environment, **HARDENED) as running:
        yield running


def test_everything_runs_and_images_go_in_and_out(hardened: Running) -> None:
    until(lambda: set(hardened.programs().values()) == {"RUNNING"}, "all programs running")
    assert hardened.programs().keys() == USERS.keys()
    door = hardened.door(8443)
    door.push("team/app", "1", b"a layer" * 100_000)
    assert door.pull("team/app", "1") == [b"a layer" * 100_000]


def test_only_supervisord_is_root_and_no_program_below_it_can_do_what_users_cannot(hardened: Running) -> None:
    script = r"""
        for process in /proc/[0-9]*; do
            set -- $(sed -n 's/^\(Uid\|CapEff\|NoNewPrivs\|PPid\):\t*\([0-9a-f]*\).*/\2/p' $process/status)
            echo "${process#/proc/} ppid=$1 uid=$2 caps=$3 nnp=$4 $(getent passwd $2 | cut -d: -f1)"
        done 2>/dev/null
    """
    found = hardened.inside("sh", "-c", script)
    lines = [line.split() for line in found.splitlines() if line.count(" ") == 5]
    pids = {str(hardened.pid(program)): user for program, user in USERS.items()}
    below = [words for words in lines if words[0] in pids]
    assert len(below) == len(USERS), found
    for pid, _, _, capabilities, no_new_privileges, user in below:
        assert (user, capabilities, no_new_privileges) == (pids[pid], "caps=0000000000000000", "nnp=1")
    children = {words[5] for words in lines if words[1].removeprefix("ppid=") in pids}
    assert children <= set(USERS.values())


def test_no_process_carries_a_secret_and_no_file_shows_one_to_others(hardened: Running, lab: Lab) -> None:
    key = lab["swift"]["key"]
    # A command that the engine runs inside has the container's environment: it is not one of its processes.
    seen = hardened.inside("sh", "-c", "for p in /proc/[0-9]*; do [ ${p#/proc/} = $$ ] || cat $p/cmdline; done; echo")
    assert key not in seen.replace("\0", "\n").splitlines()
    assert SECRET not in seen
    own = hardened.inside("sh", "-c", "for p in /proc/1; do cat $p/environ; done")
    assert "OS_PASSWORD" not in own
    assert "HTTP_SECRET" not in own
    folders = "/run /etc /tmp /var/log /var/lib"
    for user in ("nobody", "www-data", "redis"):
        assert hardened.inside("sh", "-c", f"grep -rlF -e {SECRET} {folders} 2>/dev/null || :", user=user) == ""
    assert hardened.inside("sh", "-c", f"grep -rlF -e {SECRET} {folders} 2>/dev/null || :") == (
        "/run/docker-registry/registry.yml\n"
    )
    told = hardened.inside(
        "stat", "-c", "%a %U %G", "/run/docker-registry/registry.yml", "/run/docker-registry/tls/key.pem"
    )
    assert told.splitlines() == ["640 root docker-registry", "640 root www-data"]


@pytest.mark.parametrize("missing", CAPABILITIES)
def test_a_capability_that_is_missing_is_told(client: docker.DockerClient, lab: Lab, missing: str) -> None:
    fewer = {**HARDENED, "cap_add": [name for name in CAPABILITIES if name != missing]}
    with started(client, lab, "fewer", image_of(client, lab), {"SETTINGS_FLAVOR": "local"}, **fewer) as running:
        assert running.container.wait(timeout=180)["StatusCode"] == 78
        (line,) = running.logs().splitlines()
    assert line == f"docker-registry: it cannot run each program as its own user without --cap-add {missing}"


def test_another_user_than_root_is_told(client: docker.DockerClient, lab: Lab) -> None:
    with started(client, lab, "user", image_of(client, lab), {"SETTINGS_FLAVOR": "local"}, user="33") as running:
        assert running.container.wait(timeout=180)["StatusCode"] == 78
        assert running.logs().startswith("docker-registry: it was started as uid 33; it starts as root")


def test_passwords_can_come_as_files(client: docker.DockerClient, lab: Lab) -> None:
    settings = {"SETTINGS_FLAVOR": "qa", **swift_settings(lab, "files"), "OS_PASSWORD": ""}
    settings["OS_PASSWORD_FILE"] = "/proc/sys/kernel/ostype"  # a file every container has; no password of ours
    with started(client, lab, "files", image_of(client, lab), settings) as running:
        assert running.container.wait(timeout=180)["StatusCode"] == 78
        (line,) = running.logs().splitlines()
    assert re.fullmatch(
        r"docker-registry: Swift refuses OS_USERNAME and OS_PASSWORD: GET http://\S+: 401 Unauthorized", line
    )


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"SETTINGS_FLAVOR": "production"}, "SETTINGS_FLAVOR is 'production'; it must be one of"),
        ({"SETTINGS_FLAVOR": "prod"}, "needs OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_CONTAINER, not set"),
        ({"SETTINGS_FLAVOR": "devel"}, "this image has no redis"),
        ({"SETTINGS_FLAVOR": "local", "TLS_NAMES": "a b"}, "TLS_NAMES: 'a b' is neither"),
        ({"SETTINGS_FLAVOR": "local", "REGISTRY_REDIS_ADDR": "elsewhere:6379"}, "'REGISTRY_REDIS_ADDR' is set"),
    ],
)
def test_settings_that_cannot_work_end_the_container_with_one_line(
    client: docker.DockerClient, lab: Lab, environment: dict[str, str], told: str
) -> None:
    with started(client, lab, "wrong", image_of(client, lab), environment) as running:
        assert running.container.wait(timeout=180)["StatusCode"] == 78
        (line,) = running.logs().splitlines()
    assert line.startswith("docker-registry: ")
    assert told in line


def test_a_folder_that_cannot_be_written_to_is_told(client: docker.DockerClient, lab: Lab) -> None:
    with started(
        client, lab, "folder", image_of(client, lab), {"SETTINGS_FLAVOR": "local"},
        read_only=True, tmpfs={"/run": "", "/tmp": "", "/var/log": ""},
    ) as running:  # fmt: skip
        assert running.container.wait(timeout=180)["StatusCode"] == 78
        (line,) = running.logs().splitlines()
    assert line.startswith("docker-registry: /var/lib/docker-registry cannot be ")
