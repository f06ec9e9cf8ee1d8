"""Downloads from a real Swift through a proxy that misbehaves: the file is right or absent, and no byte comes twice."""

import itertools
import json
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bent_download import bent_download, download_at_once, names_in
from bent_swift import Bend, answer, bent_swift, cut_after, flip_byte, pass_whole, stall_after
from fake_clock import FakeClock
from fault_server import Peer
from operator_terminal import operator_at
from regops.main import app
from regops.wiring import Services
from swift_server import SwiftServer, wait_until

pytestmark = pytest.mark.swift
CONTAINER = "faults"
IMAGE = random.Random(2).randbytes(3_000_000)
NAMES = pytest.mark.parametrize("name", ["plain.tar", "large.tar"])


@pytest.fixture(scope="module", autouse=True)
def stored(swift: SwiftServer) -> None:
    swift.put(CONTAINER, "plain.tar", IMAGE)
    for index in range(3):
        swift.put("fault_segments", f"x/{index}", IMAGE[index * 1_000_000 : (index + 1) * 1_000_000])
    swift.put_slo(CONTAINER, "large.tar", [{"path": f"fault_segments/x/{index}"} for index in range(3)])
    swift.put(CONTAINER, "dynamic.tar", b"", {"X-Object-Manifest": "fault_segments/x/"})

    ranged = [{"path": "fault_segments/x/0"}, {"path": "fault_segments/x/1", "range": "0-699999"}]
    swift.put_slo(CONTAINER, "ranged.tar", ranged)


@dataclass
class Way:
    """A proxy's answers to the GETs of an object, one after the other, whole ones last, and what it let through."""

    bends: list[Bend]
    asked: list[str] = field(default_factory=list)
    sent_bytes: int = 0

    def bend(self, peer: Peer, head: bytes, server: socket.socket) -> None:
        self.asked.append(peer.header("Range") or "whole")
        bend = self.bends.pop(0) if self.bends else pass_whole
        counting = CountingPeer(peer, self)
        bend(counting, head, server)  # type: ignore[arg-type]


class CountingPeer:
    """A client, and how much of a body it is sent."""

    def __init__(self, peer: Peer, way: Way) -> None:
        self._peer = peer
        self._way = way

    def __getattr__(self, name: str) -> Any:
        return getattr(self._peer, name)

    def send(self, *chunks: bytes) -> None:
        self._way.sent_bytes += sum(len(chunk) for chunk in chunks if not chunk.startswith(b"HTTP/1.1 "))
        self._peer.send(*chunks)


@contextmanager
def faulty(swift: SwiftServer, monkeypatch: pytest.MonkeyPatch, name: str, *bends: Bend) -> Generator[Way]:
    way = Way(list(bends))
    with bent_download(swift, monkeypatch, CONTAINER, name, way.bend):
        yield way


def download(name: str, to: Path, *more: str) -> Result:
    return download_at_once(name, CONTAINER, to, *more)


@NAMES
def test_a_run_takes_up_what_was_lost_and_fetches_nothing_twice(
    name: str, swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bends = [answer(500), cut_after(400_000), answer(503), answer(502), cut_after(1), stall_after(1_200_000)]
    with faulty(swift, monkeypatch, name, *bends) as way:
        result = download(name, tmp_path, "--timeout", "5", "--retries", "6")
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / name).read_bytes() == IMAGE
    assert names_in(tmp_path) == [name]
    assert way.asked == [
        *("whole", "whole", "bytes=400000-", "bytes=400000-", "bytes=400000-"),
        *("bytes=400001-", "bytes=1600001-"),
    ]
    assert way.sent_bytes == len(IMAGE)


def test_a_question_is_asked_again_too(swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Busy:
        left = 3

    def bend(peer: Peer, head: bytes, server: socket.socket) -> None:
        if Busy.left:
            Busy.left -= 1
            answer(503)(peer, head, server)
        else:
            pass_whole(peer, head, server)

    with bent_swift(swift.auth_url, f"/{CONTAINER}/large.tar?", bend) as proxy:
        for key, value in {**swift.environ, "ST_AUTH": f"{proxy.url}/auth/v1.0"}.items():
            monkeypatch.setenv(key, value)
        assert download("large.tar", tmp_path).exit_code == 0
    assert Busy.left == 0


def hang_up(peer: Peer, head: bytes, server: socket.socket) -> None:
    """Be the bend that ends the connection without a word."""


def say_nothing(peer: Peer, head: bytes, server: socket.socket) -> None:
    """Be the bend that leaves a question unanswered."""
    peer.wait_for_hang_up()


@pytest.mark.parametrize("command", ["download", "verify"])
@pytest.mark.parametrize("bend", [answer(503), hang_up, say_nothing])
def test_who_we_are_is_asked_again_too(
    command: str, bend: Bend, swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = Way([bend, bend])
    monkeypatch.chdir(tmp_path)
    with bent_swift(swift.auth_url, "/auth/v1.0", way.bend) as proxy:
        for key, value in {**swift.environ, "ST_AUTH": f"{proxy.url}/auth/v1.0"}.items():
            monkeypatch.setenv(key, value)
        options = ["-c", CONTAINER, "--timeout", "5" if bend is say_nothing else "60", "--retries"]
        more = ["--checksums-only"] if command == "verify" else []

        def run(retries: str) -> Result:
            arguments = ["bootstrap", command, "plain.tar", *more, *options, retries]
            return CliRunner().invoke(app, arguments, obj=Services(clock=FakeClock()))

        assert run("0").exit_code == 3
        assert len(way.asked) == 1
        assert run("1").exit_code == 0
        assert len(way.asked) == 3


@pytest.mark.parametrize("bend", [answer(503), cut_after(10)])
def test_tries_in_vain_are_bounded(
    bend: Bend, swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty(swift, monkeypatch, "plain.tar", *itertools.repeat(bend, 20)) as way:
        assert download("plain.tar", tmp_path, "--retries", "2").exit_code == 3
        assert len(way.asked) == 3
        assert download("plain.tar", tmp_path, "--retries", "0").exit_code == 3
        assert len(way.asked) == 4
    assert "plain.tar" not in names_in(tmp_path)


def test_a_large_object_without_checksums_starts_anew_and_not_for_ever(
    swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty(swift, monkeypatch, "dynamic.tar", cut_after(2_000_000)) as way:
        assert download("dynamic.tar", tmp_path).exit_code == 0
    assert way.asked == ["whole", "whole"]
    assert (tmp_path / "dynamic.tar").read_bytes() == IMAGE
    (tmp_path / "dynamic.tar").unlink()
    with faulty(swift, monkeypatch, "dynamic.tar", *itertools.repeat(cut_after(2_000_000), 20)) as way:
        assert download("dynamic.tar", tmp_path, "--retries", "3").exit_code == 3
    assert len(way.asked) == 4
    assert names_in(tmp_path) == []


def test_a_token_that_ends_between_two_tries_is_replaced(
    swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty(swift, monkeypatch, "plain.tar", cut_after(500_000), answer(401)) as way:
        assert download("plain.tar", tmp_path).exit_code == 0
    assert way.asked == ["whole", "bytes=500000-", "bytes=500000-"]
    assert way.sent_bytes == len(IMAGE)


def test_a_token_that_nobody_accepts_ends_it_and_keeps_the_part(
    swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty(swift, monkeypatch, "plain.tar", cut_after(500_000), answer(401), answer(401), answer(401)):
        result = download("plain.tar", tmp_path)
    assert result.exit_code == 3
    assert json.loads(result.stdout)["errors"][0]["kind"] == "authentication_failed"
    assert (tmp_path / ".plain.tar.part").read_bytes() == IMAGE[:500_000]


@pytest.mark.parametrize("command", ["download", "verify"])
@pytest.mark.parametrize(
    ("index", "content", "how"), [(1, None, "is not there"), (0, b"x" * 1_000_000, "is not the one in its manifest")]
)
def test_an_object_with_a_segment_that_is_missing_or_another_is_told_as_damaged(
    command: str, index: int, content: bytes | None, how: str, swift: SwiftServer, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name, value in swift.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    for each in range(3):
        swift.put("broken_segments", f"x/{each}", IMAGE[each * 1_000_000 : (each + 1) * 1_000_000])
    swift.put_slo(CONTAINER, "broken.tar", [{"path": f"broken_segments/x/{each}"} for each in range(3)])
    if content is None:
        assert swift.request("DELETE", f"broken_segments/x/{index}")[0] == 204
    else:
        swift.put("broken_segments", f"x/{index}", content)
    arguments = ["bootstrap", command, "broken.tar", "-c", CONTAINER]
    result = CliRunner().invoke(app, arguments, obj=Services(clock=FakeClock()))
    assert result.exit_code == 1
    said = f"its segment broken_segments/x/{index}, from byte {index * 1_000_000} on, {how}\n"
    assert result.stderr.startswith(f"error: broken.tar is damaged in Swift: {said}hint: upload it anew")
    assert not (tmp_path / "broken.tar").exists()


def test_a_part_that_rotted_on_the_disk_is_fetched_anew(
    swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, again in (("plain.tar", "whole"), ("large.tar", "bytes=1000000-")):
        with faulty(swift, monkeypatch, name, cut_after(2_500_000)) as way:
            download(name, tmp_path, "--retries", "0")
            part = tmp_path / f".{name}.part"
            content = bytearray(part.read_bytes())
            content[1_500_000] ^= 1
            part.write_bytes(content)
            assert download(name, tmp_path).exit_code == 0
        assert (tmp_path / name).read_bytes() == IMAGE
        # The segments of a large object show where the fault is; a plain object only that there is one.
        assert again in way.asked[1:]  # whoever was to bring the end may be the last to ask, and is not listened to


def test_bytes_that_nothing_vouches_for_are_not_taken_from_the_disk(
    swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["bootstrap", "download", "ranged.tar", "-c", CONTAINER, "--to", str(tmp_path)]
    part = tmp_path / ".ranged.tar.part"
    with faulty(swift, monkeypatch, "ranged.tar", stall_after(1_500_000)):
        with subprocess.Popen([sys.executable, "-m", "regops", *command]) as process:
            wait_until(lambda: part.exists() and part.stat().st_size == 1_500_000)
            process.kill()
        with part.open("r+b") as file:
            file.seek(1_100_000)
            file.write(bytes(100_000))  # as a power cut may leave it
        result = download_at_once("ranged.tar", CONTAINER, tmp_path)
    assert (tmp_path / "ranged.tar").read_bytes() == IMAGE[:1_700_000]
    (one,) = json.loads(result.stdout)["data"]["downloads"]
    assert (one["proof"], one["resumed_bytes"]) == ("partly", 0)


def test_what_is_left_of_such_an_object_is_no_help_and_goes(
    swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty(swift, monkeypatch, "ranged.tar", cut_after(1_500_000)) as way:
        assert download_at_once("ranged.tar", CONTAINER, tmp_path, "--retries", "0").exit_code == 3
        assert names_in(tmp_path) == []
        way.bends = [cut_after(1_500_000)]
        assert download_at_once("ranged.tar", CONTAINER, tmp_path).exit_code == 0
    assert way.asked[-1] == "bytes=1500000-"
    assert (tmp_path / "ranged.tar").read_bytes() == IMAGE[:1_700_000]


@pytest.mark.parametrize(("meanwhile", "status"), [(IMAGE, 0), (b"another", 3)])
def test_a_file_that_came_meanwhile_is_not_replaced(
    meanwhile: bytes, status: int, swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plain.tar"

    def overtaken(peer: Peer, head: bytes, server: socket.socket) -> None:
        path.write_bytes(meanwhile)
        pass_whole(peer, head, server)

    with faulty(swift, monkeypatch, "plain.tar", overtaken):
        assert download_at_once("plain.tar", CONTAINER, tmp_path).exit_code == status
    assert path.read_bytes() == meanwhile


def test_a_segment_that_is_damaged_on_the_way_costs_that_segment(
    swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty(swift, monkeypatch, "large.tar", cut_after(1_500_000), flip_byte(0)) as way:
        result = download("large.tar", tmp_path)
        assert result.exit_code == 1
        assert "large.tar is damaged: in its segment fault_segments/x/1, from byte 1000000 on" in result.stderr
        assert names_in(tmp_path) == [".large.tar.part", ".large.tar.part.json"]
        assert download("large.tar", tmp_path).exit_code == 0
    assert (tmp_path / "large.tar").read_bytes() == IMAGE
    assert way.asked == ["whole", "bytes=1500000-", "bytes=1000000-"]


def put_plain(swift: SwiftServer, content: bytes) -> None:
    swift.put(CONTAINER, "changing.tar", content)


def put_large(swift: SwiftServer, content: bytes) -> None:
    swift.put("changing_segments", f"x/{len(content)}", content)
    swift.put_slo(CONTAINER, "changing.tar", [{"path": f"changing_segments/x/{len(content)}"}])


def test_an_object_that_is_replaced_before_its_manifest_is_read_is_asked_about_again(
    swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = IMAGE[:1_000_000], IMAGE[1_000_000:]

    def replaced(peer: Peer, head: bytes, server: socket.socket) -> None:
        put_large(swift, newer)
        peer.reply(200, swift.request("GET", f"{CONTAINER}/changing.tar?format=json&multipart-manifest=get")[1])

    put_large(swift, older)
    bends: list[Bend] = [replaced, pass_whole]
    with bent_swift(swift.auth_url, "multipart-manifest=get", lambda *of: bends.pop(0)(*of)) as proxy:
        for name, value in {**swift.environ, "ST_AUTH": f"{proxy.url}/auth/v1.0"}.items():
            monkeypatch.setenv(name, value)
        assert download_at_once("changing.tar", CONTAINER, tmp_path).exit_code == 0
    assert (tmp_path / "changing.tar").read_bytes() == newer


@pytest.mark.parametrize("put", [put_plain, put_large])
@pytest.mark.parametrize("when", ["between two runs", "between two tries"])
def test_an_object_that_was_replaced_meanwhile_is_fetched_from_its_start(
    when: str,
    put: Callable[[SwiftServer, bytes], None],
    swift: SwiftServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(swift, IMAGE)
    newer = IMAGE[::-1][:2_500_000]

    def replace_midway(peer: Peer, head: bytes, server: socket.socket) -> None:
        cut_after(1_000_000)(peer, head, server)
        put(swift, newer)

    with faulty(swift, monkeypatch, "changing.tar", replace_midway):
        if when == "between two runs":
            assert download("changing.tar", tmp_path, "--retries", "0").exit_code == 3
            assert (tmp_path / ".changing.tar.part").read_bytes() == IMAGE[:1_000_000]
        result = download("changing.tar", tmp_path)
        assert result.exit_code == 0, result.stderr
    assert (tmp_path / "changing.tar").read_bytes() == newer
    assert names_in(tmp_path) == ["changing.tar"]
    assert json.loads(result.stdout)["data"]["downloads"][0]["resumed_bytes"] == 0


def test_a_server_that_ignores_what_was_asked_for_does_no_harm(
    swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def all_of_it(peer: Peer, head: bytes, server: socket.socket) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\nConnection: close\r\n")
        etag = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"etag:"))
        peer.send(etag + b"\r\n\r\n", IMAGE)

    def another_part(peer: Peer, head: bytes, server: socket.socket) -> None:
        peer.send(head.replace(b"bytes 1000000-", b"bytes 1000001-"))

    with faulty(swift, monkeypatch, "plain.tar", cut_after(1_000_000), another_part):
        result = download("plain.tar", tmp_path)
        assert result.exit_code == 3
        assert "another part of plain.tar came" in result.stderr
    with faulty(swift, monkeypatch, "plain.tar", all_of_it):
        assert download("plain.tar", tmp_path).exit_code == 0
    assert (tmp_path / "plain.tar").read_bytes() == IMAGE


def test_the_status_of_several_is_that_of_each_where_they_agree(
    swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty(swift, monkeypatch, "plain.tar"):
        assert download("gone.tar", tmp_path).exit_code == 3
        assert download("gone.tar", tmp_path, "gone too.tar").exit_code == 3
        assert download("gone.tar", tmp_path, "plain.tar").exit_code == 1


def test_a_terminal_shows_how_far_it_is(swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["bootstrap", "download", "plain.tar", "-c", CONTAINER, "--to", str(tmp_path), "--timeout", "5"]
    with (
        faulty(swift, monkeypatch, "plain.tar", stall_after(2_000_000)),
        operator_at(*command) as (terminal, process),
    ):
        terminal.read_until("plain.tar")
        terminal.read_until("2.0/3.0 MB")
        terminal.read_until("downloaded")
        assert terminal.wait(process) == 0
    assert (tmp_path / "plain.tar").read_bytes() == IMAGE


def test_a_terminal_that_is_gone_costs_nothing_of_the_part(
    swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("bootstrap", "download", "plain.tar", "-c", CONTAINER, "--to", str(tmp_path))
    part = tmp_path / ".plain.tar.part"
    with faulty(swift, monkeypatch, "plain.tar", stall_after(1_000_000)), operator_at(*command) as (terminal, process):
        wait_until(lambda: part.exists() and part.stat().st_size == 1_000_000)
        terminal.read_until("plain.tar")
        terminal.hang_up()
        assert process.wait(60) == 128 + signal.SIGHUP
    assert names_in(tmp_path) == [part.name, f"{part.name}.json"]
