"""The image in trouble, for real: programs that are killed, a store that is away, logs that grow."""

import json
import re
from collections.abc import Iterator
from typing import Any

import docker
import pytest
from typer.testing import CliRunner

from registry_container import Lab, Running, image_of, started, swift_settings, until, well
from regops.main import app

pytestmark = pytest.mark.engine

LOCAL = {"SETTINGS_FLAVOR": "local", "PLAIN_HTTP": "yes"}
STOP, KILL, CONTINUE = 19, 9, 18
HEALTH_CHECK = ("python3", "-EsS", "/usr/local/lib/docker-registry/health.py")


@pytest.fixture(scope="module")
def dev(client: docker.DockerClient, lab: Lab, lab_dev: Lab) -> Iterator[Running]:
    """A development registry on files, which has all the programs there are."""
    environment = {"SETTINGS_FLAVOR": "devel", "PLAIN_HTTP": "yes"}
    with well(client, lab, "life", image_of(client, lab_dev), environment) as running:
        until(lambda: set(running.programs().values()) == {"RUNNING"}, "all programs running")
        yield running


def kill(running: Running, signal: int, *pids: int) -> None:
    running.inside("python3", "-c", f"import os; [os.kill(pid, {signal}) for pid in {list(pids)}]")


def regops(command: str, running: Running, *arguments: str) -> dict[str, Any]:
    given = [command, running.door().url, "-o", "json", "--timeout", "4", *arguments]
    return dict(json.loads(CliRunner().invoke(app, given).stdout))


def parts(running: Running) -> dict[str, str]:
    return {part["name"]: part["health"] for part in regops("status", running)["data"]["parts"]}


WHILE_AWAY: dict[str, dict[str, str]] = {
    "registry": {"registry": "down", "nginx": "well", "storage": "well"},
    "nginx": {"nginx": "down"},
    "status": {"registry": "well", "nginx": "well", "/_status": "failing"},
    "redis": {"registry": "well", "redis": "failing", "storage": "well"},
    "logrotate": {"registry": "well", "redis": "well", "storage": "well"},
}


@pytest.mark.parametrize("program", WHILE_AWAY)
def test_a_program_that_is_killed_is_told_of_while_it_is_away_and_comes_back(dev: Running, program: str) -> None:
    before = dev.pid(program)
    workers = [int(pid) for pid in dev.inside("cat", f"/proc/{before}/task/{before}/children").split()]
    # While supervisord stands still, nothing is started again; from the inside, pid 1 cannot be stopped.
    dev.container.kill("STOP")
    try:
        kill(dev, KILL, before, *workers)
        until(
            lambda: WHILE_AWAY[program].items() <= parts(dev).items(), f"{program} away", said=lambda: str(parts(dev))
        )
        assert regops("ping", dev)["exit_code"] == (1 if program in ("registry", "nginx") else 0)
    finally:
        dev.container.kill("CONT")
    until(lambda: dev.pid(program) not in (0, before), f"another {program}")
    until(lambda: dev.well() and set(dev.programs().values()) == {"RUNNING"}, "everything running")
    log = dev.inside("cat", "/var/log/supervisor/supervisord.log")
    assert f"exited: {program} (terminated by SIGKILL; not expected)" in log


def test_an_nginx_whose_master_alone_was_killed_gets_its_ports_back_from_the_workers(dev: Running) -> None:
    before = dev.pid("nginx")
    kill(dev, KILL, before)
    until(lambda: dev.pid("nginx") not in (0, before), "another nginx")
    until(lambda: set(dev.programs().values()) == {"RUNNING"}, "everything running")
    assert dev.well()

    def masters() -> set[str]:
        script = "for p in /proc/[0-9]*; do [ \"$(cat $p/comm)\" != nginx ] || sed -n 's/^PPid:\\t//p' $p/status; done"
        return set(dev.inside("sh", "-c", f"({script}) 2>/dev/null || :").split())

    until(lambda: masters() == {"1", str(dev.pid("nginx"))}, "no worker of the old one")


def test_the_health_check_is_the_images_own_and_knows_what_is_vital(dev: Running) -> None:
    dev.container.reload()
    configured = dev.container.client.images.get(dev.container.image.id).attrs["Config"]["Healthcheck"]["Test"]
    assert tuple(configured[1:]) == ("/usr/bin/python3", *HEALTH_CHECK[1:])
    until(lambda: dev.inside(*HEALTH_CHECK, fine=(0, 1)) == "index: unconfigured\n", "well")
    try:
        kill(dev, STOP, dev.pid("redis"))
        until(
            lambda: "redis: no answer" in dev.inside(*HEALTH_CHECK, fine=(0,)), "redis told, and healthy all the same"
        )
        kill(dev, STOP, dev.pid("registry"))
        until(lambda: "registry: no answer" in dev.inside(*HEALTH_CHECK, fine=(0, 1)), "registry told")
        dev.inside(*HEALTH_CHECK, fine=(1,))
    finally:
        kill(dev, CONTINUE, dev.pid("redis"), dev.pid("registry"))
    until(dev.well, "well again")


def test_a_store_that_is_away_at_the_start_is_waited_for(client: docker.DockerClient, lab: Lab) -> None:
    swift = client.containers.get(lab["swift"]["container"])
    environment = {"SETTINGS_FLAVOR": "qa", "PLAIN_HTTP": "yes", **swift_settings(lab, "late")}
    swift.pause()
    try:
        with started(client, lab, "early", image_of(client, lab), environment) as early:
            until(lambda: early.status()[0] == 503, "an answer without a store", said=early.logs)
            assert early.status()[1]["storage"].startswith("no answer within")
            assert "docker-registry: Swift does not answer" in early.logs()
            swift.unpause()
            until(early.well, "the registry once its store is there")
            log = early.inside("cat", "/var/log/supervisor/docker-registry.log")
            assert 'level=error msg="the store does not answer within 5 s"' in log
            assert "panic" not in log
    finally:
        swift.reload()
        if swift.status == "paused":
            swift.unpause()


def test_a_password_that_swift_refuses_ends_the_container_with_one_line(client: docker.DockerClient, lab: Lab) -> None:
    environment = {"SETTINGS_FLAVOR": "qa", **swift_settings(lab, "refused"), "OS_PASSWORD": "canary-hunter2"}
    with started(client, lab, "refused", image_of(client, lab), environment) as running:
        assert running.container.wait(timeout=180)["StatusCode"] == 78
        (line,) = running.logs().splitlines()
    assert re.fullmatch(r"docker-registry: Swift refuses OS_USERNAME and OS_PASSWORD: GET http://\S+: 401 \w+", line)


def test_logs_are_rotated_by_their_size_and_their_sum_is_bounded(client: docker.DockerClient, lab: Lab) -> None:
    access = "/var/log/nginx/nginx-http-access.log"
    with well(client, lab, "logs", image_of(client, lab), {**LOCAL, "LOGROTATE_SECONDS": "1"}) as running:

        def files() -> list[str]:
            return running.inside("sh", "-c", f"ls {access}*").split()

        for number in range(8):
            first = running.inside("stat", "-c", "%i", access)
            running.inside("sh", "-c", f"head -c 21000000 /dev/zero >> {access}", user="www-data")
            until(lambda first=first: running.inside("stat", "-c", "%i", access) != first, f"rotation {number}")
            running.door().ask("GET", f"/_ping?{number}")
        until(lambda: len(files()) == 6, "five old ones and the current one", said=lambda: str(files()))
        # All but the newest of the old ones are compressed, which zeros are well.
        until(lambda: int(running.inside("du", "-sk", "/var/log/nginx").split()[0]) < 60_000, "a bounded sum")
        # nginx takes a moment to write to the new file: until then it is in the newest of the old ones.
        running.inside("grep", "-acF", "/_ping?7", access, f"{access}.1")
        assert set(running.programs().values()) == {"RUNNING"}


def test_a_full_disk_for_logs_stops_nothing(client: docker.DockerClient, lab: Lab) -> None:
    with well(
        client,
        lab,
        "full",
        image_of(client, lab),
        {**LOCAL, "LOGROTATE_SECONDS": "1"},
        tmpfs={"/var/log": "size=4m"},
    ) as running:
        # supervisord's folder is root's.
        running.inside("sh", "-c", "head -c 8000000 /dev/zero > /var/log/supervisor/filler; df /var/log", fine=(0, 1))
        assert "100%" in running.inside("df", "/var/log")
        running.door().push("team/app", "1", b"a layer" * 10_000)
        before = running.pid("registry")
        kill(running, KILL, before)
        until(lambda: running.pid("registry") not in (0, before), "another registry")
        until(running.well, "the registry on a full disk for logs")
        assert running.door().pull("team/app", "1") == [b"a layer" * 10_000]


def test_a_restarted_container_has_its_images_certificate_and_name(client: docker.DockerClient, lab: Lab) -> None:
    kept = ("sha256sum", "/run/docker-registry/tls/cert.pem", "/run/docker-registry/instance")
    with well(client, lab, "again", image_of(client, lab), LOCAL) as running:
        before = running.inside(*kept)
        running.door().push("team/app", "1", b"layer")
        running.container.restart(timeout=10)
        until(running.well, "well again")
        assert running.inside(*kept) == before
        assert running.door().pull("team/app", "1") == [b"layer"]
