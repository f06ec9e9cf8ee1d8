"""One object over several connections at once, from a real Swift, with faults on some of them."""

import json
import random
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from bent_download import bent_download, download_at_once, names_in
from bent_swift import Bend, answer, cut_after, flip_byte, pass_on, pass_whole
from fault_server import Peer
from regops.collectors.bootstrap import download as downloading
from swift_server import SwiftServer, wait_until

pytestmark = pytest.mark.swift
CONTAINER, NAMES = "connections", pytest.mark.parametrize("name", ["plain.tar", "large.tar"])
BLOCK_BYTES = 256 << 10
IMAGE = random.Random(4).randbytes(10 * BLOCK_BYTES + 1000)
BLOCKS = 11


@pytest.fixture(scope="module", autouse=True)
def stored(swift: SwiftServer) -> None:
    swift.put(CONTAINER, "plain.tar", IMAGE)
    third = len(IMAGE) // 3 + 1
    for index in range(3):
        swift.put("connection_segments", f"x/{index}", IMAGE[index * third : (index + 1) * third])
    swift.put_slo(CONTAINER, "large.tar", [{"path": f"connection_segments/x/{index}"} for index in range(3)])


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "BLOCK_BYTES", BLOCK_BYTES)


class Way:
    """A proxy that passes everything on, and keeps what was asked for and how much was sent of each.

    bends are applied to the GETs of these numbers, counted from 0.
    """

    def __init__(self, bends: dict[int, Bend]) -> None:
        self.bends = bends
        self.asked: list[tuple[int, int]] = []
        self.lock = threading.Lock()

    @property
    def missing_bytes(self) -> int:
        """How much of the object nobody asked for."""
        wanted: set[int] = set()
        for first, last in self.asked:
            wanted.update(range(first, last + 1))
        return len(IMAGE) - len(wanted)

    @property
    def asked_bytes(self) -> int:
        return sum(last + 1 - first for first, last in self.asked)

    def bend(self, peer: Peer, head: bytes, server: socket.socket) -> None:
        found = re.fullmatch("bytes=([0-9]+)-([0-9]*)", peer.header("Range") or "bytes=0-")
        assert found
        with self.lock:
            bend = self.bends.get(len(self.asked), pass_whole)
            self.asked.append((int(found[1]), int(found[2] or len(IMAGE) - 1)))
        bend(peer, head, server)


@contextmanager
def way_to(
    swift: SwiftServer, monkeypatch: pytest.MonkeyPatch, name: str, bends: dict[int, Bend] | None = None
) -> Generator[Way]:
    way = Way(bends or {})
    with bent_download(swift, monkeypatch, CONTAINER, name, way.bend):
        yield way


def download(name: str, to: Path, *more: str) -> Result:
    return download_at_once(name, CONTAINER, to, *more)


@NAMES
def test_four_connections_are_at_work_at_once_and_fetch_each_byte_once(
    name: str, swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(4)

    def wait_for_the_others(peer: Peer, head: bytes, server: socket.socket) -> None:
        together.wait(60)
        pass_whole(peer, head, server)

    with way_to(swift, monkeypatch, name, dict.fromkeys(range(4), wait_for_the_others)) as way:
        result = download(name, tmp_path)
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / name).read_bytes() == IMAGE
    assert names_in(tmp_path) == [name]
    assert (len(way.asked), way.asked_bytes, way.missing_bytes) == (BLOCKS, len(IMAGE), 0)


def test_one_connection_asks_once(swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGOPS_CONNECTIONS", "1")
    with way_to(swift, monkeypatch, "plain.tar") as way:
        assert download("plain.tar", tmp_path).exit_code == 0
    assert way.asked == [(0, len(IMAGE) - 1)]


@pytest.mark.parametrize("count", ["0", "33", "many"])
def test_a_number_of_connections_nobody_should_open_is_a_usage_error(count: str, tmp_path: Path) -> None:
    result = download("plain.tar", tmp_path, "--connections", count)
    assert result.exit_code == 2
    assert "--connections" in result.stderr


@NAMES
def test_what_breaks_on_one_connection_is_fetched_again_and_nothing_else(
    name: str, swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bends = {1: cut_after(100_000), 3: answer(500), 6: answer(503), 8: cut_after(1)}
    with way_to(swift, monkeypatch, name, bends) as way:
        result = download(name, tmp_path, "--retries", "6")
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / name).read_bytes() == IMAGE
    assert way.missing_bytes == 0
    # What was asked for again is what a broken answer had not brought.
    again = [sum(first <= at <= last for first, last in way.asked) > 1 for at in range(0, len(IMAGE), 1000)]
    assert sum(again) * 1000 < 4 * BLOCK_BYTES


def test_a_server_that_fails_is_asked_over_fewer_connections(
    swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most, now = 0, 0
    lock = threading.Lock()

    def slow(peer: Peer, head: bytes, server: socket.socket) -> None:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        body = b"".join(iter(lambda: server.recv(65536), b""))
        with lock:
            now -= 1  # not after it is sent: whoever has it may ask for the next one at once
        peer.send(head, body)

    bends: dict[int, Bend] = {number: answer(503) for number in range(4)}
    bends |= dict.fromkeys(range(4, 40), slow)
    with way_to(swift, monkeypatch, "plain.tar", bends):
        assert download("plain.tar", tmp_path, "--connections", "4").exit_code == 0
    assert most <= 2


@NAMES
def test_a_byte_that_is_bent_on_any_connection_is_found(
    name: str, swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (0, 5, BLOCKS - 1):
        with way_to(swift, monkeypatch, name, {number: flip_byte(0)}) as way:
            result = download(name, tmp_path)
            assert result.exit_code == 1
            assert f"{name} is damaged:" in result.stderr
            assert name not in names_in(tmp_path)
            assert download(name, tmp_path).exit_code == 0
        assert (tmp_path / name).read_bytes() == IMAGE
        # A segment that agrees is not fetched a second time; of a plain object nobody knows where the fault is.
        assert way.asked_bytes < (2 if name == "plain.tar" else 1.9) * len(IMAGE) + BLOCK_BYTES
        (tmp_path / name).unlink()


def test_a_block_that_rotted_on_the_disk_is_fetched_anew(
    swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = tmp_path / ".large.tar.part"
    with way_to(swift, monkeypatch, "large.tar", {8: answer(403)}) as way:
        assert download("large.tar", tmp_path).exit_code == 3
        with part.open("r+b") as file:
            file.seek(BLOCK_BYTES)
            file.write(b"\x00" * 10)
        assert download("large.tar", tmp_path).exit_code == 0
    assert (tmp_path / "large.tar").read_bytes() == IMAGE
    assert way.missing_bytes == 0


def test_an_object_that_is_replaced_meanwhile_is_fetched_whole(
    swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = IMAGE[::-1]
    swift.put(CONTAINER, "changing.tar", IMAGE)

    def replace(peer: Peer, head: bytes, server: socket.socket) -> None:
        swift.put(CONTAINER, "changing.tar", newer)
        cut_after(1)(peer, head, server)

    with way_to(swift, monkeypatch, "changing.tar", {5: replace}):
        assert download("changing.tar", tmp_path).exit_code == 0
    assert (tmp_path / "changing.tar").read_bytes() == newer
    assert names_in(tmp_path) == ["changing.tar"]


def noted_bytes(folder: Path) -> int:
    """Return how many bytes a part is noted to hold."""
    note = json.loads((folder / ".plain.tar.part.json").read_text())
    return sum(note["filled"])


def test_killed_again_and_again_it_fetches_only_what_is_missing(
    swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-c", "from regops.collectors.bootstrap import download as d; "]
    command[-1] += f"d.BLOCK_BYTES = {BLOCK_BYTES}; from regops.main import app; app()"
    command += ["bootstrap", "download", "plain.tar", "-c", CONTAINER, "--to", str(tmp_path)]
    moments, noted = random.Random(5), 0
    for _ in range(4):  # so few and so little that no block is whole, and four are always asked for
        left = [moments.randrange(1, BLOCK_BYTES // 4) for _ in range(4)]
        last = threading.Barrier(5)

        def stop_short(peer: Peer, head: bytes, server: socket.socket, left: Any = left, last: Any = last) -> None:
            peer.send(head)
            pass_on(peer, server, most_bytes=left.pop())
            last.wait(60)
            peer.wait_for_hang_up()

        with way_to(swift, monkeypatch, "plain.tar", dict.fromkeys(range(4), stop_short)) as way:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            last.wait(60)
            wait_until(lambda noted=noted: noted_bytes(tmp_path) > noted)  # type: ignore[misc]
            process.kill()
            process.wait()
        assert way.asked_bytes <= len(IMAGE) - noted
        assert names_in(tmp_path) == [".plain.tar.part", ".plain.tar.part.json"]
        before, noted = noted, noted_bytes(tmp_path)
        assert noted >= before
    with way_to(swift, monkeypatch, "plain.tar") as way:
        result = download("plain.tar", tmp_path)
    (one,) = json.loads(result.stdout)["data"]["downloads"]
    assert (tmp_path / "plain.tar").read_bytes() == IMAGE
    assert way.asked_bytes == len(IMAGE) - one["resumed_bytes"]
    assert one["resumed_bytes"] >= noted > 0


def test_an_interrupt_while_threads_are_started_ends_those_that_run(
    swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[threading.Thread] = []
    start, interrupted = threading.Thread.start, threading.Event()

    def at_most_two(thread: threading.Thread) -> None:
        if thread.name == "fetch":
            if len(begun) == 2:
                raise KeyboardInterrupt
            begun.append(thread)
        start(thread)

    def late(peer: Peer, head: bytes, server: socket.socket) -> None:
        assert interrupted.wait(20)
        pass_whole(peer, head, server)

    monkeypatch.setattr(threading.Thread, "start", at_most_two)
    with way_to(swift, monkeypatch, "plain.tar", {0: late, 1: late}) as way:
        assert download("plain.tar", tmp_path).exit_code == 130
        interrupted.set()
        for thread in begun:
            thread.join(20)
        # They would have gone on with what is next, and written to a file that is closed, or to another by then.
        assert len(way.asked) <= len(begun) == 2
