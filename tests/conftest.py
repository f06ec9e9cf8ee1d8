"""What all tests share: a clean environment, markers that say why they skip, and the lab."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

import index_server
import json_schema
from regops.render import json as json_form
from swift_server import SwiftServer, running_swift

IN_CI = os.environ.get("CI") == "true"
NEEDS = ("engine", "root", "swift", "index")
# Two sessions on one engine need two names.
LAB = os.environ.get("REGOPS_TEST_LAB", "regops-test")
# How long an example takes, or its making, is up to the machine and whoever else it works for.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@cache
def missing(marker: str) -> str | None:
    """Return why tests with this marker cannot run here, or None."""
    if marker == "root":
        return None if os.geteuid() == 0 else "needs root: run the tests with sudo"
    if marker == "engine":
        from regops.adapters.engine.client import DockerEngine
        from regops.errors import RegopsError

        try:
            DockerEngine.from_environment().containers()
        except RegopsError as error:
            return f"needs a Docker engine: {error}"
    return index_server.missing() if marker == "index" else None


@pytest.fixture(scope="session", autouse=True)
def documents_follow_the_schema() -> Iterator[None]:
    """Hold every JSON document that a test has made against the schema."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_form, "_document", json_schema.checked(json_form._document))
        yield


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in NEEDS:
        reason = missing(marker) if item.get_closest_marker(marker) else None
        if reason:
            pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[Any]:
    """In continuous integration, a test that needs an engine, root, Swift or an index fails where it would skip."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail") and any(map(item.get_closest_marker, NEEDS)):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "benchmark" in (config.getoption("-m") or ""):
        return
    kept = [item for item in items if not item.get_closest_marker("benchmark")]
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("benchmark")])
    items[:] = kept


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the machine's own settings, proxies and credentials out of every test."""
    for name in os.environ:
        if name.startswith(("REGOPS_", "OS_", "ST_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name in ("NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path_factory.mktemp("home", numbered=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")


def _lab(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "regops", "lab", *arguments, "-o", "json"], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, f"regops lab {' '.join(arguments)} failed:\n{done.stderr[-4000:]}"
    return dict(json.loads(done.stdout)["data"])


# Where real builds are kept from one session to the next, as at the operator's.
_IMAGES = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")


@pytest.fixture
def image_cache(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use what was really built before, or build it: for tests of real images."""
    monkeypatch.setenv("XDG_CACHE_HOME", _IMAGES)


@pytest.fixture(scope="session")
def lab() -> Iterator[dict[str, Any]]:
    """A registry container on its own Swift: what `regops lab up -o json` says about it."""
    ports = ("--http-port", "0", "--https-port", "0", "--swift-port", "0")
    yield _lab("up", "--name", LAB, *ports)
    _lab("down", "--name", LAB)


@pytest.fixture(scope="session")
def lab_dev() -> Iterator[dict[str, Any]]:
    """The variant with redis, on a file system."""
    ports = ("--http-port", "0", "--https-port", "0")
    yield _lab("up", "--name", f"{LAB}-dev", "--variant", "dev", "--no-swift", *ports)
    _lab("down", "--name", f"{LAB}-dev")


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Give a Docker client of the tests' own."""
    import docker

    found = docker.from_env(timeout=60)
    yield found
    found.close()


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SwiftServer]:
    """A real Swift of one process, shared by all: take a container of your own."""
    with running_swift(tmp_path_factory.mktemp("swift") / "data") as server:
        yield server
