"""How fast a download is beside curl with md5sum, OpenStack's client and rclone: the same object, in turns.

On the loopback the servers and the client share the machine's processors, and nobody can be much faster than they. On
a narrow way each connection carries only so much, as where a disk, a balancer or a long line stands between.
"""

import compileall
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from real_nginx import narrow_way
from swift_server import SwiftServer, running_swift

pytestmark = [pytest.mark.swift, pytest.mark.benchmark]
ROUNDS = {"loopback": 5, "narrow": 3}
NARROW_BYTES_PER_SECOND = 50_000_000
SIZE_BYTES = 400_000_000
PORTION_BYTES = 1_000_000
CONTAINER, NAME = "docker-registry.bootstrap", "image.tar.gz"
MOST_MEMORY_KB = 60 << 10
CURL = """
answer=$(curl -sSi -H "X-Auth-User: $ST_USER" -H "X-Auth-Key: $ST_KEY" "$ST_AUTH" | tr -d '\\r')
url=$(printf '%s' "$answer" | awk 'tolower($1) == "x-storage-url:" {print $2}')
token=$(printf '%s' "$answer" | awk 'tolower($1) == "x-auth-token:" {print $2}')
curl -sSf -H "X-Auth-Token: $token" -o file "$url/$0" && md5sum file
"""
ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv" / "peers"


@dataclass
class Figures:
    """What the runs of one command took: wall seconds, seconds of processor, and the most memory in kB."""

    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    memory_kb: int = 0

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        return (
            f"{self.median:.2f} s ({min(self.seconds):.2f} to {max(self.seconds):.2f}), processor "
            f"{statistics.median(self.processor):.2f} s, {self.memory_kb >> 10} MiB"
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SwiftServer]:
    folder = tmp_path_factory.mktemp("swift")
    with running_swift(folder / "data") as found:
        # In portions: what this process has in memory counts as the memory of those it starts.
        path, portions = folder / "object", random.Random(1)
        with path.open("wb") as file:
            for _ in range(SIZE_BYTES // PORTION_BYTES):
                file.write(portions.randbytes(PORTION_BYTES))
        with path.open("rb") as file:
            content: Any = file
            found.put(CONTAINER, NAME, content, {"Content-Length": str(SIZE_BYTES)})
        yield found


def regops() -> list[str]:
    # As pip leaves it, and the peers are: where Python may not write bytecode, a checkout is compiled in every run.
    for package in ("regops", "parsers"):
        assert compileall.compile_dir(ROOT / package, quiet=1)
    return [sys.executable, "-m", "regops", "bootstrap", "download", NAME]


def curl() -> list[str]:
    if not shutil.which("curl"):
        pytest.skip("needs curl: apt-get install curl")
    return ["sh", "-c", CURL, f"{CONTAINER}/{NAME}"]


def swift_client() -> list[str]:
    program = PEERS / "bin" / "swift"
    if not program.exists():
        venv.create(PEERS, with_pip=True)
        command = [PEERS / "bin" / "pip", "install", "--quiet", "python-swiftclient"]
        if subprocess.run(command, capture_output=True).returncode:
            shutil.rmtree(PEERS)
            pytest.skip("needs the package python-swiftclient, which cannot be had here")
    return [str(program), "download", "-o", "file", CONTAINER, NAME]


def rclone() -> list[str]:
    if not shutil.which("rclone"):
        pytest.skip("needs rclone: apt-get install rclone")
    return ["rclone", "copyto", f":swift:{CONTAINER}/{NAME}", "file"]


def measure(command: list[str], server: SwiftServer, folder: Path, figures: Figures) -> None:
    environ = {
        **os.environ,
        **server.environ,
        "RCLONE_SWIFT_USER": server.environ["ST_USER"],
        "RCLONE_SWIFT_KEY": server.environ["ST_KEY"],
        "RCLONE_SWIFT_AUTH": server.environ["ST_AUTH"],
    }
    for path in folder.iterdir():
        path.unlink()
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    figures.seconds.append(time.monotonic() - started)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    figures.processor.append(used.ru_utime + used.ru_stime)
    figures.memory_kb = max(figures.memory_kb, used.ru_maxrss)
    (found,) = folder.iterdir()
    assert found.stat().st_size == SIZE_BYTES


@pytest.fixture(scope="module")
def narrow(server: SwiftServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SwiftServer]:
    where = urlsplit(server.auth_url)
    folder = tmp_path_factory.mktemp("nginx")
    with narrow_way(folder, where.netloc, bytes_per_second=NARROW_BYTES_PER_SECOND) as netloc:
        yield replace(server, auth_url=where._replace(netloc=netloc).geturl())


@pytest.mark.parametrize(
    ("way", "peer", "most"),
    [
        ("loopback", curl, 1.0),
        ("loopback", swift_client, 1.15),
        ("loopback", rclone, 1.0),
        ("narrow", curl, 1 / 1.5),
        ("narrow", swift_client, 1 / 1.5),
        ("narrow", rclone, 1 / 1.5),
    ],
)
def test_a_download_beside_its_peers(
    way: str, peer: Callable[[], list[str]], most: float, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server: SwiftServer = request.getfixturevalue("narrow" if way == "narrow" else "server")
    ours, theirs = Figures(), Figures()
    commands = (regops(), ours), (peer(), theirs)
    for _ in range(ROUNDS[way]):
        for command, figures in commands:
            measure(command, server, tmp_path, figures)
    ratio = statistics.median(mine / other for mine, other in zip(ours.seconds, theirs.seconds, strict=True))
    print(f"\n{way}: regops {ours}\n{peer.__name__} {theirs}")
    print(f"ratio {ratio:.2f}, at most {most:.2f}, load {os.getloadavg()[0]:.1f}")
    assert ratio <= most
    assert ours.memory_kb < MOST_MEMORY_KB
