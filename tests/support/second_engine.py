"""An empty Docker engine of one's own beside the machine's: its own data, socket, bridge and containerd.

It leaves iptables alone, so that the first one's rules stay as they are: what it publishes is served by its proxies
on the loopback, and its containers reach this machine by the bridge's own address, and nothing else.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

BRIDGE, GATEWAY = "regops-engine2", "172.31.243.1"
_START_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class SecondEngine:
    """address is for DOCKER_HOST; gateway is this machine as its containers see it."""

    address: str
    gateway: str


@contextmanager
def second_engine() -> Generator[SecondEngine]:
    """Run it until the context ends; nothing of it is left then."""
    if not shutil.which("dockerd") or not shutil.which("ip"):
        pytest.skip("needs dockerd and ip on this machine")
    # Docker's socket must not have a long path.
    folder = Path(tempfile.mkdtemp(prefix="regops-engine2-"))
    address = f"unix://{folder}/docker.sock"
    subprocess.run(["ip", "link", "delete", BRIDGE], capture_output=True, check=False)
    subprocess.run(["ip", "link", "add", BRIDGE, "type", "bridge"], check=True, capture_output=True)
    try:
        subprocess.run(["ip", "address", "add", f"{GATEWAY}/24", "dev", BRIDGE], check=True, capture_output=True)
        subprocess.run(["ip", "link", "set", BRIDGE, "up"], check=True, capture_output=True)
        with (folder / "log").open("w") as log:
            command = [
                "dockerd", "--host", address, "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec",
                "--pidfile", f"{folder}/pid", "--bridge", BRIDGE, "--iptables=false", "--ip6tables=false",
                "--ip-forward=false", "--ip-masq=false", "--containerd-namespace", "regops-engine2",
                "--containerd-plugins-namespace", "regops-engine2-plugins",
            ]  # fmt: skip
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait(process, address, folder / "log")
            yield SecondEngine(address, GATEWAY)
        finally:
            _remove_containers(address)
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    finally:
        subprocess.run(["ip", "link", "delete", BRIDGE], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def docker(address: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the docker client on an engine."""
    environment = {**os.environ, "DOCKER_HOST": address}
    return subprocess.run(["docker", *arguments], env=environment, capture_output=True, text=True, timeout=120)


def _remove_containers(address: str) -> None:
    for name in docker(address, "ps", "--all", "--quiet").stdout.split():
        docker(address, "rm", "--force", "--volumes", name)


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    ends = time.monotonic() + _START_SECONDS
    while docker(address, "version").returncode:
        assert process.poll() is None, log.read_text()[-4000:]
        assert time.monotonic() < ends, log.read_text()[-4000:]
        time.sleep(0.2)
