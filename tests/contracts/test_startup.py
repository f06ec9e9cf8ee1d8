"""Start-up is a feature: a command imports what it needs, when it needs it."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from fault_server import FaultServer, Peer

CLIENTS = {
    "requests",
    "urllib3",
    "docker",
    "swiftclient",
    "keystoneauth1",
    "cryptography",
    "numpy",
    "rich.progress",
    "asyncio",
}

PROGRAM = """
import sys
from regops.main import app
try:
    app(sys.argv[1:])
except SystemExit:
    pass
print("MODULES", *sorted(sys.modules))
"""


INTERRUPTED = """
import builtins, os, signal
real = builtins.__import__
def imported(name, *more):
    if name == "regops.main":
        os.kill(os.getpid(), signal.SIGINT)
    return real(name, *more)
builtins.__import__ = imported
from regops.__main__ import run
run()
"""


def modules_after(*arguments: str, environ: Mapping[str, str] | None = None) -> set[str]:
    command = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **(environ or {})})
    return set(done.stdout.rpartition("MODULES ")[2].split())


def test_an_interrupt_while_it_is_loaded_ends_it_without_a_traceback() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


@pytest.mark.parametrize(
    "arguments", [("--version",), ("--help",), ("ping", "--help"), ("bootstrap", "--help"), ("traffic", "--help")]
)
def test_help_and_version_import_no_client_library(arguments: tuple[str, ...]) -> None:
    assert modules_after(*arguments) & CLIENTS == set()


@pytest.mark.parametrize(
    ("arguments", "foreign"),
    [
        (("ping", "http://127.0.0.1:1", "--timeout", "1"), {"docker", "regops.adapters.swift", "keystoneauth1"}),
        (("status", "http://127.0.0.1:1", "--timeout", "1"), {"docker", "regops.adapters.swift", "keystoneauth1"}),
        (("ps",), {"regops.adapters.swift", "keystoneauth1", "cryptography"}),
        (("bootstrap", "list"), {"docker", "cryptography", "requests", "urllib3"}),
        (("traffic", __file__), CLIENTS),  # a log as small as this is read without numpy
    ],
)
def test_a_command_imports_only_its_own_door(arguments: tuple[str, ...], foreign: set[str]) -> None:
    assert modules_after(*arguments) & foreign == set()


def swift(peer: Peer) -> None:
    if peer.path == "/auth/v1.0":
        peer.reply(200, headers={"X-Storage-Url": f"{peer.server.url}/v1/AUTH_x", "X-Auth-Token": "t"})
    elif peer.path.endswith("/image.tar"):
        headers = {"ETag": hashlib.md5(b"bytes").hexdigest()}
        if peer.head.startswith(b"HEAD"):
            peer.reply(200, headers={**headers, "Content-Length": "5"})
        else:
            peer.reply(200, "bytes", headers)
    else:
        peer.reply(200, "[]" if "marker" in peer.path else json.dumps([{"name": "image.tar", "bytes": 5, "hash": "x"}]))


@pytest.mark.parametrize(
    ("arguments", "loaded", "last"),
    [
        (("list",), {"swiftclient", "requests", "urllib3"}, b"HEAD /v1/AUTH_x/docker-registry.bootstrap/image.tar "),
        (("list", "--no-tags"), set(), b"GET /v1/AUTH_x/docker-registry.bootstrap?"),
        (("download", "image.tar"), set(), b"GET /v1/AUTH_x/docker-registry.bootstrap/image.tar "),
    ],
)
def test_what_is_small_comes_before_a_library_would_be_loaded(
    arguments: tuple[str, ...], loaded: set[str], last: bytes, tmp_path: Path
) -> None:
    with FaultServer(swift) as server:
        environ = {
            "ST_AUTH": f"{server.url}/auth/v1.0",
            "ST_USER": "u",
            "ST_KEY": "k",
            "REGOPS_TO": str(tmp_path),
        }
        assert modules_after("bootstrap", *arguments, environ=environ) & CLIENTS == loaded
    assert server.heads[-1].startswith(last)
