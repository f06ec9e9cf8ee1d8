"""The whole circle: an image goes into Swift, and on an empty host it becomes the first registry."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from regops.adapters.engine.client import DockerEngine
from regops.lab.recipe import MAIN
from second_engine import SecondEngine, docker, second_engine
from swift_server import KEY, USER, SwiftServer, running_swift

pytestmark = [pytest.mark.engine, pytest.mark.root, pytest.mark.swift]
CONTAINER, REGISTRY = "circle.bootstrap", "circle-registry"


@pytest.fixture(scope="module")
def host() -> Iterator[SecondEngine]:
    """An engine that has nothing."""
    with second_engine() as engine:
        yield engine


@pytest.fixture(scope="module")
def reached_swift(host: SecondEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SwiftServer]:
    """A Swift that containers of the empty host reach."""
    with running_swift(tmp_path_factory.mktemp("circle") / "data", bind=host.gateway) as swift:
        yield swift


def regops(environ: Mapping[str, str], *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "regops", "bootstrap", *arguments, "-o", "json"],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=300,
    )
    found = dict(json.loads(done.stdout))
    return {**found, "stderr": done.stderr}


@pytest.mark.usefixtures("lab")
def test_from_an_image_in_swift_to_a_pull(host: SecondEngine, reached_swift: SwiftServer, tmp_path: Path) -> None:
    here = {**reached_swift.environ, "REGOPS_SWIFT_CONTAINER": CONTAINER}
    sent = regops(here, "upload", MAIN.reference)
    assert sent["exit_code"] == 0, sent
    name = sent["data"]["name"]

    there = {**here, "DOCKER_HOST": host.address}
    assert docker(host.address, "images", "--quiet").stdout == ""
    listed = regops(there, "list")["data"]["objects"]
    assert [(one["name"], one["size_bytes"]) for one in listed] == [(name, sent["data"]["size_bytes"])]
    assert regops(there, "verify", name)["exit_code"] == 0
    loaded = regops(there, "load", name)
    assert loaded["exit_code"] == 0, loaded
    assert [tag["tag"] for tag in loaded["data"]["tags"]] == [MAIN.reference]
    assert loaded["data"]["tags"][0]["image_id"] == DockerEngine.from_environment().image_id(MAIN.reference)

    env_file = tmp_path / "registry.env"
    env_file.write_text(
        f"SETTINGS_FLAVOR=qa\nOS_AUTH_URL={reached_swift.auth_url}\nOS_USERNAME={USER}\nOS_PASSWORD={KEY}\n"
        f"OS_CONTAINER={REGISTRY}\n"
    )
    ports = ("--http-port", "0", "--https-port", "0", "--address", "localhost", "--restart", "no", "--timeout", "120")
    started = regops(there, "start", MAIN.reference, "--name", "circle", "--env-file", str(env_file), *ports)
    assert started["exit_code"] == 0, started
    assert started["data"]["health"]["verdict"] == "well"
    assert started["data"]["http_url"].startswith("http://127.0.0.1:")
    assert (started["data"]["files"], started["data"]["certificate"]) == ("", "/run/docker-registry/tls/cert.pem")

    reference = f"{started['data']['https_url'].removeprefix('https://')}/first/registry:1"
    assert docker(host.address, "tag", MAIN.reference, reference).returncode == 0
    pushed = docker(host.address, "push", reference)
    assert pushed.returncode == 0, pushed.stderr
    assert docker(host.address, "rmi", reference).returncode == 0
    pulled = docker(host.address, "pull", reference)
    assert pulled.returncode == 0, pulled.stderr
    assert reached_swift.request("GET", REGISTRY)[0] == 200

    env_file.write_text(env_file.read_text() + "REGISTRY_REDIS_ADDR=127.0.0.1:6379\n")
    second = regops(there, "start", MAIN.reference, "--name", "second", "--env-file", str(env_file), *ports)
    assert second["exit_code"] == 3
    assert "loses layers without an error" in second["errors"][0]["message"]
