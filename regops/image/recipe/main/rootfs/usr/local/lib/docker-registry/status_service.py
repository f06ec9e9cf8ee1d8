"""The classic registry's surface: `/`, `/_ping`, `/_status` and their twins under `/v1/`, as registry 0.8 gave them.

    GET /         200  "docker-registry server (qa) (v2.8.2)"
    GET /_ping    200  true
    GET /_status  200  {"failures": {"index": "unconfigured", "redis": "unconfigured"}, "host": "9a1e5c1e0b6c",
                        "services": ["index", "instances", "redis", "registry", "storage"]}
                  503  the same, when anything that is configured fails

An unconfigured redis is told and is no failure: this registry was built without one. (0.8 answered 503 to that.)
Beside answering, it says in Swift every few seconds that this instance is there: see neighbours.
"""

import functools
import json
import signal
import socket
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from neighbours import Neighbours, neighbours_of
from paths import STATUS_CONFIG
from status_checks import Check, SwiftProbe, probe_files, probe_index, probe_redis, probe_registry
from swift_client import SwiftClient
from swift_settings import swift_from

ADDRESS = ("127.0.0.1", 5002)
# The engine's debug port: it is asked often, and the other one writes every request down.
REGISTRY = "http://127.0.0.1:5001/debug/health"
INDEXER = "http://127.0.0.1:5003/report"
# Short enough for a monitor that waits ten seconds, all together: they run side by side.
INDEX_SECONDS = 3.0
REDIS_SECONDS = 2.0
REGISTRY_SECONDS = 2.0
STORAGE_SECONDS = 5.0
KEEP_SECONDS = 3.0
# How the image's own health check introduces itself; it comes too often to be worth a line.
HEALTH_CHECK = "docker-registry-health"
UNCONFIGURED = "unconfigured"


def make_checks(config: dict[str, Any], neighbours: Neighbours | None = None) -> dict[str, Check | None]:
    """Return the check of each service the answer names; None for one that is not configured."""

    def check(probe: Any, seconds: float) -> Check:
        return Check(probe, deadline_seconds=seconds, keep_seconds=KEEP_SECONDS)

    redis = index = None
    if config["redis"]:
        host, _, port = config["redis"].rpartition(":")
        redis = check(functools.partial(probe_redis, host, int(port)), REDIS_SECONDS)
    if config["index"]:
        told = config["index"]
        index = check(
            functools.partial(probe_index, told["url"], told["username"], told["password"], INDEXER), INDEX_SECONDS
        )
    swift = swift_from(config["swift"]) if config["swift"] else None
    storage = SwiftProbe(SwiftClient(swift)) if swift else functools.partial(probe_files, Path(config["files"]))
    return {
        "index": index,
        **({"instances": check(neighbours.check, REDIS_SECONDS)} if neighbours else {}),
        "redis": redis,
        "registry": check(functools.partial(probe_registry, REGISTRY), REGISTRY_SECONDS),
        "storage": check(storage, STORAGE_SECONDS),
    }


def collect(checks: dict[str, Check | None]) -> dict[str, str]:
    """Return what is wrong with each service, asking all of them at once; the well ones are left out."""
    begun = {name: (check, check.begin(), check.ends()) for name, check in checks.items() if check is not None}
    found = {name: check.failure(running, ends) for name, (check, running, ends) in begun.items()}
    told = {name: found.get(name, UNCONFIGURED) for name in checks}
    return {name: text for name, text in told.items() if text}


class Handler(BaseHTTPRequestHandler):
    """Answers for one connection; `config` and `checks` are set by serve()."""

    config: dict[str, Any]
    checks: dict[str, Check | None]
    timeout = 30  # seconds for a client that says nothing

    def do_GET(self) -> None:
        """Answer one of the classic routes."""
        path = self.path.partition("?")[0]
        route = path.removeprefix("/v1") or "/"
        if route == "/":
            self._answer(f"docker-registry server ({self.config['flavor']}) (v{self.config['version']})")
        elif route == "/_ping":
            self._answer(value=True, headers={"X-Docker-Registry-Standalone": "True"})
        elif route == "/_status":
            failures = collect(self.checks)
            broken = any(text != UNCONFIGURED for text in failures.values())
            document = {"failures": failures, "host": socket.gethostname(), "services": sorted(self.checks)}
            self._answer(document, HTTPStatus.SERVICE_UNAVAILABLE if broken else HTTPStatus.OK)
        else:
            self._answer({"error": "Not found"}, HTTPStatus.NOT_FOUND)

    do_HEAD = do_GET  # noqa: N815  the name http.server looks for

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server's own signature
        """Write one line a request, to the log supervisor keeps."""
        if getattr(self, "headers", None) is None or self.headers.get("User-Agent") != HEALTH_CHECK:
            print(f"{self.log_date_time_string()} {format % args}", flush=True)

    def version_string(self) -> str:
        """Say nothing of Python; nginx puts its own name there anyway."""
        return "docker-registry"

    def _answer(self, value: Any, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.send_header("Expires", "-1")
        self.send_header("Pragma", "no-cache")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Docker-Registry-Version", self.config["version"])
        self.send_header("X-Docker-Registry-Config", self.config["flavor"])
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Listens until it is shut down; whoever still waits for an answer then gets none."""

    daemon_threads = True
    request_queue_size = 64


def serve(
    config: dict[str, Any], address: tuple[str, int], neighbours: Neighbours | None = None
) -> ThreadingHTTPServer:
    """Return a server that listens; call its serve_forever()."""
    handler = type("ConfiguredHandler", (Handler,), {"config": config, "checks": make_checks(config, neighbours)})
    return Server(address, handler)


def main() -> None:
    """Serve until a signal."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    config = json.loads(STATUS_CONFIG.read_text(encoding="utf-8"))
    neighbours = neighbours_of(config)
    with serve(config, ADDRESS, neighbours) as listening:
        print(f"listening on {ADDRESS[0]}:{ADDRESS[1]}", flush=True)
        if neighbours:
            neighbours.start()
        try:
            listening.serve_forever()
        except KeyboardInterrupt:
            pass
        finally:
            if neighbours:
                neighbours.stop()


if __name__ == "__main__":
    main()
