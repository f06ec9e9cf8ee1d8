"""`regops nginx-status` and `regops ps` against a real nginx, a real terminal and a real registry container."""

import json
import os
import pty
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner, Result

from exposition import read_exposition
from fault_server import refused_port
from json_schema import check_line
from real_nginx import running_nginx
from regops.main import app
from regops.wiring import Services


def regops(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), obj=Services())


def status_of(url: str, *arguments: str) -> dict[str, Any]:
    result = regops("nginx-status", url, "-o", "json", *arguments)
    assert result.exit_code == 0, result.stderr
    return dict(json.loads(result.stdout)["data"])


def until(condition: Callable[[], bool], *, within_seconds: float = 60) -> None:
    ends = time.monotonic() + within_seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come true in time"
        time.sleep(0.05)


def connected(port: int, request: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
    client.sendall(request)
    return client


def first_byte(port: int, clients: ExitStack) -> bytes:
    """Ask for the slow page and return the first byte of the answer, b"" when nginx dropped the connection."""
    client = clients.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
    try:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        return client.recv(1)
    except ConnectionError:
        return b""


def test_a_real_nginx_s_open_connections_are_told_apart(tmp_path: Path) -> None:
    expected = {"reading": 1, "writing": 2, "waiting": 3, "dropped": 0, "asked": "outside"}
    with refused_port() as port, running_nginx(tmp_path, port=port), ExitStack() as clients:
        for _ in range(3):
            kept = clients.enter_context(connected(port, b"GET /nginx_status HTTP/1.1\r\nHost: x\r\n\r\n"))
            assert b"200 OK" in kept.recv(4096)
        clients.enter_context(connected(port, b"GET /half"))
        clients.enter_context(connected(port, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"))
        url = f"http://127.0.0.1:{port}"
        # What asked before may still be open for a moment.
        until(lambda: expected.items() <= status_of(url).items())


def test_a_real_nginx_s_dropped_connections_are_counted(tmp_path: Path) -> None:
    with refused_port() as port, running_nginx(tmp_path, port=port, connections=8):
        url = f"http://127.0.0.1:{port}"
        with ExitStack() as clients:
            answers = [first_byte(port, clients) for _ in range(12)]
        until(lambda: regops("nginx-status", url).exit_code == 0)
        found = status_of(url)
        metrics = read_exposition(regops("nginx-status", url, "-o", "prometheus").stdout)
    assert found["dropped"] == found["accepts"] - found["handled"] >= answers.count(b"") > 0
    assert metrics["nginx_connections_dropped_total"].value == found["dropped"]


def checked_line(line: Any) -> Any:
    check_line(line, "NginxSample")
    return line


def test_a_restart_of_a_real_nginx_is_noticed_by_a_running_watch(tmp_path: Path) -> None:
    with ExitStack() as stack:
        port = stack.enter_context(refused_port())
        url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "regops", "nginx-status", url, "-w", "0.1", "-o", "json"]
        nginx = stack.enter_context(ExitStack())
        nginx.enter_context(running_nginx(tmp_path, port=port))
        watching = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        stack.callback(watching.terminate)
        assert watching.stdout is not None
        lines = (checked_line(json.loads(line)) for line in watching.stdout)
        assert any(one["rates"] and one["rates"]["requests_per_second"] > 0 for one in lines)
        nginx.close()
        assert any(one["error"] for one in lines)
        nginx.enter_context(running_nginx(tmp_path, port=port))
        assert next(one for one in lines if one["status"])["restarted"]


def test_a_403_of_an_nginx_outside_containers_says_what_to_do(tmp_path: Path) -> None:
    with refused_port() as port, running_nginx(tmp_path, port=port):
        result = regops("nginx-status", f"http://127.0.0.1:{port}", "--path", "/denied")
    assert result.exit_code == 3
    assert f"http://127.0.0.1:{port}/denied answered 403" in result.stderr
    assert "hint: " in result.stderr


def test_on_a_terminal_one_table_changes_in_place_and_the_cursor_is_given_back() -> None:
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "40"}
    ours, theirs = pty.openpty()
    with refused_port() as port:
        command = [sys.executable, "-m", "regops", "nginx-status", f"http://127.0.0.1:{port}", "-w", "0.1", "-c", "3"]
        with subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, env=environment) as process:
            os.close(theirs)
            shown = _everything(ours)
    os.close(ours)
    assert process.returncode == 3
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1
    assert "\x1b[2K" in shown
    assert "nothing" in shown


def _everything(descriptor: int) -> str:
    found = b""
    try:
        while chunk := os.read(descriptor, 65536):
            found += chunk
    except OSError:
        pass  # how Linux says that the other side of a terminal is closed
    return found.decode()


@pytest.fixture(scope="module")
def closed(lab: dict[str, Any]) -> dict[str, Any]:
    """The lab's registry, whose status page is closed to all but its own loopback."""
    registry = dict(lab["registry"])
    assert requests.get(f"{registry['http_url']}/nginx_status", timeout=10).status_code == 403
    return registry


@pytest.mark.engine
@pytest.mark.root
def test_a_registry_that_answers_403_from_outside_is_asked_from_inside(closed: dict[str, Any]) -> None:
    found = status_of(closed["http_url"])
    assert found["asked"] == "inside"
    assert found["active"] >= found["writing"] >= 1
    assert found["notes"][0].startswith(f"asked inside the container {closed['container']}, because")


@pytest.mark.engine
@pytest.mark.root
def test_a_registry_is_asked_inside_through_tls_too(closed: dict[str, Any]) -> None:
    found = status_of(closed["https_url"], "--cacert", closed["ca_file"])
    assert (found["asked"], found["page"].split(":")[0]) == ("inside", "https")


@pytest.mark.engine
@pytest.mark.root
def test_a_registry_s_container_alone_leads_to_its_nginx(lab: dict[str, Any]) -> None:
    name = lab["registry"]["container"]
    result = regops("nginx-status", "--container", name, "-w", "0.1", "-c", "2", "-o", "json")
    assert result.exit_code == 0, result.stderr
    first, second = map(json.loads, result.stdout.splitlines())
    assert first["status"]["notes"] == [f"asked inside the container {name}"]
    assert second["status"]["requests"] > first["status"]["requests"]


@pytest.mark.engine
def test_the_lab_s_registry_is_listed_and_its_swift_is_not(lab: dict[str, Any]) -> None:
    result = regops("ps", "-o", "json")
    shown = {one["name"]: one for one in json.loads(result.stdout)["data"]["instances"]}
    found = shown[lab["registry"]["container"]]
    # The engine asks the image's health check some seconds after the start for the first time.
    assert found["state"] in ("running", "starting")
    assert found["because"] == "label regops.registry=true"
    assert (found["flavor"], found["swift_container"]) == (
        lab["registry"]["flavor"],
        lab["registry"]["swift_container"],
    )
    assert lab["swift"]["container"] not in shown
    assert lab["swift"]["key"] not in regops("ps", "--all").output
