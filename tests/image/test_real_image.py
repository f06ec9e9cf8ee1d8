"""The registry's images as they are really built: what is in them, what is not, and that every engine takes them."""

import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from regops.adapters.engine.client import DockerEngine

pytestmark = pytest.mark.root

# Of private keys and credentials: what they begin with, or how they are written down.
SECRETS = re.compile(
    rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s*\n[A-Za-z0-9+/=\s]{64}"
    rb"|AKIA[0-9A-Z]{16}\b|gh[pousr]_[A-Za-z0-9]{36}|OS_PASSWORD=[^\s\"'$]+"
)
MEGABYTE = 1_000_000


def regops(*arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "regops", "image", *arguments, "-o", "json"], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)["data"]


@pytest.fixture(scope="module")
def built() -> dict[str, Any]:
    """What is really built, from before this session or now: for all of this module, so not in a test's own cache."""
    return {one["name"]: one for one in regops("build", "--no-load")["images"]}


@pytest.fixture(scope="module")
def tarballs(built: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("tarballs")
    return {one["name"]: one for one in regops("save", "--to", str(folder))["tarballs"]}


@pytest.fixture(scope="module")
def dev(tarballs: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The largest one, decompressed: it holds the others."""
    path = tmp_path_factory.mktemp("dev") / "dev.tar"
    with path.open("wb") as file:
        subprocess.run(["gzip", "-dc", tarballs["dev"]["path"]], stdout=file, check=True)
    return path


def in_layers(tarball: Path) -> Iterator[tuple[tarfile.TarInfo, Callable[[], bytes]]]:
    """Yield what is in the layers of a tarball, with what reads it."""
    with tarfile.open(tarball) as whole:
        (image,) = json.loads(whole.extractfile("manifest.json").read())  # type: ignore[union-attr]
        for name in image["Layers"]:
            with tarfile.open(fileobj=whole.extractfile(name)) as layer:
                for member in layer:
                    yield member, lambda layer=layer, member=member: layer.extractfile(member).read()


def test_main_is_small_and_so_is_its_tarball(built: dict[str, Any], tarballs: dict[str, dict[str, Any]]) -> None:
    assert built["main"]["size_bytes"] < 200 * MEGABYTE
    assert tarballs["main"]["size_bytes"] < 70 * MEGABYTE


def test_no_secret_and_no_trace_of_a_machine_is_in_the_largest_image(dev: Path) -> None:
    names: set[str] = set()
    for member, read in in_layers(dev):
        names.add(member.name)
        if member.isreg():
            found = SECRETS.search(read())
            assert found is None, f"{member.name}: {found}"
    assert {"usr/bin/docker-registry", "usr/sbin/nginx", "usr/bin/redis-server", "etc/nginx/nginx.conf"} <= names
    traces = re.compile(
        r"(etc/machine-id|var/lib/dbus/machine-id|etc/ssh/ssh_host_.*|var/lib/apt/lists/.+|var/cache/apt/.+"
        r"|var/log/.*\.log|etc/(hostname|hosts|resolv\.conf)|\.dockerenv|.*\.(dpkg-new|dpkg-old|part)|tmp/.+|run/.+)"
    )
    assert {name for name in names if traces.fullmatch(name)} == set()


def test_python_is_compiled_and_its_compiled_files_are_valid(dev: Path) -> None:
    """A compiled file names the date of its source: another date, and Python compiles anew at every start."""
    dates: dict[str, int] = {}
    compiled: dict[str, bytes] = {}
    for member, read in in_layers(dev):
        if member.name.startswith("usr/lib/python3/dist-packages/supervisor/"):
            if member.name.endswith(".py"):
                dates[member.name] = int(member.mtime)
            elif member.name.endswith(".pyc"):
                compiled[member.name] = read()[:16]
    assert len(compiled) > 10
    for name, header in compiled.items():
        source = re.sub(r"__pycache__/(\w+)\.cpython-\d+\.pyc", r"\1.py", name)
        assert int.from_bytes(header[8:12], "little") == dates[source], name


def test_no_password_is_set_and_no_user_but_root_may_log_in(dev: Path) -> None:
    texts = {
        member.name: read().decode() for member, read in in_layers(dev) if member.name in {"etc/shadow", "etc/passwd"}
    }
    passwords = {line.split(":")[1] for line in texts["etc/shadow"].splitlines()}
    assert passwords <= {"*", "!", "!*"}
    shells = {line.split(":")[0]: line.split(":")[6] for line in texts["etc/passwd"].splitlines()}
    can_log_in = {name for name, shell in shells.items() if not shell.endswith(("/nologin", "/false", "/sync"))}
    assert can_log_in <= {"root", "redis"}


@pytest.mark.engine
def test_the_engine_makes_the_very_image_of_a_tarball(built: dict[str, Any], dev: Path) -> None:
    engine = DockerEngine.from_environment()
    with dev.open("rb") as file:
        told = list(engine.load(iter(lambda: file.read(1 << 20), b"")))
    assert any(built["dev"]["reference"] in line for line in told)
    facts = engine.image(built["dev"]["reference"])
    assert facts is not None
    # Engines that keep images as containerd does know them by another digest.
    assert facts.id == built["dev"]["id"] or facts.labels.keys() >= {"regops.recipe"}
    assert facts.ports == (8080, 8443)
    assert facts.environment["SETTINGS_FLAVOR"] == "devel"
