"""Does the store keep what it is given, does redis: real writes, reads and deletions, each with a deadline."""

import http.client
import secrets
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from urllib.parse import quote, urlsplit

_ANSWER_BYTES = 64 * 1024


class CheckFailed(Exception):
    """The part answered, and wrongly."""


class Check:
    """One part of the registry. However many ask at once, one probe runs, and they share what it finds."""

    def __init__(self, probe: Callable[[float], None], *, deadline_seconds: float) -> None:
        self._probe = probe
        self._deadline_seconds = deadline_seconds
        self._lock = threading.Lock()
        self._running: Future[str] | None = None

    def begin(self) -> "Future[str]":
        """Start a probe unless one is under way, and return what will hold its failure, "" for none."""
        with self._lock:
            if self._running is None or self._running.done():
                self._running = Future()
                threading.Thread(target=self._run, args=(self._running,), daemon=True).start()
            return self._running

    def failure(self, running: "Future[str]") -> str:
        """Return the failure, "" for none; wait no longer than the deadline."""
        try:
            return running.result(timeout=self._deadline_seconds)
        except TimeoutError:
            return f"no answer within {self._deadline_seconds:g} s"

    def _run(self, result: "Future[str]") -> None:
        try:
            self._probe(time.monotonic() + self._deadline_seconds)
        except TimeoutError:
            result.set_result(f"no answer within {self._deadline_seconds:g} s")
        except Exception as error:  # noqa: BLE001  whatever it is, it is this part's failure and belongs in the answer
            result.set_result(str(error) or type(error).__name__)
        else:
            result.set_result("")


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
        with socket.create_connection((host, port), timeout=_left(ends)) as connection:
            _ask(connection, (b"SET", key.encode(), content, b"EX", b"60"), ends)
            _compare(_ask(connection, (b"GET", key.encode()), ends), content)
            _ask(connection, (b"DEL", key.encode()), ends)
    except TimeoutError:
        raise
    except OSError as error:
        raise CheckFailed(f"redis at {host}:{port}: {error.strerror or error}") from error


def _ask(connection: socket.socket, command: tuple[bytes, ...], ends: float) -> bytes:
    """Send one command and return its answer's payload (RESP 2: simple string, integer, bulk string)."""
    connection.settimeout(_left(ends))
    connection.sendall(b"*%d\r\n" % len(command) + b"".join(b"$%d\r\n%s\r\n" % (len(one), one) for one in command))
    answer = b""
    while answer.count(b"\r\n") < (2 if answer.startswith(b"$") and not answer.startswith(b"$-1") else 1):
        connection.settimeout(_left(ends))
        chunk = connection.recv(4096)
        if not chunk or len(answer) > _ANSWER_BYTES:
            raise CheckFailed(f"redis ended the conversation at {command[0].decode()}")
        answer += chunk
    if answer.startswith(b"-"):
        raise CheckFailed(f"redis refused {command[0].decode()}: {answer[1:200].decode('utf-8', 'replace').strip()}")
    return answer.split(b"\r\n")[1] if answer.startswith(b"$") else answer[1:].rstrip()


class SwiftProbe:
    """Writes, reads and deletes an object in a Swift container; keeps the token, and renews it once when refused."""

    def __init__(self, *, auth_url: str, username: str, password: str, container: str) -> None:
        self._auth_url = auth_url
        self._credentials = {"X-Auth-User": username, "X-Auth-Key": password}
        self._container = container
        self._session: tuple[str, str] | None = None

    def __call__(self, ends: float) -> None:
        """Probe once. Raises CheckFailed, TimeoutError or another OSError."""
        known = self._session is not None
        try:
            self._write_read_delete(ends)
        except _TokenRefused:
            self._session = None
            if not known:
                raise
            self._write_read_delete(ends)

    def _write_read_delete(self, ends: float) -> None:
        if self._session is None:
            self._session = self._authenticate(ends)
        url, token = self._session
        place = f"{url}/{quote(self._container)}/_status-{secrets.token_hex(8)}"
        content, headers = secrets.token_bytes(32), {"X-Auth-Token": token}
        _request("PUT", place, headers, ends, content)
        try:
            _compare(_request("GET", place, headers, ends)[1], content)
        finally:
            _request("DELETE", place, headers, ends)

    def _authenticate(self, ends: float) -> tuple[str, str]:
        headers, _ = _request("GET", self._auth_url, self._credentials, ends)
        url, token = headers.get("X-Storage-Url"), headers.get("X-Auth-Token")
        if not url or not token:
            raise CheckFailed(f"GET {self._auth_url}: no X-Storage-Url and X-Auth-Token in the answer")
        return url.rstrip("/"), token


class _TokenRefused(CheckFailed):
    """Swift answered 401."""


def _request(
    method: str, url: str, headers: dict[str, str], ends: float, body: bytes | None = None
) -> tuple[http.client.HTTPMessage, bytes]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_left(ends))
    try:
        connection.request(method, parts.path, body=body, headers=headers)
        connection.sock.settimeout(_left(ends))
        answer = connection.getresponse()
        content = answer.read(_ANSWER_BYTES)
    except TimeoutError:
        raise TimeoutError from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise CheckFailed(f"{method} {url}: {reason}") from error
    finally:
        connection.close()
    if answer.status == http.client.UNAUTHORIZED:
        raise _TokenRefused(f"{method} {url}: 401 {answer.reason}")
    if not 200 <= answer.status < 300:
        raise CheckFailed(f"{method} {url}: {answer.status} {answer.reason}")
    return answer.headers, content


def _compare(found: bytes, expected: bytes) -> None:
    if found != expected:
        raise CheckFailed(f"what was read back ({len(found)} bytes) is not what was written ({len(expected)} bytes)")


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
