"""Start-up is a feature: a command imports what it needs, when it needs it."""

import subprocess
import sys

import pytest

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


def modules_after(*arguments: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("MODULES ")[2].split())


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
