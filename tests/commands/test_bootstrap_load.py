"""`regops bootstrap load` into a real engine: what it has afterwards, and what it must not have."""

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bent_swift import answer, bent_swift, cut_after, pass_on, pass_whole
from fake_clock import FakeClock
from fake_engine import FakeEngine
from fake_services import FakeServices
from fault_server import FaultServer, Peer
from quiet_progress import QuietProgress
from regops.adapters.engine.client import DockerEngine
from regops.collectors.bootstrap.load import load as load_tarball
from regops.collectors.bootstrap.tarball_source import file_tarball
from regops.errors import Refused
from regops.main import app
from regops.model.answer import Target
from regops.wiring import Services
from saved_image import image_files, image_id, layer_id, saved_image, tar_of
from swift_server import SwiftServer
from two_faced_image import two_faced_images

TAG, OTHER = "regops-load-test:one", "regops-load-test:two"
WHOLE = saved_image(TAG)
PACKED = gzip.compress(WHOLE, 1)
TWO_FACED = two_faced_images(OTHER, TAG)


@pytest.fixture
def engine() -> Iterator[DockerEngine]:
    found = DockerEngine.from_environment()
    yield found
    for reference in (TAG, OTHER, image_id(TAG), image_id(TAG, seed=2)):
        found.remove_image(reference)


def layers(engine: DockerEngine, reference: str) -> tuple[str, ...]:
    found = engine.image(reference)
    assert found is not None, f"{reference} is not there"
    return found.layers


def load(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["bootstrap", "load", *map(str, arguments)])


def document(*arguments: str | Path) -> dict[str, Any]:
    return dict(json.loads(load(*arguments, "-o", "json").stdout))


def written(folder: Path, content: bytes, name: str = "image.tar") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.engine
@pytest.mark.parametrize("content", [WHOLE, PACKED], ids=["plain", "gzip"])
def test_the_images_of_a_file_are_the_engines(content: bytes, tmp_path: Path, engine: DockerEngine) -> None:
    answer = document(written(tmp_path, content))
    assert answer["target"] == {"url": None, "container": None, "swift_container": None}
    assert answer["exit_code"] == 0
    assert layers(engine, TAG) == (layer_id(),)
    assert answer["data"]["tags"] == [
        {"tag": TAG, "outcome": "new", "image_id": engine.image_id(TAG), "before_id": None},
    ]
    assert (answer["data"]["size_bytes"], answer["data"]["unpacked_bytes"]) == (len(content), len(WHOLE))


@pytest.mark.engine
def test_what_came_is_told_to_people(tmp_path: Path, engine: DockerEngine) -> None:
    result = load(written(tmp_path, PACKED, "main.tar.gz"))
    assert f"main.tar.gz from a file, loaded into {engine.address}" in " ".join(result.stdout.split())
    assert "new" in next(line for line in result.stdout.splitlines() if line.startswith(TAG))


@pytest.mark.engine
def test_an_image_without_a_tag_is_loaded_as_well(tmp_path: Path, engine: DockerEngine) -> None:
    answer = document(written(tmp_path, saved_image()))
    (untagged,) = answer["data"]["untagged"]
    assert (answer["data"]["tags"], layers(engine, untagged)) == ([], (layer_id(),))
    engine.remove_image(untagged)


@pytest.mark.engine
def test_a_tag_of_another_image_is_only_taken_when_told_to(tmp_path: Path, engine: DockerEngine) -> None:
    first, second = written(tmp_path, WHOLE, "first"), written(tmp_path, saved_image(TAG, seed=2), "second")
    assert load(first).exit_code == 0
    assert document(first)["data"]["tags"][0]["outcome"] == "same as before"
    refused = load(second)
    assert refused.exit_code == 3
    assert f"the engine has {TAG} already, and it is another image" in refused.stderr
    first_id = engine.image_id(TAG)
    assert layers(engine, TAG) == (layer_id(),)
    assert engine.image(image_id(TAG, seed=2)) is None
    replaced = document(second, "--replace")["data"]["tags"][0]
    assert (replaced["outcome"], replaced["before_id"]) == ("replaced", first_id)
    assert layers(engine, TAG) == (layer_id(seed=2),)


def bent(change: Callable[[dict[str, bytes]], None]) -> bytes:
    files = image_files(TAG)
    change(files)
    return tar_of(files)


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


END = len(WHOLE.rstrip(b"\0"))
BAD = {
    "a byte in the middle": (flipped(WHOLE, len(WHOLE) // 2), "is damaged"),
    "a byte in the middle of the gzip": (flipped(PACKED, len(PACKED) // 2), "is damaged"),
    "cut in the middle": (WHOLE[: len(WHOLE) // 2], "is cut short"),
    "cut before the end mark": (WHOLE[: END // 512 * 512 + 512], "is cut short"),
    "cut gzip": (PACKED[: len(PACKED) // 2], "is cut short"),
    "gzip without its trailer": (PACKED[:-8], "is cut short"),
    "no image": (tar_of({"etc/passwd": b"root", "usr/bin/true": b"x" * 70_000}), "holds no image"),
    "no archive": (b"<html>Not Found</html>" * 100, "is no tarball"),
    "nothing": (b"", "is empty"),
    "something behind the end": (WHOLE + b"x" * 600_000, "goes on after the end"),
    "a way out": (bent(lambda files: files.update({"../../etc/cron.d/x": b"* * * * * root id"})), "leads out"),
    "a layer that is missing": (bent(lambda files: files.pop("one/layer.tar")), "is missing"),
}


@pytest.mark.engine
@pytest.mark.parametrize(("content", "told"), BAD.values(), ids=BAD.keys())
def test_nothing_of_a_bad_tarball_is_left(content: bytes, told: str, tmp_path: Path, engine: DockerEngine) -> None:
    result = load(written(tmp_path, content))
    assert result.exit_code in {1, 3}
    assert told in result.stderr
    assert "Traceback" not in result.stderr
    assert engine.image(TAG) is None
    assert engine.image(image_id(TAG)) is None


@pytest.mark.engine
@pytest.mark.parametrize("odd", TWO_FACED)
def test_no_tag_is_taken_by_a_tarball_that_shows_another(odd: str, tmp_path: Path, engine: DockerEngine) -> None:
    assert load(written(tmp_path, WHOLE)).exit_code == 0
    assert load(written(tmp_path, TWO_FACED[odd], "odd.tar")).exit_code in {1, 3}
    assert layers(engine, TAG) == (layer_id(),)
    assert engine.image(OTHER) is None


@pytest.mark.engine
@pytest.mark.parametrize("sent_bytes", [512, len(WHOLE) // 2, END // 512 * 512 + 512], ids=["start", "half", "no end"])
def test_an_engine_makes_nothing_of_what_is_broken_off_before_the_end_mark(
    sent_bytes: int, engine: DockerEngine
) -> None:
    def tarball() -> Iterator[bytes]:
        for start in range(0, sent_bytes, 65_536):
            yield WHOLE[start : min(start + 65_536, sent_bytes)]
        raise Refused("not the end")

    with pytest.raises(Refused, match="not the end"):
        list(engine.load(tarball()))
    assert engine.image(TAG) is None
    assert engine.image(image_id(TAG)) is None


@pytest.mark.engine
@pytest.mark.swift
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_load_that_is_ended_leaves_nothing(
    number: signal.Signals, engine: DockerEngine, swift: SwiftServer, tmp_path: Path
) -> None:
    swift.put("load", "killed.tar", WHOLE)
    there = Event()

    def stall(peer: Peer, head: bytes, server: socket.socket) -> None:
        peer.send(head)
        pass_on(peer, server, most_bytes=900_000)
        there.set()
        peer.wait_for_hang_up()

    with bent_swift(swift.auth_url, "killed.tar", stall) as proxy:
        environ = {**os.environ, **swift.environ, "ST_AUTH": f"{proxy.url}/auth/v1.0"}
        command = [sys.executable, "-m", "regops", "bootstrap", "load", "killed.tar", "-c", "load"]
        errors = tmp_path / "stderr"
        with errors.open("w") as stderr, subprocess.Popen(command, env=environ, stderr=stderr) as process:
            assert there.wait(60)
            process.send_signal(number)
    said = "" if number is signal.SIGKILL else "killed.tar: nothing was loaded\n"
    assert errors.read_text().endswith(said)
    assert process.returncode == (-number if number is signal.SIGKILL else 128 + number)
    assert engine.image(TAG) is None
    assert engine.image(image_id(TAG)) is None


@pytest.mark.engine
@pytest.mark.swift
def test_a_load_goes_on_where_the_connection_to_swift_broke(
    engine: DockerEngine, swift: SwiftServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    swift.put("load", "cut.tar", WHOLE)
    bends, asked = [cut_after(300_000), answer(503), cut_after(1), pass_whole], list[str | None]()

    def bend(peer: Peer, head: bytes, server: socket.socket) -> None:
        asked.append(peer.header("Range"))
        bends.pop(0)(peer, head, server)

    with bent_swift(swift.auth_url, "cut.tar", bend) as proxy:
        for name, value in {**swift.environ, "ST_AUTH": f"{proxy.url}/auth/v1.0"}.items():
            monkeypatch.setenv(name, value)
        arguments = ["bootstrap", "load", "cut.tar", "-c", "load"]
        result = CliRunner().invoke(app, arguments, obj=Services(clock=FakeClock()))
    assert result.exit_code == 0, result.stderr
    assert asked == [None, "bytes=300000-", "bytes=300000-", "bytes=300001-"]
    assert layers(engine, TAG) == (layer_id(),)


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    missing, folder = load(tmp_path / "none.tar"), load(f"{tmp_path}/")
    assert (missing.exit_code, folder.exit_code) == (3, 3)
    assert "there is no file" in missing.stderr
    assert f"{tmp_path} is a folder, and no file" in folder.stderr


def test_without_credentials_a_name_that_is_no_file_is_told_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("OS_AUTH_URL", "ST_AUTH", "OS_CLOUD"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, said in (
        ("nosuch.tar", "there is no file nosuch.tar here; no credentials for Swift"),
        ("folder", "folder is a folder here; no credentials for Swift"),
        ("pipe", "pipe is a pipe here; no credentials for Swift"),
        ("", "the name is empty"),
    ):
        result = load(name)
        assert (result.exit_code, said in result.stderr) == (2, True), result.stderr


@pytest.mark.swift
def test_a_name_that_is_neither_here_nor_in_swift_is_told_as_both(
    swift: SwiftServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in swift.environ.items():
        monkeypatch.setenv(name, value)
    swift.put("load", "some.tar", b"x")
    result = load("nosuch.tar", "-c", "load")
    assert result.exit_code == 3
    assert "there is no file nosuch.tar here; the object nosuch.tar" in result.stderr


@pytest.mark.engine
@pytest.mark.swift
@pytest.mark.parametrize("large", [False, True], ids=["plain", "slo"])
def test_an_object_is_loaded_from_swift(
    large: bool, engine: DockerEngine, swift: SwiftServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in swift.environ.items():
        monkeypatch.setenv(name, value)
    if large:
        for index in range(3):
            swift.put("load-segments", str(index), WHOLE[index * 400_000 : (index + 1) * 400_000])
        swift.put_slo("load", "one.tar", [{"path": f"load-segments/{index}"} for index in range(3)])
    else:
        swift.put("load", "one.tar", WHOLE)
    answer = document("one.tar", "-c", "load")
    assert answer["target"] == {"url": swift.storage_url, "container": None, "swift_container": "load"}
    assert (answer["data"]["proof"], answer["data"]["swift_container"]) == ("segments" if large else "md5", "load")
    assert layers(engine, TAG) == (layer_id(),)


@pytest.mark.engine
@pytest.mark.swift
def test_another_sha256_than_the_noted_one_is_not_loaded(
    engine: DockerEngine, swift: SwiftServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in swift.environ.items():
        monkeypatch.setenv(name, value)
    swift.put("load", "noted.tar", WHOLE, {"X-Object-Meta-Regops-Sha256": "0" * 64})
    result = load("noted.tar", "-c", "load")
    assert result.exit_code == 1
    assert "was noted beside it" in result.stderr
    assert engine.image(TAG) is None


@pytest.mark.engine
@pytest.mark.swift
def test_a_damaged_object_is_told_with_how_to_see_where_it_was_damaged(
    engine: DockerEngine, swift: SwiftServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in swift.environ.items():
        monkeypatch.setenv(name, value)
    swift.put("load", "flipped.tar", flipped(WHOLE, len(WHOLE) // 2))
    result = load("flipped.tar", "-c", "load")
    assert result.exit_code == 1
    assert "hint: `regops bootstrap verify --container load flipped.tar` tells whether" in result.stderr
    assert engine.image(TAG) is None


@pytest.mark.swift
def test_an_object_that_is_not_there_is_told(swift: SwiftServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in swift.environ.items():
        monkeypatch.setenv(name, value)
    swift.put("load", "there.tar", b"x")
    result = load("not-there.tar", "-c", "load")
    assert result.exit_code == 3
    assert "regops bootstrap list --container load" in result.stderr


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[Peer], None]], None]]:
    """Put an engine in place that does with a load what the test says."""
    servers: list[FaultServer] = []

    def start(take: Callable[[Peer], None]) -> None:
        def script(peer: Peer) -> None:
            if "/images/load" in peer.path:
                take(peer)
            elif peer.path == "/version":
                peer.reply(200, json.dumps({"ApiVersion": "1.41"}), {"Content-Type": "application/json"})
            else:
                peer.reply(404, json.dumps({"message": "No such image"}), {"Content-Type": "application/json"})

        server = FaultServer(script).__enter__()
        servers.append(server)
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.port}")

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def take_all(peer: Peer) -> None:
    """Read a chunked body to its end."""
    read = b""
    while not read.endswith(b"0\r\n\r\n"):
        read = read[-4:] + peer.connection.recv(1 << 20)


def test_an_engine_that_dies_in_the_middle_has_nothing(
    dying: Callable[[Callable[[Peer], None]], None], tmp_path: Path
) -> None:
    def take(peer: Peer) -> None:
        peer.connection.recv(300_000, socket.MSG_WAITALL)
        peer.reset()

    dying(take)
    result = load(written(tmp_path, saved_image(TAG, size_bytes=30_000_000)))
    assert result.exit_code == 3
    assert "nothing was loaded" in result.stderr


def test_a_tag_in_a_tarball_leads_to_nothing_else_of_the_engine(
    dying: Callable[[Callable[[Peer], None]], None], tmp_path: Path
) -> None:
    dying(take_all)
    result = load(written(tmp_path, saved_image("../containers/registry")))
    assert result.exit_code == 3
    assert "no image can be called '../containers/registry'" in result.stderr


@pytest.mark.swift
def test_swift_that_dies_in_the_middle_is_not_called_the_engine(
    dying: Callable[[Callable[[Peer], None]], None], swift: SwiftServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    swift.put("load", "lost.tar", WHOLE)
    dying(Peer.wait_for_hang_up)
    with bent_swift(swift.auth_url, "lost.tar", cut_after(300_000)) as proxy:
        for name, value in {**swift.environ, "ST_AUTH": f"{proxy.url}/auth/v1.0"}.items():
            monkeypatch.setenv(name, value)
        result = load("lost.tar", "-c", "load", "--retries", "0")
    assert result.exit_code == 3
    assert f"the download of lost.tar was cut short, after 300000 of {len(WHOLE)} bytes; nothing was" in result.stderr
    assert "engine" not in result.stderr


def test_an_engine_that_dies_after_the_end_may_have_it(
    dying: Callable[[Callable[[Peer], None]], None], tmp_path: Path
) -> None:
    def take(peer: Peer) -> None:
        take_all(peer)
        peer.reset()

    dying(take)
    result = load(written(tmp_path, WHOLE))
    assert result.exit_code == 3
    assert "whether it made images of it is not known" in result.stderr


@pytest.mark.parametrize(
    "said",
    [
        '{"errorDetail":{"message":"no space left on device"},"error":"no space left on device"}\r\n',
        '{"stream":"Loading layer"}\r\n{"errorDetail":{"message":"no space left on device"}}',
    ],
)
def test_an_error_inside_a_good_answer_is_an_error(
    said: str, dying: Callable[[Callable[[Peer], None]], None], tmp_path: Path
) -> None:
    def take(peer: Peer) -> None:
        take_all(peer)
        peer.reply(200, said)

    dying(take)
    result = load(written(tmp_path, WHOLE))
    assert result.exit_code == 1
    assert "the engine did not load it: no space left on device" in result.stderr


def test_an_engine_that_says_loaded_and_has_nothing_is_not_believed(
    dying: Callable[[Callable[[Peer], None]], None], tmp_path: Path
) -> None:
    def take(peer: Peer) -> None:
        take_all(peer)
        peer.reply(200, f'{{"stream":"Loaded image: {TAG}\\n"}}\r\n')

    dying(take)
    result = load(written(tmp_path, WHOLE))
    assert result.exit_code == 1
    assert f"and yet {TAG} is not there" in result.stderr


def test_an_engine_that_calls_it_loaded_before_the_end_is_not_believed(tmp_path: Path) -> None:
    class Early(FakeEngine):
        def load(self, tarball: Iterator[bytes]) -> Iterator[str]:
            next(tarball)
            yield f"Loaded image: {TAG}"

    arguments = ["bootstrap", "load", str(written(tmp_path, WHOLE))]
    result = CliRunner().invoke(app, arguments, obj=FakeServices(fake_engine=Early()))
    assert result.exit_code == 3
    assert "before it was sent its end" in result.stderr


@pytest.mark.parametrize("said", ["<html>", "[]", '{"stream": ' + "[" * 5000, "\x00" * 3_000_000])
def test_an_answer_that_is_none_is_told(
    said: str, dying: Callable[[Callable[[Peer], None]], None], tmp_path: Path
) -> None:
    def take(peer: Peer) -> None:
        take_all(peer)
        peer.reply(200, said)

    dying(take)
    result = load(written(tmp_path, WHOLE))
    assert result.exit_code == 3
    assert "the engine answers" in result.stderr


@pytest.mark.engine
@pytest.mark.swift
def test_neither_upload_nor_load_keeps_a_tarball_in_memory(
    engine: DockerEngine, swift: SwiftServer, tmp_path: Path
) -> None:
    path = written(tmp_path, saved_image(OTHER, size_bytes=100_000_000), "large.tar")
    environ = {**os.environ, **swift.environ, "REGOPS_SWIFT_CONTAINER": "load"}
    # What wait4 tells counts the parent's memory as well, from before the program was another.
    program = (
        "import atexit, re, sys; from pathlib import Path; from regops.main import app; "
        "atexit.register(lambda: print(*re.findall(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text()))); "
        "app(sys.argv[1:])"
    )
    for arguments in (["upload", str(path), "--segment-size", "30M"], ["load", "large.tar"]):
        command = [sys.executable, "-c", program, "bootstrap", *arguments]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert int(done.stdout.splitlines()[-1]) < 70_000  # KiB; what the libraries take is 40,000 of it
    assert engine.image(OTHER) is not None


def test_the_bar_is_over_before_it_is_said_what_came_of_the_bytes(tmp_path: Path) -> None:
    class Order(QuietProgress):
        @contextmanager
        def transfer(self, text: str, total_bytes: int | None) -> Iterator[Callable[[int], None]]:
            with super().transfer(text, total_bytes) as came:
                yield came
            self.step("the bar is over")

    progress = Order()
    with file_tarball(written(tmp_path, WHOLE)) as source:
        load_tarball(FakeEngine(), source, Target(), replace=False, progress=progress)
    assert progress.steps == ["the bar is over", "image.tar is whole; the engine makes images of it"]
    assert progress.transfers == {"image.tar": len(WHOLE)}
