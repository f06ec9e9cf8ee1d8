"""Into a Swift behind a real Keystone and out of it again, into a real engine."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from keystone_server import Cloud, running_cloud
from regops.adapters.engine.client import DockerEngine
from regops.main import app
from saved_image import layer_id, saved_image

pytestmark = [pytest.mark.engine, pytest.mark.swift]
TAG = "regops-keystone-test:one"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("cloud")) as found:
        yield found


def bootstrap(*arguments: str) -> dict[str, Any]:
    return dict(json.loads(CliRunner().invoke(app, ["bootstrap", *arguments, "-o", "json"]).stdout))


def test_an_image_goes_into_a_projects_store_and_comes_out_of_it(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    openrc = {
        "OS_AUTH_URL": cloud.keystone.url,
        "OS_USERNAME": "alice",
        "OS_PASSWORD": "wonder",
        "OS_PROJECT_NAME": "images",
        "OS_USER_DOMAIN_NAME": "Sales",
        "OS_PROJECT_DOMAIN_NAME": "Sales",
        "OS_REGION_NAME": "south",
    }
    for name, value in openrc.items():
        monkeypatch.setenv(name, value)
    engine = DockerEngine.from_environment()
    try:
        list(engine.load(iter((saved_image(TAG, size_bytes=3_000_000),))))
        sent = bootstrap("upload", TAG, "one.tar.gz", "--segment-size", "1M")
        assert (sent["exit_code"], sent["data"]["kind"]) == (0, "slo"), sent
        engine.remove_image(TAG)
        loaded = bootstrap("load", "one.tar.gz")
        assert (loaded["exit_code"], loaded["data"]["proof"]) == (0, "segments"), loaded
        found = engine.image(TAG)
        assert found is not None
        assert found.layers == (layer_id(size_bytes=3_000_000),)
    finally:
        engine.remove_image(TAG)
