"""How fast a download is beside curl with md5sum, OpenStack's client and rclone: the same object, in turns.

On the loopback the servers and the client share the machine's processors, and nobody can be much faster than they. On
a narrow way each connection carries only so much, as where a disk, a balancer or a long line stands between.
"""

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from client_race import race, rclone, regops, swift_client
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


def curl() -> list[str]:
    if not shutil.which("curl"):
        pytest.skip("needs curl: apt-get install curl")
    return ["sh", "-c", CURL, f"{CONTAINER}/{NAME}"]


PEERS: dict[str, Callable[[], list[str]]] = {
    "curl and md5sum": curl,
    "swift download": lambda: swift_client("download", "-o", "file", CONTAINER, NAME),
    "rclone": lambda: rclone("copyto", f":swift:{CONTAINER}/{NAME}", "file"),
}


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


@pytest.fixture(scope="module")
def narrow(server: SwiftServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SwiftServer]:
    where = urlsplit(server.auth_url)
    folder = tmp_path_factory.mktemp("nginx")
    with narrow_way(folder, where.netloc, bytes_per_second=NARROW_BYTES_PER_SECOND) as netloc:
        yield replace(server, auth_url=where._replace(netloc=netloc).geturl())


@pytest.mark.parametrize(
    ("way", "peer", "most"),
    [
        ("loopback", "curl and md5sum", 1.0),
        ("loopback", "swift download", 1.0),
        ("loopback", "rclone", 1.0),
        ("narrow", "curl and md5sum", 1 / 1.5),
        ("narrow", "swift download", 1 / 1.5),
        ("narrow", "rclone", 1 / 1.5),
    ],
)
def test_a_download_beside_its_peers(
    way: str, peer: str, most: float, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    def clear() -> None:
        for path in tmp_path.iterdir():
            assert path.stat().st_size == SIZE_BYTES
            path.unlink()

    ratio, ours = race(
        lambda: regops("bootstrap", "download", NAME),
        PEERS[peer],
        names=("regops", f"{peer} ({way})"),
        server=request.getfixturevalue("narrow" if way == "narrow" else "server"),
        folder=tmp_path,
        rounds=ROUNDS[way],
        between=clear,
    )
    assert ratio <= most
    assert ours.memory_kb < MOST_MEMORY_KB
