"""`regops bootstrap upload` to a real Swift: what stands under a name, and what is left behind, whatever happens."""

import gzip
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fake_engine import FakeEngine
from fake_services import FakeServices
from fault_server import FaultServer, Peer
from quiet_progress import QuietProgress
from regops.adapters.engine.client import DockerEngine
from regops.adapters.swift.store import SwiftStore
from regops.collectors.bootstrap.image_tarball import check_image
from regops.collectors.bootstrap.upload import upload as upload_tarball
from regops.collectors.bootstrap.upload_plan import UploadPlan
from regops.collectors.bootstrap.upload_source import file_source
from regops.errors import Corrupted, Failed
from regops.main import app
from regops.wiring import SystemClock
from saved_image import saved_image
from swift_server import SwiftServer, wait_until

TAG = "regops-upload-test:one"
SIZE = 4_000_000
WHOLE = saved_image(TAG, size_bytes=SIZE)
OTHER = saved_image(TAG, seed=2, size_bytes=SIZE)


@pytest.fixture(autouse=True)
def credentials(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("swift"):
        for name, value in request.getfixturevalue("swift").environ.items():
            monkeypatch.setenv(name, value)


@pytest.fixture
def place(request: pytest.FixtureRequest) -> str:
    """A Swift container of one's own."""
    return f"up-{hashlib.sha256(request.node.name.encode()).hexdigest()[:12]}"


def upload(*arguments: str | Path, services: Any = None) -> Result:
    return CliRunner().invoke(app, ["bootstrap", "upload", *map(str, arguments)], obj=services)


def document(*arguments: str | Path) -> dict[str, Any]:
    result = upload(*arguments, "-o", "json")
    return dict(json.loads(result.stdout))


def written(folder: Path, content: bytes = WHOLE, name: str = "image.tar") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def names(swift: SwiftServer, container: str) -> list[str]:
    status, body = swift.request("GET", f"{container}?format=json")
    return [one["name"] for one in json.loads(body)] if status == 200 else []


@pytest.mark.swift
def test_a_small_file_is_one_object_with_its_tags_and_sha256(place: str, swift: SwiftServer, tmp_path: Path) -> None:
    answer = document(written(tmp_path), "-c", place)
    data = answer["data"]
    assert (answer["exit_code"], data["kind"], data["segments"], data["name"]) == (0, "plain", 0, "image.tar")
    assert data["etag"] == hashlib.md5(WHOLE).hexdigest()
    headers = swift.headers(f"{place}/image.tar")
    assert headers["X-Object-Meta-Regops-Image-Tags"] == TAG
    assert headers["X-Object-Meta-Regops-Sha256"] == hashlib.sha256(WHOLE).hexdigest() == data["sha256"]
    assert swift.request("GET", f"{place}/image.tar")[1] == WHOLE
    assert names(swift, f"{place}_segments") == []


@pytest.mark.swift
def test_a_large_file_goes_in_segments(place: str, swift: SwiftServer, tmp_path: Path) -> None:
    data = document(written(tmp_path), "team/large ü.tar", "-c", place, "--segment-size", "1M")["data"]
    assert (data["kind"], data["segments"]) == ("slo", 4)
    assert swift.request("GET", f"{place}/team/large%20%C3%BC.tar")[1] == WHOLE
    headers = swift.headers(f"{place}/team/large%20%C3%BC.tar")
    assert headers["X-Object-Meta-Regops-Sha256"] == hashlib.sha256(WHOLE).hexdigest()
    assert len(names(swift, f"{place}_segments")) == 4


@pytest.mark.swift
@pytest.mark.parametrize(("first", "second"), [("1M", "2M"), ("1M", "1G"), ("1G", "1M")])
def test_replacing_leaves_no_segment_of_the_old_one(
    first: str, second: str, place: str, swift: SwiftServer, tmp_path: Path
) -> None:
    old, new = written(tmp_path, OTHER, "old"), written(tmp_path, WHOLE, "new")
    upload(old, "one.tar", "-c", place, "--segment-size", first)
    refused = upload(new, "one.tar", "-c", place, "--segment-size", second)
    assert (refused.exit_code, swift.request("GET", f"{place}/one.tar")[1]) == (3, OTHER)
    assert "--replace" in refused.stderr
    data = document(new, "one.tar", "-c", place, "--segment-size", second, "--replace")["data"]
    assert data["replaced"]
    assert swift.request("GET", f"{place}/one.tar")[1] == WHOLE
    assert len(names(swift, f"{place}_segments")) == data["segments"] == {"2M": 2, "1G": 0, "1M": 4}[second]


@pytest.mark.swift
def test_of_an_object_by_the_swift_client_the_segments_go_as_well_and_foreign_ones_stay(
    place: str, swift: SwiftServer, tmp_path: Path
) -> None:
    swift.put(f"{place}_segments", "one.tar/slo/1700000000.0/3/2/00000000", b"by the swift client")
    swift.put("foreign", "part", b"of somebody else")
    paths = [f"{place}_segments/one.tar/slo/1700000000.0/3/2/00000000", "foreign/part"]
    swift.put_slo(place, "one.tar", [{"path": path} for path in paths])
    assert document(written(tmp_path), "one.tar", "-c", place, "--replace")["data"]["removed_segments"] == 1
    assert (names(swift, f"{place}_segments"), names(swift, "foreign")) == ([], ["part"])


@pytest.mark.swift
@pytest.mark.parametrize("content", [WHOLE[:-SIZE], b"junk" * 1000, b""])
def test_what_is_no_whole_image_is_not_uploaded(content: bytes, place: str, swift: SwiftServer, tmp_path: Path) -> None:
    assert upload(written(tmp_path, content), "-c", place).exit_code == 1
    assert names(swift, place) == []


@pytest.mark.swift
@pytest.mark.parametrize("segment_size", ["1M", "1G"])
def test_a_file_that_changes_meanwhile_is_not_uploaded(
    segment_size: str, place: str, swift: SwiftServer, tmp_path: Path
) -> None:
    path = written(tmp_path)
    source = file_source(path, QuietProgress())
    path.write_bytes(OTHER)
    store = SwiftStore.from_environment(swift.environ, timeout_seconds=30)
    plan = UploadPlan(place, "one.tar", 1 << 20 if segment_size == "1M" else 1 << 30, replace=False)
    with pytest.raises((Failed, Corrupted)):
        upload_tarball(store, source, plan, SystemClock(), QuietProgress())
    assert names(swift, place) == names(swift, f"{place}_segments") == []


@pytest.mark.swift
@pytest.mark.parametrize("name", ["../up.tar", "a/../b", "."])
def test_a_name_that_leads_elsewhere_is_refused(name: str, place: str, tmp_path: Path) -> None:
    assert upload(written(tmp_path), name, "-c", place).exit_code == 3


@pytest.mark.parametrize("size", ["0", "1K", "6G", "many", "-1M", "1.5G"])
def test_a_segment_size_that_swift_does_not_take_is_a_usage_error(size: str, tmp_path: Path) -> None:
    assert upload(written(tmp_path), "--segment-size", size).exit_code == 2


@pytest.mark.swift
@pytest.mark.engine
@pytest.mark.parametrize("segment_size", ["1M", "1G"])
def test_an_image_of_the_engine_is_packed_and_uploaded(
    segment_size: str, place: str, swift: SwiftServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = DockerEngine.from_environment()
    list(engine.load(iter((WHOLE,))))
    try:
        data = document(TAG, "-c", place, "--segment-size", segment_size)["data"]
    finally:
        engine.remove_image(TAG)
    assert (data["name"], data["from_image"], data["tags"]) == ("regops-upload-test-one.tar.gz", True, [TAG])
    stored = swift.request("GET", f"{place}/{data['name']}")[1]
    assert hashlib.sha256(stored).hexdigest() == data["sha256"]
    assert check_image(iter((stored,)), name="stored").tags == (TAG,)
    assert gzip.decompress(stored)[:512]
    assert swift.headers(f"{place}/{data['name']}")["X-Object-Meta-Regops-Image-Tags"] == TAG


class Engine(FakeEngine):
    """An engine that saves what it is told to, in small portions."""

    def __init__(self, content: bytes) -> None:
        super().__init__(images={TAG: "sha256:one"})
        self.facts[TAG] = {"size_bytes": SIZE}
        self.content = content

    def save(self, reference: str) -> Iterator[bytes]:
        for start in range(0, len(self.content), 100_000):
            yield self.content[start : start + 100_000]


class Services(FakeServices):
    """A fake engine, and the real Swift."""

    def object_store(self, *, timeout_seconds: float, environ: Any = None) -> Any:
        return SwiftStore.from_environment(os.environ, timeout_seconds=timeout_seconds)


@pytest.mark.swift
@pytest.mark.parametrize("segment_size", ["1M", "1G"])
@pytest.mark.parametrize(
    "content",
    [WHOLE[:2_500_000] + b'{"errorDetail":{"message":"disk"}}', WHOLE[:3_000_000], saved_image("another:tag")],
    ids=["an error in the stream", "cut", "another image"],
)
def test_a_save_that_goes_wrong_leaves_nothing(
    content: bytes, segment_size: str, place: str, swift: SwiftServer
) -> None:
    result = upload(TAG, "-c", place, "--segment-size", segment_size, services=Services(fake_engine=Engine(content)))
    assert result.exit_code in {1, 3}
    assert names(swift, place) == names(swift, f"{place}_segments") == []


@pytest.mark.swift
def test_an_image_that_is_not_there_is_told(place: str) -> None:
    result = upload("nowhere:1", "-c", place, services=Services(fake_engine=FakeEngine()))
    assert result.exit_code == 3
    assert "there is no file nowhere:1" in result.stderr


def killed_between_segments(path: Path, place: str, swift: SwiftServer) -> list[str]:
    """Kill an upload as hard as possible when its second segment is there; return what it left."""
    command = [sys.executable, "-m", "regops", "bootstrap", "upload", str(path), "one.tar", "-c", place]
    with subprocess.Popen([*command, "--segment-size", "1M"], stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: len(names(swift, f"{place}_segments")) > 1, within_seconds=30)
        process.send_signal(signal.SIGKILL)
    return names(swift, f"{place}_segments")


@pytest.mark.swift
def test_a_killed_upload_shows_nothing_and_the_next_one_works(place: str, swift: SwiftServer, tmp_path: Path) -> None:
    path = written(tmp_path, saved_image(TAG, size_bytes=16_000_000))
    left = killed_between_segments(path, place, swift)
    assert len(left) > 1
    assert names(swift, place) == []
    data = document(path, "one.tar", "-c", place, "--segment-size", "4M")["data"]
    assert swift.request("GET", f"{place}/one.tar")[1] == path.read_bytes()
    assert (data["removed_segments"], data["other_segments"]) == (0, len(left))  # it may be going on, for all we know

    store = SwiftStore.from_environment(swift.environ, timeout_seconds=30)
    plan = UploadPlan(place, "one.tar", 1 << 30, replace=True, forgotten_seconds=0)
    again = upload_tarball(store, file_source(path, QuietProgress()), plan, SystemClock(), QuietProgress())
    assert again.removed_segments == len(left) + data["segments"]
    assert names(swift, f"{place}_segments") == []


@pytest.mark.swift
def test_an_interrupted_upload_takes_its_segments_away(place: str, swift: SwiftServer, tmp_path: Path) -> None:
    path = written(tmp_path, saved_image(TAG, size_bytes=16_000_000))
    command = [sys.executable, "-m", "regops", "bootstrap", "upload", str(path), "one.tar", "-c", place]
    with subprocess.Popen([*command, "--segment-size", "1M"], stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: len(names(swift, f"{place}_segments")) > 1, within_seconds=30)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in told) == (130, False)
    assert names(swift, place) == names(swift, f"{place}_segments") == []


def body_of(peer: Peer) -> bytes:
    """Read a body that comes in chunks; its beginning may have come with the head."""
    read = peer.head.partition(b"\r\n\r\n")[2]
    while not read.endswith(b"0\r\n\r\n"):
        chunk = peer.connection.recv(1 << 20)
        if not chunk:
            raise OSError("cut")
        read += chunk
    content, at = b"", 0
    while size := int(read[at : read.index(b"\r\n", at)], 16):
        start = read.index(b"\r\n", at) + 2
        content += read[start : start + size]
        at = start + size + 2
    return content


class ShortSwift:
    """A Swift that counts what it takes, and answers as a test says: (method, path, number of the segment)."""

    def __init__(self, refuse: int, *, at: int) -> None:
        self.refuse, self.at = refuse, at
        self.tokens = 0
        self.sizes: dict[str, int] = {}
        self.etags: dict[str, str] = {}
        self.removed: list[str] = []

    def __call__(self, peer: Peer) -> None:
        method = peer.head.split(b" ", 1)[0].decode()
        path = peer.path.partition("?")[0]
        if path == "/auth/v1.0":
            self.tokens += 1
            where = f"http://{peer.header('Host')}/v1/AUTH_test"
            peer.reply(200, headers={"X-Storage-Url": where, "X-Auth-Token": f"t{self.tokens}"})
        elif self.refuse == 401 and len(self.sizes) >= self.at and self.tokens == 1:
            peer.reply(401)
        elif path.count("/") < 4:
            peer.reply(201)
        elif method == "PUT":
            self.take(peer, path)
        elif method == "DELETE":
            self.removed.append(path)
            self.sizes.pop(path, None)
            peer.reply(204)
        elif path in self.sizes:
            # A HEAD: the length is that of a body which does not come.
            headers = f"Content-Length: {self.sizes[path]}\r\nETag: {self.etags[path]}\r\nConnection: close\r\n\r\n"
            peer.send(f"HTTP/1.1 200 OK\r\n{headers}".encode())
        else:
            peer.reply(404)

    def take(self, peer: Peer, path: str) -> None:
        if "multipart-manifest" in peer.path:
            length = int(peer.header("Content-Length") or 0)
            read = peer.head.partition(b"\r\n\r\n")[2]
            parts = json.loads(read + peer.connection.recv(length - len(read), socket.MSG_WAITALL))
            self.sizes[path] = sum(part["size_bytes"] for part in parts)
            self.etags[path] = hashlib.md5("".join(part["etag"] for part in parts).encode()).hexdigest()
            peer.reply(201)
            return
        content = body_of(peer)
        if len(self.sizes) == self.at and self.refuse != 401:
            peer.reply(self.refuse)
            return
        self.sizes[path], self.etags[path] = len(content), hashlib.md5(content).hexdigest()
        peer.reply(201, headers={"ETag": self.etags[path]})


@pytest.mark.parametrize(("status", "exit_code"), [(507, 1), (413, 1), (503, 3)])
def test_a_store_without_room_is_told_and_what_was_sent_is_taken_away(
    status: int, exit_code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swift = ShortSwift(status, at=2)
    with FaultServer(swift) as server:
        for name, value in {"ST_AUTH": f"{server.url}/auth/v1.0", "ST_USER": "a:b", "ST_KEY": "secret"}.items():
            monkeypatch.setenv(name, value)
        result = upload(written(tmp_path), "one.tar", "-c", "up", "--segment-size", "1M")
    assert result.exit_code == exit_code
    assert str(status) in result.stderr
    assert len(swift.removed) == 3
    assert swift.sizes == {}


def test_a_token_that_ends_between_segments_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swift = ShortSwift(401, at=2)
    with FaultServer(swift) as server:
        for name, value in {"ST_AUTH": f"{server.url}/auth/v1.0", "ST_USER": "a:b", "ST_KEY": "secret"}.items():
            monkeypatch.setenv(name, value)
        result = upload(written(tmp_path), "one.tar", "-c", "up", "--segment-size", "1M")
    assert (result.exit_code, swift.tokens) == (0, 2)
    assert len([path for path in swift.etags if "_segments/" in path]) == 4


def test_a_store_that_hangs_up_in_the_middle_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def script(peer: Peer) -> None:
        if peer.path == "/auth/v1.0":
            where = f"http://{peer.header('Host')}/v1/AUTH_test"
            peer.reply(200, headers={"X-Storage-Url": where, "X-Auth-Token": "t"})
        elif peer.head.startswith(b"HEAD"):
            peer.reply(404)
        elif peer.path.endswith("/up"):
            peer.reply(201)
        else:
            peer.connection.recv(500_000, socket.MSG_WAITALL)
            peer.reset()

    with FaultServer(script) as server:
        for name, value in {"ST_AUTH": f"{server.url}/auth/v1.0", "ST_USER": "a:b", "ST_KEY": "secret"}.items():
            monkeypatch.setenv(name, value)
        result = upload(written(tmp_path, WHOLE), "one.tar", "-c", "up")
    assert result.exit_code == 3
    assert "Traceback" not in result.stderr
