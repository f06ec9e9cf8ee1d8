"""A real Swift of one process, the lab's, on a free port of the loopback."""

import http.client
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

PROGRAM = Path(__file__).parents[2] / "regops/lab/image/swift/rootfs/usr/local/lib/swift/one_node.py"
USER, KEY = "test:tester", "a key: 100%"
_START_SECONDS = 120


@dataclass
class SwiftServer:
    """A running Swift: its address, where it keeps things, and a client of our own that checks nothing."""

    auth_url: str
    data: Path
    process: subprocess.Popen[str]
    token: str = ""
    storage_url: str = ""

    @property
    def environ(self) -> dict[str, str]:
        """What a user of it sets."""
        return {"ST_AUTH": self.auth_url, "ST_USER": USER, "ST_KEY": KEY}

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Return the status and body of one request to a path below the account: `container/object?query`."""
        status, content, _ = self._ask(method, path, body, headers or {})
        return status, content

    def headers(self, path: str) -> Mapping[str, str]:
        """Return the headers of a HEAD."""
        return dict(self._ask("HEAD", path, b"", {})[2].items())

    def _ask(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        if not self.token:
            where = urlsplit(self.auth_url)
            _, _, found = _ask(where.netloc, "GET", where.path, b"", {"X-Auth-User": USER, "X-Auth-Key": KEY})
            self.token, self.storage_url = found["X-Auth-Token"], found["X-Storage-Url"]
        where = urlsplit(self.storage_url)
        return _ask(where.netloc, method, f"{where.path}/{path}", body, {"X-Auth-Token": self.token, **headers})

    def put(self, container: str, name: str, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Store an object, and its container if need be."""
        assert self.request("PUT", container)[0] in {201, 202}
        assert self.request("PUT", f"{container}/{quote(name)}", body, headers)[0] == 201

    def put_slo(self, container: str, name: str, manifest: list[dict[str, Any]]) -> None:
        """Store a static large object of segments that are there."""
        assert self.request("PUT", container)[0] in {201, 202}
        body = json.dumps(manifest).encode()
        status, answer = self.request("PUT", f"{container}/{quote(name)}?multipart-manifest=put", body)
        assert status == 201, answer

    def files(self) -> list[Path]:
        """Return where the bytes of objects lie, newest last."""
        return sorted((self.data / "devices").rglob("objects/**/*.data"), key=lambda path: path.stat().st_mtime_ns)


@contextmanager
def running_swift(
    data: Path,
    *,
    port: int = 0,
    python: Path = Path(sys.executable),
    user: str = USER,
    key: str = KEY,
    keystone: str | None = None,
    bind: str = "127.0.0.1",
) -> Generator[SwiftServer]:
    """Run it until the context ends, for one user of v1, or for those of a Keystone."""
    if python == Path(sys.executable):
        pytest.importorskip("swift", reason="needs the package swift: make setup", exc_type=ImportError)
    command = [str(python), str(PROGRAM), "--data", str(data), "--port", str(port), "--user", user, "--bind", bind]
    log = data.parent / f"{data.name}.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*command, *(("--keystone", keystone) if keystone else ())],
            env={**os.environ, "SWIFT_KEY": key},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    with process, process.stdout as output:
        try:
            ready, _, _ = select.select([output], [], [], _START_SECONDS)
            line = output.readline() if ready else ""
            assert line.startswith("swift ready: "), log.read_text()
            yield SwiftServer(auth_url=line.split()[2], data=data, process=process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def wait_until(condition: Any, *, within_seconds: float = 60.0) -> None:
    """Return once a condition holds."""
    ends = time.monotonic() + within_seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come to pass in time"
        time.sleep(0.002)


def _ask(
    netloc: str, method: str, path: str, body: bytes, headers: Mapping[str, str]
) -> tuple[int, bytes, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection(netloc, timeout=30)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()
