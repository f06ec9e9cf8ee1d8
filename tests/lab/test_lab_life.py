"""Up, again, down, and up once more, on the real engine; and a build that fails there."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.engine

NAME = f"regops-test-life-{os.getpid()}"
PORTS = ("--http-port", "0", "--https-port", "0")


def lab(*arguments: str) -> tuple[dict[str, Any], str]:
    command = [sys.executable, "-m", "regops", "lab", *arguments, "--name", NAME, "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["data"], done.stderr


@pytest.fixture
def removed_afterwards() -> Iterator[None]:
    yield
    from regops.adapters.engine.client import DockerEngine

    engine = DockerEngine.from_environment()
    engine.remove(NAME)
    engine.remove_network(NAME, {"regops.lab": NAME})
    engine.remove_volume(f"{NAME}-files", {"regops.lab": NAME})


def put_a_layer(url: str) -> None:
    """Push one blob, to have something that can be lost."""
    begin = urllib.request.Request(f"{url}/v2/a/b/blobs/uploads/", method="POST")
    with urllib.request.urlopen(begin, timeout=10) as answer:
        place = answer.headers["Location"]
    digest = "sha256%3A2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    headers = {"Content-Type": "application/octet-stream"}  # urllib would call it a form
    end = urllib.request.Request(f"{url}{place}&digest={digest}", method="PUT", data=b"hello", headers=headers)
    with urllib.request.urlopen(end, timeout=10) as answer:
        assert answer.status == 201


def layer(url: str) -> bytes:
    digest = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    with urllib.request.urlopen(f"{url}/v2/a/b/blobs/{digest}", timeout=10) as answer:
        return bytes(answer.read())


@pytest.mark.usefixtures("removed_afterwards", "image_cache")
def test_a_lab_comes_up_stays_goes_and_comes_back_with_what_was_stored() -> None:
    first, told = lab("up", "--no-swift", *PORTS)
    assert f"Starting the container {NAME}" in told
    put_a_layer(first["registry"]["http_url"])

    again, told = lab("up", "--no-swift", *PORTS)
    assert (again, told) == (first, "")
    assert lab("status")[0] == first

    gone, _ = lab("down")
    assert gone["removed"] == [f"container {NAME}", f"network {NAME}"]
    assert [what.partition(":")[0] for what in gone["kept"]] == [f"volume {NAME}-files"]

    back, _ = lab("up", "--no-swift", *PORTS)
    assert layer(back["registry"]["http_url"]) == b"hello"
