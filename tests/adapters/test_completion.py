"""Container names for a shell that waits: at once, or none."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from regops.adapters.engine import completion
from regops.adapters.engine.completion import container_names, image_references

HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"


@contextmanager
def engine(path: Path, behave: Callable[[socket.socket], object]) -> Generator[dict[str, str]]:
    """Listen at a path, let behave treat the one connection that comes, and yield the environment that leads there."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        done = threading.Event()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    behave(connection)
                    done.wait(120)
                except OSError:
                    return  # the one who asked has gone

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield {"DOCKER_HOST": f"unix://{path}"}
        finally:
            done.set()
            thread.join()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "_ANSWER_SECONDS", 60.0)


def answering(body: object) -> Callable[[socket.socket], object]:
    def behave(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(HEAD + (body if isinstance(body, bytes) else json.dumps(body).encode()))
        connection.shutdown(socket.SHUT_WR)

    return behave


def test_the_names_are_given_sorted_and_without_the_engine_s_slash(tmp_path: Path) -> None:
    listed = [{"Names": ["/reg-b"]}, {"Names": ["/reg-a", "/web/reg-a"]}]
    with engine(tmp_path / "s", answering(listed)) as environ:
        assert container_names(environ) == ["reg-a", "reg-b"]


def test_a_name_the_shell_would_run_is_not_offered(tmp_path: Path) -> None:
    listed = [{"Names": ["/$(reboot)", "/-v", "/a b", "/x\x1b[2J", "/good"]}]
    with engine(tmp_path / "s", answering(listed)) as environ:
        assert container_names(environ) == ["good"]


def test_images_are_named_by_their_references(tmp_path: Path) -> None:
    listed = [{"RepoTags": ["registry:2", "127.0.0.1:5000/a/b:1", "<none>:<none>", "$(x)"]}, {"RepoTags": None}]
    with engine(tmp_path / "s", answering(listed)) as environ:
        assert image_references(environ) == ["127.0.0.1:5000/a/b:1", "registry:2"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"{}",
        b"[1]",
        b"[" * 100_000,
        {"message": "no"},
        [{"Names": None}],
        [{"Names": [5]}],
        [{"Names": 5}],
    ],
)
def test_an_answer_that_is_no_list_of_containers_gives_none(tmp_path: Path, body: object) -> None:
    with engine(tmp_path / "s", answering(body)) as environ:
        assert container_names(environ) == []


def test_an_engine_that_never_answers_gives_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "_ANSWER_SECONDS", 0.05)
    with engine(tmp_path / "s", lambda connection: None) as environ:
        assert container_names(environ) == []


def test_an_engine_that_drips_gives_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "_ANSWER_SECONDS", 0.05)

    def drip(connection: socket.socket) -> None:
        while True:
            connection.sendall(b" ")

    with engine(tmp_path / "s", drip) as environ:
        assert container_names(environ) == []


def test_an_engine_that_sends_without_end_gives_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "_ANSWER_BYTES", 100_000)
    with engine(tmp_path / "s", answering(b" " * 10_000_000)) as environ:
        assert container_names(environ) == []


@pytest.mark.parametrize("host", ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:1", "ssh://host", "[", "http://[x"])
def test_no_engine_behind_a_local_socket_gives_none(host: str) -> None:
    assert container_names({"DOCKER_HOST": host}) == []


def test_the_engine_of_another_context_is_not_asked() -> None:
    assert container_names({"DOCKER_CONTEXT": "remote"}) == []


def test_asking_for_names_loads_no_client_library() -> None:
    program = (
        "import os, sys; from regops.wiring import container_names; container_names({'DOCKER_HOST': 'unix:///x'}); "
    )
    check = "sys.exit(bool({'docker', 'requests'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program + check], timeout=60).returncode == 0


@pytest.mark.engine
def test_the_real_engine_gives_its_names() -> None:
    from regops.adapters.engine.client import DockerEngine

    assert len(container_names({})) >= len(DockerEngine.from_environment().containers())
