"""The image's classic surface: what it answers, whatever redis and the store do."""

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import status_service
from fault_server import FaultServer, Peer, refused_port
from http_request import request
from scripted_store import ScriptedSwift, line_server, redis_answers
from status_checks import Check, CheckFailed
from swift_settings import Swift

Ask = Callable[[str], tuple[int, dict[str, str], Any]]


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered, and a slow machine is no failure."""
    for name in ("INDEX", "REDIS", "REGISTRY", "STORAGE"):
        monkeypatch.setattr(status_service, f"{name}_SECONDS", 60.0)
    monkeypatch.setattr(status_service, "KEEP_SECONDS", 0.0)


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    """The engine's debug port, well."""
    with FaultServer(lambda peer: peer.reply(200, "{}")) as answering:
        monkeypatch.setattr(status_service, "REGISTRY", f"{answering.url}/debug/health")
        yield answering


@pytest.fixture(autouse=True)
def indexer(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the indexer says is wrong, the last of a list: nothing so far."""
    failures = [""]
    with FaultServer(lambda peer: peer.reply(200, json.dumps({"failure": failures[-1]}))) as answering:
        monkeypatch.setattr(status_service, "INDEXER", f"{answering.url}/report")
        yield failures


@pytest.fixture
def swift() -> Iterator[ScriptedSwift]:
    with ScriptedSwift().serving() as served:
        yield served


def config(
    *,
    files: Path | None = None,
    swift: str | None = None,
    redis: int | None = None,
    index: str | None = None,
    password: str = "secret",
) -> dict[str, Any]:
    where = swift and asdict(Swift(f"{swift}/auth/v1.0", 1, "lab:me", password, "docker-registry"))
    return {
        "flavor": "qa",
        "version": "2.8.2",
        "instance": "here-1",
        "redis": f"127.0.0.1:{redis}" if redis else None,
        "files": str(files) if files else None,
        "swift": where,
        "index": index and {"url": index, "username": "me", "password": "canary"},
    }


@contextlib.contextmanager
def served(given: dict[str, Any]) -> Iterator[Ask]:
    with status_service.serve(given, ("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()

        def ask(path: str) -> tuple[int, dict[str, str], Any]:
            connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=120)
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                return answer.status, dict(answer.getheaders()), json.loads(answer.read())
            finally:
                connection.close()

        try:
            yield ask
        finally:
            server.shutdown()
            thread.join()


def failures(given: dict[str, Any]) -> tuple[int, dict[str, str]]:
    with served(given) as ask:
        status, _, body = ask("/_status")
    assert body["services"] == ["index", "redis", "registry", "storage"]
    expected = {"index": "unconfigured"} if given["index"] is None else {}
    assert body["failures"].items() >= expected.items()
    return status, {name: text for name, text in body["failures"].items() if name not in expected}


@pytest.mark.parametrize("path", ["/", "/v1/", "/v1"])
def test_the_banner_names_flavor_and_version(path: str, tmp_path: Path) -> None:
    with served(config(files=tmp_path)) as ask:
        status, headers, body = ask(path)
    assert (status, body) == (200, "docker-registry server (qa) (v2.8.2)")
    assert headers["X-Docker-Registry-Version"] == "2.8.2"
    assert headers["X-Docker-Registry-Config"] == "qa"


@pytest.mark.parametrize("path", ["/_ping", "/v1/_ping", "/_ping?x=1"])
def test_ping_is_true_and_standalone(path: str, tmp_path: Path) -> None:
    with served(config(files=tmp_path)) as ask:
        status, headers, body = ask(path)
    assert (status, body, headers["X-Docker-Registry-Standalone"]) == (200, True, "True")


def test_what_is_not_offered_is_not_found(tmp_path: Path) -> None:
    with served(config(files=tmp_path)) as ask:
        status, headers, body = ask("/v1/search")
    assert (status, body) == (404, {"error": "Not found"})
    assert headers["X-Docker-Registry-Config"] == "qa"


def test_an_unconfigured_redis_is_told_and_is_no_failure(tmp_path: Path) -> None:
    assert failures(config(files=tmp_path)) == (200, {"redis": "unconfigured"})
    assert list(tmp_path.iterdir()) == []


def test_files_that_cannot_be_written_are_a_failure_that_names_the_place(tmp_path: Path) -> None:
    missing = tmp_path / "gone"
    status, found = failures(config(files=missing))
    assert status == 503
    assert str(missing) in found["storage"]


def test_swift_and_redis_are_written_to_read_and_left_as_they_were(swift: ScriptedSwift) -> None:
    values: dict[bytes, bytes] = {}
    with line_server(lambda chunk: redis_answers(chunk, values)) as redis:
        assert failures(config(swift=swift.url, redis=redis)) == (200, {})
    assert (swift.objects, values) == ({}, {})
    assert [line.split()[0] for line in swift.asked] == ["GET", "PUT", "GET", "DELETE"]


def test_a_token_is_kept_and_renewed_once_when_swift_forgot_it(swift: ScriptedSwift) -> None:
    with served(config(swift=swift.url)) as ask:
        assert ask("/_status")[0] == 200
        assert ask("/_status")[0] == 200
        assert swift.tokens == 1
        swift.drop_token()
        assert ask("/_status")[0] == 200
    assert swift.tokens == 2


def test_a_refused_password_is_a_failure_without_the_password(swift: ScriptedSwift) -> None:
    status, found = failures(config(swift=swift.url, password="canary-hunter2"))
    assert (status, found["storage"]) == (503, f"GET {swift.url}/auth/v1.0: 401 Unauthorized")


@pytest.mark.parametrize(("method", "status"), [("PUT", 507), ("GET", 404), ("DELETE", 403)])
def test_whatever_swift_refuses_is_a_failure_that_names_it(swift: ScriptedSwift, method: str, status: int) -> None:
    swift.refuse[method] = status
    answered, found = failures(config(swift=swift.url))
    assert answered == 503
    assert f"{method} {swift.url}/v1/AUTH_lab/docker-registry/_status-" in found["storage"]
    assert f": {status} " in found["storage"]


def test_an_object_that_comes_back_changed_is_a_failure_and_is_deleted(swift: ScriptedSwift) -> None:
    swift.change = lambda content: content[:-1]
    status, found = failures(config(swift=swift.url))
    assert (status, found["storage"]) == (503, "what was read back (31 bytes) is not what was written (32 bytes)")
    assert swift.objects == {}


def test_a_swift_that_is_away_is_a_failure_that_says_so() -> None:
    with refused_port() as port:
        status, found = failures(config(swift=f"http://127.0.0.1:{port}"))
    assert (status, found["storage"]) == (503, f"GET http://127.0.0.1:{port}/auth/v1.0: Connection refused")


def test_a_swift_and_a_redis_that_hang_are_answered_for_within_their_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_service, "REDIS_SECONDS", 0.2)
    monkeypatch.setattr(status_service, "STORAGE_SECONDS", 0.4)
    with line_server(lambda _: b"") as silent:
        status, found = failures(config(swift=f"http://127.0.0.1:{silent}", redis=silent))
    assert (status, found) == (503, {"redis": "no answer within 0.2 s", "storage": "no answer within 0.4 s"})


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"-NOAUTH Authentication required.\r\n", "redis refused SET: NOAUTH Authentication required."),
        (None, "redis ended the conversation at SET"),
        (b"+OK\r\n", "is not what was written"),
    ],
)
def test_a_redis_that_does_not_keep_things_is_a_failure(answer: bytes | None, told: str, tmp_path: Path) -> None:
    with line_server(lambda _: answer) as redis:
        status, found = failures(config(files=tmp_path, redis=redis))
    assert status == 503
    assert told in found["redis"]


def test_those_who_ask_while_a_check_runs_share_its_answer() -> None:
    release, begun = threading.Event(), []

    def slow(_: float) -> None:
        begun.append(1)
        release.wait(60)
        raise CheckFailed("broken")

    check = Check(slow, deadline_seconds=60, keep_seconds=0)
    first, second = check.begin(), check.begin()
    release.set()
    assert (check.failure(first, check.ends()), check.failure(second, check.ends())) == ("broken", "broken")
    assert len(begun) == 1
    assert check.failure(check.begin(), check.ends()) == "broken"
    assert len(begun) == 2


def test_what_was_found_is_kept_for_a_while_so_that_a_busy_monitor_does_not_write_each_time(
    swift: ScriptedSwift, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_service, "KEEP_SECONDS", 600.0)
    with served(config(swift=swift.url)) as ask:
        assert [ask("/_status")[0] for _ in range(5)] == [200] * 5
    assert [line.split()[0] for line in swift.asked] == ["GET", "PUT", "GET", "DELETE"]


def test_a_registry_that_is_away_is_a_failure_and_one_that_complains_of_its_store_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer(lambda peer: peer.reply(503, '{"storagedriver_swift": "no"}')) as complaining:
        monkeypatch.setattr(status_service, "REGISTRY", f"{complaining.url}/debug/health")
        assert failures(config(files=tmp_path)) == (200, {"redis": "unconfigured"})
    status, found = failures(config(files=tmp_path))
    assert status == 503
    assert found["registry"] == f"GET {complaining.url}/debug/health: Connection refused"


def test_an_index_is_asked_with_its_password_and_its_failure_does_not_tell_it(tmp_path: Path) -> None:
    asked: list[str | None] = []

    def answer(peer: Peer) -> None:
        asked.append(peer.header("Authorization"))
        peer.reply(200 if len(asked) == 1 else 500, "{}")

    with FaultServer(answer) as index:
        assert failures(config(files=tmp_path, index=index.url)) == (200, {"redis": "unconfigured"})
        status, found = failures(config(files=tmp_path, index=index.url))
    assert (status, found["index"]) == (503, f"GET {index.url}/: 500 Said")
    assert asked == ["Basic bWU6Y2FuYXJ5"] * 2


def test_an_index_that_answers_and_does_not_have_everything_is_told(tmp_path: Path, indexer: list[str]) -> None:
    with FaultServer(lambda peer: peer.reply(200, "{}")) as index:
        indexer.append("3 changes were given up")
        status, found = failures(config(files=tmp_path, index=index.url))
    assert (status, found["index"]) == (503, "3 changes were given up")


def test_a_server_that_sends_a_byte_now_and_then_gets_no_more_time_for_it(tmp_path: Path) -> None:
    def drip(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
        peer.endless(b"x", pause_seconds=0.05)

    with FaultServer(drip) as index, pytest.raises(TimeoutError):
        request("GET", index.url, time.monotonic() + 0.3)
