"""How fast an upload is beside OpenStack's client and rclone: the same file, in turns, to a Swift that has none of it.

Ours reads the file once more than they do, to see that it is the whole tarball of an image.
"""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from client_race import race, rclone, regops, swift_client
from saved_image import write_saved_image
from swift_server import SwiftServer, running_swift

pytestmark = [pytest.mark.swift, pytest.mark.benchmark]
ROUNDS = 5
SIZE_BYTES = 400_000_000
NAME = "image.tar"
MOST_MEMORY_KB = 60 << 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("upload")
    write_saved_image(found / NAME, "upload:one", size_bytes=SIZE_BYTES)
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SwiftServer]:
    with running_swift(tmp_path_factory.mktemp("swift") / "data") as found:
        yield found


def clear(server: SwiftServer) -> None:
    """Remove all objects: nobody shall find what is there already, and the disk is not without end."""
    for container in json.loads(server.request("GET", "?format=json")[1]):
        for listed in json.loads(server.request("GET", f"{container['name']}?format=json")[1]):
            server.request("DELETE", f"{container['name']}/{listed['name']}")


# The aim is the time of the fastest; what is asserted holds on a machine that others keep busy, too.
@pytest.mark.parametrize("peer", ["swift upload", "swift upload -S", "rclone"])
def test_an_upload_takes_little_longer_than_its_peers(peer: str, folder: Path, server: SwiftServer) -> None:
    number = count()

    def theirs() -> list[str]:
        to = f"peer{next(number)}"
        if peer == "rclone":
            return rclone("copyto", NAME, f":swift:{to}/{NAME}")
        return swift_client("upload", *(["-S", str(64 << 20)] if peer.endswith("-S") else []), to, NAME)

    ratio, ours = race(
        lambda: regops("bootstrap", "upload", f"./{NAME}", "-c", f"ours{next(number)}"),
        theirs,
        names=("regops", peer),
        server=server,
        folder=folder,
        rounds=ROUNDS,
        between=lambda: clear(server),
    )
    assert ratio <= 1.75
    assert ours.memory_kb < MOST_MEMORY_KB
