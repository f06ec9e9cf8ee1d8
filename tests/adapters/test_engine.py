"""The Docker engine's door, against a real engine and against engines that misbehave."""

import io
import json
import socket
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import docker
import pytest

from regops.adapters.engine import client as engine_module
from regops.adapters.engine.client import DockerEngine
from regops.errors import (
    Failed,
    NotFound,
    PermissionDenied,
    PortTaken,
    Refused,
    RegopsError,
    UnexpectedAnswer,
    Unreachable,
)

IMAGE = "regops-test-engine:files"
CONTAINER = "regops-test-engine"


def tarball(files: dict[str, bytes], links: dict[str, str] | None = None) -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    packed.seek(0)
    return packed


@pytest.fixture(scope="module")
def engine() -> DockerEngine:
    return DockerEngine.from_environment()


@pytest.fixture(scope="module")
def stopped(engine: DockerEngine) -> Iterator[str]:
    """A container that never ran, with some files."""
    files = {"log/app.log": b"first\n" + b"x" * 5000 + b"\nlast\n", "log/empty": b""}
    links = {
        "log/absolute": "/log/app.log",
        "log/circle": "circle",
        "log/nowhere": "/none",
        "log/out": "../../../log/app.log",
    }
    engine.import_image(tarball(files, links), IMAGE)
    engine.remove(CONTAINER)
    with pytest.raises(RegopsError):
        engine.run(IMAGE, command="/no-such-program", name=CONTAINER)
    yield CONTAINER
    engine.remove(CONTAINER)
    engine.remove_image(IMAGE)


@pytest.mark.engine
def test_an_unknown_container_is_named_with_the_engine_and_the_next_step(engine: DockerEngine) -> None:
    with pytest.raises(NotFound, match="has no container regops-test-none") as caught:
        engine.inspect("regops-test-none")
    assert engine.address in caught.value.message
    assert "regops ps" in caught.value.hint


@pytest.mark.parametrize(
    "name", ["../images/x", "a/b", "a?b", "a%2Fb", "", "-v", "\x1b[2J", "x" * 5000, "a b", "a\n", ".", "..", "ä"]
)
def test_a_name_no_container_can_have_is_refused_before_anything_is_asked(name: str) -> None:
    nobody = DockerEngine("unix:///nonexistent/docker.sock")
    restart = partial(nobody.set_restart, policy="no")
    for ask in (nobody.inspect, nobody.start, nobody.remove, restart, lambda n: next(nobody.logs(n, lines=1))):
        with pytest.raises(Refused):
            ask(name)


@pytest.mark.parametrize(
    "reference",
    ["../containers/x", "a/../b", "a//b", "/", "..", "\udcff", "a\nb", "a?b", "a b", "a%2Fb", "x" * 600],
)
def test_what_no_image_can_be_called_is_refused_before_anything_is_asked(reference: str) -> None:
    nobody = DockerEngine("unix:///nonexistent/docker.sock")
    for ask in (nobody.image, nobody.image_id, nobody.image_labels, lambda n: next(nobody.save(n))):
        with pytest.raises(Refused, match="no image can be called"):
            ask(reference)


@pytest.mark.engine
def test_a_container_gets_another_restart_policy(engine: DockerEngine, stopped: str) -> None:
    for policy in ("unless-stopped", "no"):
        engine.set_restart(stopped, policy)
        assert json.loads(engine.inspect(stopped))["HostConfig"]["RestartPolicy"]["Name"] == policy
    with pytest.raises(Failed, match="restart policy"):
        engine.set_restart(stopped, "sometimes")
    with pytest.raises(NotFound):
        engine.set_restart("regops-test-none", "no")


@pytest.mark.engine
@pytest.mark.parametrize("path", ["/log/app.log", "/log/absolute", "/log/out"])
def test_the_end_of_a_file_comes_from_a_stopped_container_through_links(
    engine: DockerEngine, stopped: str, path: str
) -> None:
    assert engine.read_file(stopped, path, limit_bytes=10) == b"xxxx\nlast\n"


@pytest.mark.engine
def test_an_empty_file_is_empty(engine: DockerEngine, stopped: str) -> None:
    assert engine.read_file(stopped, "/log/empty", limit_bytes=10) == b""


@pytest.mark.engine
@pytest.mark.parametrize(
    ("path", "error"),
    [("/log", Refused), ("/log/circle", RegopsError), ("/log/nowhere", NotFound), ("/none", NotFound)],
)
def test_what_is_no_file_is_refused_and_never_an_empty_success(
    engine: DockerEngine, stopped: str, path: str, error: type[RegopsError]
) -> None:
    with pytest.raises(error):
        engine.read_file(stopped, path, limit_bytes=10)


@pytest.mark.engine
def test_a_saved_image_is_a_tarball_that_can_be_loaded(engine: DockerEngine, stopped: str) -> None:
    saved = list(engine.save(IMAGE))
    with tarfile.open(fileobj=io.BytesIO(b"".join(saved))) as archive:
        assert "manifest.json" in archive.getnames()
    assert any(IMAGE in line for line in engine.load(iter(saved)))


@pytest.mark.engine
def test_a_containers_file_system_comes_as_a_tar_whether_it_runs_or_not(engine: DockerEngine, stopped: str) -> None:
    with tarfile.open(fileobj=io.BytesIO(b"".join(engine.export(stopped)))) as archive:
        assert "etc/hostname" in archive.getnames()


@pytest.mark.engine
def test_a_push_that_no_registry_takes_fails_with_its_reason(engine: DockerEngine, stopped: str) -> None:
    reference = "127.0.0.1:1/regops-test-engine:1"
    try:
        with pytest.raises(Failed) as caught:
            list(engine.push(IMAGE, reference))
        assert f"{reference} was not pushed: " in caught.value.message
        assert "refused" in caught.value.message
    finally:
        engine.remove_image(reference)


@pytest.mark.engine
def test_removing_what_is_not_there_is_no_error(engine: DockerEngine) -> None:
    engine.remove("regops-test-none")
    assert not engine.remove_network("regops-test-none", {})
    assert not engine.remove_volume("regops-test-none", {})
    engine.remove_image("regops-test-none:x")


@pytest.mark.engine
@pytest.mark.parametrize("kind", ["network", "volume"])
def test_a_network_or_volume_of_somebody_else_is_neither_used_nor_removed(engine: DockerEngine, kind: str) -> None:
    ensure, remove = getattr(engine, f"ensure_{kind}"), getattr(engine, f"remove_{kind}")
    name, theirs, ours = f"regops-test-engine-{kind}", {"made.by": "them"}, {"made.by": "us"}
    ensure(name, theirs)
    try:
        ensure(name, theirs)
        with pytest.raises(Refused, match="was not made by regops"):
            ensure(name, ours)
        assert not remove(name, ours)
    finally:
        assert remove(name, theirs)
    assert not remove(name, theirs)


@pytest.mark.engine
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_port_that_is_taken_is_told_as_such(engine: DockerEngine, stopped: str, address: str) -> None:
    name = f"{stopped}-port"
    with socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET) as other:
        port = other.getsockname()[1]
        try:
            with pytest.raises(PortTaken, match=f"port {port} on .* cannot be had: address already in use") as caught:
                engine.run(IMAGE, command="/x", name=name, ports={"80/tcp": (address, port)})
        finally:
            engine.remove(name)
    assert (caught.value.address.strip("[]"), caught.value.port) == (address, port)


@pytest.mark.engine
def test_a_network_is_not_removed_while_a_container_is_on_it(engine: DockerEngine, lab: dict[str, Any]) -> None:
    name = lab["registry"]["container"]
    with pytest.raises(Refused, match=f"the network {name} is used by {name}, {name}-swift"):
        engine.remove_network(name, {"regops.lab": name})


@pytest.mark.engine
def test_a_network_that_is_not_there_is_what_is_told(engine: DockerEngine, stopped: str) -> None:
    name = f"{stopped}-network"
    try:
        with pytest.raises(NotFound, match="has no network regops-test-none") as caught:
            engine.run(IMAGE, command="/x", name=name, network="regops-test-none")
    finally:
        engine.remove(name)
    assert "docker network ls" in caught.value.hint


@pytest.mark.parametrize(
    ("said", "address", "port"),
    [
        ("endpoint x (30be): Bind for 127.0.0.1:5443 failed: port is already allocated", "127.0.0.1", 5443),
        ("Bind for :::5443 failed: port is already allocated", "::", 5443),
        ("userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use", "0.0.0.0", 80),
        ("listen tcp4 192.0.2.9:5999: bind: cannot assign requested address", "192.0.2.9", 5999),
        ("failed to bind host port for 127.0.0.1:80:172.17.0.2:8080/tcp: address already in use", "127.0.0.1", 80),
        ("failed to bind host port [::1]:80/tcp: address already in use", "[::1]", 80),
    ],
)
def test_engines_old_and_new_say_which_port_is_taken(said: str, address: str, port: int, tmp_path: Path) -> None:
    body = json.dumps({"message": f"driver failed programming external connectivity on {said}"})
    answer = f"HTTP/1.1 500 Oh\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    with engine_that_answers(answer.encode(), tmp_path) as taken:
        taken._connected = docker.DockerClient(base_url=taken.address, version="1.41")
        with pytest.raises(PortTaken) as caught:
            taken.run("any")
    assert (caught.value.address, caught.value.port) == (address, port)


@contextmanager
def engine_that_answers(answer: bytes, folder: Path) -> Iterator[DockerEngine]:
    """Yield an engine behind a socket on which every request gets these bytes, and silence after them."""
    path = folder / "docker.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        held: list[socket.socket] = []

        def serve() -> None:
            try:
                while True:
                    connection, _ = listening.accept()
                    held.append(connection)
                    connection.recv(65536)
                    connection.sendall(answer)
            except OSError:
                return

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield DockerEngine(f"unix://{path}")
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            for connection in held:
                connection.close()


def test_an_engine_that_never_answers_is_told_in_bounded_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "_ANSWER_SECONDS", 0.3)
    with engine_that_answers(b"", tmp_path) as silent, pytest.raises(Unreachable, match="no answer in") as caught:
        silent.containers()
    assert caught.value.timed_out


@pytest.mark.parametrize("work", [lambda engine: engine.run("any"), lambda engine: engine.remove("any")])
def test_an_engine_has_longer_for_making_and_removing_than_for_answers(
    work: Callable[[DockerEngine], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "_MAKING_SECONDS", 0.3)
    with engine_that_answers(b"", tmp_path) as busy:
        busy._connected = docker.DockerClient(base_url=busy.address, version="1.41", timeout=3600)
        with pytest.raises(Unreachable, match=r"no answer in 0\.3 s"):
            work(busy)


@pytest.mark.parametrize(
    ("told", "began"),
    [
        ([{"Running": True, "Pid": 0}, {"Running": True, "Pid": 0}, {"Running": True, "Pid": 7}], True),
        ([{"Running": True, "Pid": 0}, {"Running": False, "Pid": 7, "ExitCode": 0}], True),
        ([{"Running": True, "Pid": 0}, {"Running": False, "Pid": 0, "ExitCode": 126}], False),
    ],
)
def test_a_program_whose_output_is_here_before_its_pid_is_known_has_begun(
    told: list[dict[str, Any]], began: bool
) -> None:
    engine = DockerEngine("unix:///nowhere/docker.sock")
    api = SimpleNamespace(exec_inspect=lambda _: told.pop(0))
    engine._connected = SimpleNamespace(api=api)  # type: ignore[assignment]
    assert engine._began("an exec") is began
    assert not told


def test_a_socket_that_speaks_something_else_is_told(tmp_path: Path) -> None:
    with engine_that_answers(b"220 smtp ready\r\n", tmp_path) as other, pytest.raises(RegopsError) as caught:
        other.containers()
    assert "docker.sock" in caught.value.message


def test_a_missing_socket_is_told_with_its_path_and_the_next_step() -> None:
    with pytest.raises(Unreachable, match="No such file or directory") as caught:
        DockerEngine("unix:///nonexistent/docker.sock").containers()
    assert "/nonexistent/docker.sock" in caught.value.message
    assert "dockerd" in caught.value.hint


def test_a_socket_we_may_not_use_is_a_question_of_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refused)
    with pytest.raises(PermissionDenied) as caught:
        DockerEngine("unix:///var/run/docker.sock").containers()
    assert "group `docker`" in caught.value.hint


def test_an_engine_elsewhere_is_not_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")
    assert not DockerEngine.from_environment().is_local
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/docker.sock")
    assert DockerEngine.from_environment().is_local


def test_a_context_that_does_not_exist_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONTEXT", "nowhere")
    with pytest.raises(NotFound, match="nowhere"):
        DockerEngine.from_environment()


def test_an_inspect_without_end_is_not_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(engine_module, "_INSPECT_BYTES", 100)
    version = b'{"ApiVersion":"1.41"}'
    body = version if len(version) > 100 else version + b" " * 200
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with engine_that_answers(answer, tmp_path) as endless, pytest.raises(UnexpectedAnswer, match="more than"):
        endless.inspect("web")


@pytest.mark.parametrize(
    "reference", ["", ".", "..", "../x", "a/../b", "Upper", "a b", "a?b", "a:b:c", "a@b", "/a", "a/", "x" * 600, "\x1b"]
)
def test_what_is_no_image_reference_is_refused_before_the_engine_is_asked(reference: str) -> None:
    engine = DockerEngine("unix:///nowhere/docker.sock")
    for ask in (
        lambda: engine.image(reference),
        lambda: list(engine.save(reference)),
        lambda: list(engine.push("a:1", reference)),
        lambda: list(engine.push(reference, "a:1")),
        lambda: engine.remove_image(reference),
    ):
        with pytest.raises(Refused):
            ask()


@pytest.mark.parametrize(
    "reference",
    [
        "a",
        "registry:2",
        "127.0.0.1:5000/a/b_c-d.e:V1.0_x",
        "Registry.Example/a",
        "[::1]:5000/a",
        "0123456789ab",
        "sha256:" + "0" * 64,
        "a@sha256:" + "0" * 64,
        "a:1@sha256:" + "0" * 64,
    ],
)
def test_image_references_are_asked_for(reference: str) -> None:
    with pytest.raises(Unreachable):
        DockerEngine("unix:///nowhere/docker.sock").image(reference)
