"""A real Keystone (version 3), and a real Swift that takes its tokens.

Their packages are many, and would change what the tests' own environment holds; so they live in a virtual environment
of their own, made once: `python tests/support/keystone_server.py` does it ahead of the tests.
"""

import contextlib
import fcntl
import json
import os
import select
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from swift_server import SwiftServer, running_swift

ROOT = Path(__file__).parents[2]
PLACE = ROOT / ".venv" / "keystone"
PROGRAM = Path(__file__).with_name("one_keystone.py")
ADMIN_PASSWORD = "an admin's secret"
_START_SECONDS = 300


@dataclass
class Keystone:
    """A running Keystone, and its admin's way of filling it."""

    url: str
    token: str = ""

    def request(self, method: str, path: str, body: object = None, *, token: str | None = None) -> Any:
        """Return the JSON of one request, {} for an empty answer."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "X-Auth-Token": token or self.token}
        asked = urllib.request.Request(f"{self.url}{path}", data=data, headers=headers, method=method)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            self.token = self.token or answer.headers.get("X-Subject-Token", "")
            return json.loads(answer.read() or b"{}")

    def log_in(self) -> None:
        user = {"name": "admin", "domain": {"id": "default"}, "password": ADMIN_PASSWORD}
        scope = {"project": {"name": "admin", "domain": {"id": "default"}}}
        identity = {"methods": ["password"], "password": {"user": user}}
        self.request("POST", "/auth/tokens", {"auth": {"identity": identity, "scope": scope}})

    def add(self, kind: str, **fields: Any) -> str:
        """Make a user, project, domain, service, region or endpoint, and return its id."""
        return str(self.request("POST", f"/{kind}s", {kind: fields})[kind]["id"])

    def assign(self, user: str, project: str, role: str) -> None:
        """Give a user a role in a project, by ids and the role's name."""
        found = self.request("GET", f"/roles?name={role}")["roles"][0]["id"]
        self.request("PUT", f"/projects/{project}/users/{user}/roles/{found}")


@dataclass
class Cloud:
    """Keystone and Swift; alice and bob of the domain Sales, she a member of its project images, he of nothing."""

    keystone: Keystone
    swift: SwiftServer
    alice: str
    project: str


def servers_python() -> Path:
    """Return the interpreter that has the servers' packages, installing them when they are missing."""
    python, done = PLACE / "bin" / "python", PLACE / "installed"
    if done.exists():
        return python
    PLACE.parent.mkdir(exist_ok=True)
    with (PLACE.parent / "keystone.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["keystone"]
            subprocess.run([sys.executable, "-m", "venv", str(PLACE)], check=True)
            subprocess.run([str(python), "-m", "pip", "install", "--quiet", *wanted], check=True)
            done.touch()
    return python


@contextmanager
def running_keystone(folder: Path) -> Generator[Keystone]:
    """Run Keystone until the context ends."""
    log = folder.parent / f"{folder.name}.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [str(servers_python()), str(PROGRAM), str(folder)],
            env={**os.environ, "KEYSTONE_PASSWORD": ADMIN_PASSWORD},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    with process, process.stdout as output:
        try:
            ready, _, _ = select.select([output], [], [], _START_SECONDS)
            line = output.readline() if ready else ""
            assert line.startswith("keystone ready: "), log.read_text()[-4000:]
            keystone = Keystone(line.split()[2])
            keystone.log_in()
            yield keystone
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def running_cloud(folder: Path) -> Generator[Cloud]:
    """Run Keystone and Swift until the context ends; Swift is in the regions north and south."""
    try:
        python = servers_python()
    except subprocess.CalledProcessError as error:
        pytest.skip(f"needs Keystone's packages: {error}")
    with contextlib.ExitStack() as stack:
        keystone = stack.enter_context(running_keystone(folder / "keystone"))
        swift = stack.enter_context(
            running_swift(
                folder / "swift", python=python, user="admin:admin", key=ADMIN_PASSWORD, keystone=keystone.url
            )
        )
        store = keystone.add("service", type="object-store", name="swift")
        for region in ("north", "south"):
            keystone.add("region", id=region)
            url = f"{swift.auth_url}/AUTH_%(tenant_id)s"
            keystone.add("endpoint", service_id=store, region_id=region, interface="public", url=url)
        domain = keystone.add("domain", name="Sales")
        project = keystone.add("project", name="images", domain_id=domain)
        alice = keystone.add("user", name="alice", password="wonder", domain_id=domain)
        keystone.add("user", name="bob", password="builder", domain_id=domain)
        keystone.assign(alice, project, "member")
        yield Cloud(keystone, swift, alice, project)


if __name__ == "__main__":
    print(servers_python())
