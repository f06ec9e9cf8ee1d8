"""The lab with one part broken: `ping` and `status` each say which, within their timeout."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import docker
import pytest
from typer.testing import CliRunner

from regops.main import app

pytestmark = pytest.mark.engine

Lab = dict[str, Any]
SUPERVISOR = ["supervisorctl", "-c", "/etc/supervisor/supervisord.conf"]
STOP, CONTINUE = 19, 18
WELL = {"nginx": "well", "registry": "well", "index": "not configured", "storage": "well"}


def regops(command: str, lab: Lab, *arguments: str) -> dict[str, Any]:
    url = lab["registry"]["http_url"]
    result = CliRunner().invoke(app, [command, url, "-o", "json", "--timeout", "4", *arguments])
    document = json.loads(result.stdout)
    assert document["exit_code"] == result.exit_code
    return dict(document)


def ping(lab: Lab) -> tuple[int, dict[str, Any]]:
    document = regops("ping", lab)
    return document["exit_code"], document["data"]["probes"][0]["sighting"]


def status(lab: Lab) -> tuple[int, dict[str, str]]:
    document = regops("status", lab)
    return document["exit_code"], {part["name"]: part["health"] for part in document["data"]["parts"]}


def until(condition: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < ends, f"{what}: not within three minutes"
        time.sleep(0.1)


def is_well(lab: Lab) -> bool:
    return ping(lab)[0] == 0 and status(lab)[0] == 0


@contextlib.contextmanager
def broken(lab: Lab, break_it: Callable[[], object], mend: Callable[[], object]) -> Iterator[None]:
    """Break something for a while, and leave the lab as it was found: well."""
    until(lambda: is_well(lab), "the lab before")
    try:
        break_it()
        yield
    finally:
        mend()
        until(lambda: is_well(lab), "the lab afterwards")


def program(client: docker.DockerClient, lab: Lab, name: str) -> contextlib.AbstractContextManager[None]:
    """Stop a supervised program for a while."""
    container = client.containers.get(lab["registry"]["container"])
    return broken(
        lab,
        lambda: container.exec_run([*SUPERVISOR, "stop", name]),
        lambda: container.exec_run([*SUPERVISOR, "start", name]),
    )


def frozen(client: docker.DockerClient, lab: Lab, name: str) -> contextlib.AbstractContextManager[None]:
    """Let a supervised program hang for a while."""
    container = client.containers.get(lab["registry"]["container"])
    pid = int(container.exec_run([*SUPERVISOR, "pid", name]).output)

    def kill(signal: int) -> None:
        done = container.exec_run(["python3", "-c", f"import os; os.kill({pid}, {signal})"])
        assert done.exit_code == 0, done.output

    return broken(lab, lambda: kill(STOP), lambda: kill(CONTINUE))


def test_a_lab_that_is_well_is_said_to_be(lab: Lab) -> None:
    until(lambda: is_well(lab), "the lab")
    exit_code, found = ping(lab)
    assert (exit_code, found["culprit"], found["warnings"]) == (0, None, [])
    assert found["identity"]["generation"] == "distribution with the classic surface"
    assert found["identity"]["flavor"] == lab["registry"]["flavor"]
    assert status(lab) == (
        0,
        {**WELL, "instances": "well", "redis": "not configured"},
    )


def test_its_certificate_is_accepted_from_its_own_file_and_named_without_it(lab: Lab) -> None:
    url, ca_file = lab["registry"]["https_url"], lab["registry"]["ca_file"]
    trusted = CliRunner().invoke(app, ["ping", url, "--cacert", ca_file, "-o", "json"])
    assert trusted.exit_code == 0, trusted.output
    facts = json.loads(trusted.stdout)["data"]["probes"][0]["sighting"]["tls"]
    assert (facts["verified"], "127.0.0.1" in facts["names"]) == (True, True)
    untrusted = CliRunner().invoke(app, ["ping", url])
    assert untrusted.exit_code == 1
    assert "self-signed" in untrusted.stdout


def test_a_stopped_nginx_is_named(client: docker.DockerClient, lab: Lab) -> None:
    with program(client, lab, "nginx"):
        exit_code, found = ping(lab)
        assert (exit_code, found["state"], found["culprit"]) == (1, "down", "nginx")
        assert status(lab) == (1, {"nginx": "down"})


def test_a_stopped_registry_is_named(client: docker.DockerClient, lab: Lab) -> None:
    with program(client, lab, "registry"):
        exit_code, found = ping(lab)
        assert (exit_code, found["state"], found["culprit"]) == (1, "down", "registry")
        exit_code, parts = status(lab)
        assert (exit_code, parts["nginx"], parts["registry"], parts["storage"]) == (1, "well", "down", "well")


def test_a_registry_that_hangs_is_named(client: docker.DockerClient, lab: Lab) -> None:
    with frozen(client, lab, "registry"):
        exit_code, found = ping(lab)
        assert (exit_code, found["state"], found["culprit"]) == (1, "silent", "registry")
        assert status(lab) == (1, {"nginx": "well", "registry": "hangs"})


def test_a_stopped_redis_is_named(client: docker.DockerClient, lab_dev: Lab) -> None:
    with program(client, lab_dev, "redis"):
        # What the status service found a moment ago is still told for a moment.
        until(lambda: status(lab_dev) == (1, {**WELL, "redis": "failing"}), "the failing redis")
        exit_code, found = ping(lab_dev)
        assert (exit_code, found["state"]) == (0, "alive")
        assert found["warnings"][0].startswith("redis does not answer")


def test_a_stopped_swift_is_named(client: docker.DockerClient, lab: Lab) -> None:
    swift = client.containers.get(lab["swift"]["container"])
    with broken(lab, lambda: swift.stop(timeout=1), swift.start):
        until(lambda: status(lab)[1]["storage"] == "failing", "the failing store")
        exit_code, parts = status(lab)
        assert (exit_code, parts["nginx"]) == (1, "well")
        _, found = ping(lab)
        assert [said for said in found["warnings"] if said.startswith("storage cannot be written")]


def test_a_paused_container_is_named(client: docker.DockerClient, lab: Lab) -> None:
    container = client.containers.get(lab["registry"]["container"])
    with broken(lab, container.pause, container.unpause):
        exit_code, found = ping(lab)
        assert (exit_code, found["state"], found["culprit"]) == (1, "silent", "container")
        assert "paused" in found["headline"]
        assert status(lab) == (3, {"container": "hangs"})


def test_a_stopped_container_is_named(client: docker.DockerClient, lab: Lab) -> None:
    container = client.containers.get(lab["registry"]["container"])
    with broken(lab, lambda: container.stop(timeout=5), container.start):
        exit_code, found = ping(lab)
        assert (exit_code, found["state"], found["culprit"]) == (1, "down", "container")
        assert status(lab) == (1, {"container": "down"})
