"""Does each part do what it is there for: real writes, reads and deletions, each with a deadline."""

import base64
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from http_request import RequestFailed, request, seconds_left
from swift_client import SwiftClient

_ANSWER_BYTES = 64 * 1024
# Swift's own broom, for an object that could not be deleted again.
_DELETE_AFTER = {"X-Delete-After": "86400"}


class CheckFailed(Exception):
    """The part answered, and wrongly."""


class Check:
    """One part of the registry. However many ask at once, one probe runs, and they share what it finds.

    What it found is good for keep_seconds: so however busy a monitor is, the store is not.
    """

    def __init__(self, probe: Callable[[float], None], *, deadline_seconds: float, keep_seconds: float) -> None:
        self._probe = probe
        self._deadline_seconds = deadline_seconds
        self._keep_seconds = keep_seconds
        self._lock = threading.Lock()
        self._latest: Future[str] | None = None
        self._done_at = 0.0

    def begin(self) -> "Future[str]":
        """Start a probe unless one is under way or lately done, and return what will hold its failure, "" for none."""
        with self._lock:
            if self._latest is None or (self._latest.done() and time.monotonic() >= self._done_at + self._keep_seconds):
                self._latest = Future()
                threading.Thread(target=self._run, args=(self._latest,), daemon=True).start()
            return self._latest

    def failure(self, running: "Future[str]", ends: float) -> str:
        """Return the failure, "" for none; wait no longer than until ends, on the monotonic clock."""
        try:
            return running.result(timeout=max(0.0, ends - time.monotonic()))
        except TimeoutError:
            return self._no_answer()

    def _run(self, result: "Future[str]") -> None:
        try:
            self._probe(time.monotonic() + self._deadline_seconds)
            found = ""
        except TimeoutError:
            found = self._no_answer()
        except Exception as error:  # noqa: BLE001  whatever it is, it is this part's failure and belongs in the answer
            found = str(error) or type(error).__name__
        self._done_at = time.monotonic()
        result.set_result(found)

    def ends(self) -> float:
        """Return when somebody who starts to wait now stops waiting."""
        return time.monotonic() + self._deadline_seconds

    def _no_answer(self) -> str:
        return f"no answer within {self._deadline_seconds:g} s"


def probe_files(root: Path, ends: float) -> None:
    """Write, read and delete a file. A file system has no deadline of its own: whoever waits for us has one."""
    del ends
    path, content = root / f"_status-{secrets.token_hex(8)}", secrets.token_bytes(32)
    try:
        path.write_bytes(content)
        _compare(path.read_bytes(), content)
    finally:
        path.unlink(missing_ok=True)


def probe_redis(host: str, port: int, ends: float) -> None:
    """SET, GET and DEL a key that would expire by itself."""
    key, content = f"_status-{secrets.token_hex(8)}", secrets.token_hex(16).encode()
    try:
        with socket.create_connection((host, port), timeout=seconds_left(ends)) as connection:
            _ask(connection, (b"SET", key.encode(), content, b"EX", b"60"), ends)
            _compare(_ask(connection, (b"GET", key.encode()), ends), content)
            _ask(connection, (b"DEL", key.encode()), ends)
    except TimeoutError:
        raise
    except OSError as error:
        raise CheckFailed(f"redis at {host}:{port}: {error.strerror or error}") from error


def _ask(connection: socket.socket, command: tuple[bytes, ...], ends: float) -> bytes:
    """Send one command and return its answer's payload (RESP 2: simple string, integer, bulk string)."""
    connection.settimeout(seconds_left(ends))
    connection.sendall(b"*%d\r\n" % len(command) + b"".join(b"$%d\r\n%s\r\n" % (len(one), one) for one in command))
    answer = b""
    while answer.count(b"\r\n") < (2 if answer.startswith(b"$") and not answer.startswith(b"$-1") else 1):
        connection.settimeout(seconds_left(ends))
        chunk = connection.recv(4096)
        if not chunk or len(answer) > _ANSWER_BYTES:
            raise CheckFailed(f"redis ended the conversation at {command[0].decode()}")
        answer += chunk
    if answer.startswith(b"-"):
        raise CheckFailed(f"redis refused {command[0].decode()}: {answer[1:200].decode('utf-8', 'replace').strip()}")
    return answer.split(b"\r\n")[1] if answer.startswith(b"$") else answer[1:].rstrip()


class SwiftProbe:
    """Writes, reads and deletes an object in a Swift container."""

    def __init__(self, client: SwiftClient) -> None:
        self._client = client

    def __call__(self, ends: float) -> None:
        """Probe once. Raises CheckFailed, RequestFailed or TimeoutError."""
        name, content = f"_status-{secrets.token_hex(8)}", secrets.token_bytes(32)
        self._client.object("PUT", name, ends, body=content, headers=_DELETE_AFTER)
        try:
            _compare(self._client.object("GET", name, ends).body, content)
        finally:
            self._client.object("DELETE", name, ends)


def probe_registry(url: str, ends: float) -> None:
    """Ask the engine itself: any answer will do, for one that complains of its store does not complain of itself."""
    try:
        request("GET", url, ends)
    except RequestFailed as error:
        if error.status is None:
            raise


def probe_index(url: str, username: str, password: str, indexer: str, ends: float) -> None:
    """Ask the index who it is, and the indexer whether all that happened was written there."""
    credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
    request("GET", f"{url}/", ends, headers={"Authorization": f"Basic {credentials}"} if username else {})
    told = json.loads(request("GET", indexer, ends).body)
    if told["failure"]:
        raise CheckFailed(told["failure"])


def _compare(found: bytes, expected: bytes) -> None:
    if found != expected:
        raise CheckFailed(f"what was read back ({len(found)} bytes) is not what was written ({len(expected)} bytes)")
