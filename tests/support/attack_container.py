"""Containers of one static program, busybox, in which tests plant what an attacker would."""

import gc
import io
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import docker.errors
import pytest
from typer.testing import CliRunner

from regops.main import app

IMAGE = "regops-test-busybox"
APPLETS = (
    *("cat", "chmod", "chown", "dd", "echo", "env", "grep", "head", "hostname", "httpd", "id", "ln", "ls", "mkdir"),
    *("mkfifo", "mknod", "mv", "od", "printf", "ps", "readlink", "rm", "seq", "sh", "sleep", "stty", "tail", "test"),
    *("touch", "true", "truncate", "tty", "usleep", "wc", "yes"),
)
FOLDERS = ("bin", "dev", "etc", "proc", "root", "run", "sys", "tmp", "usr", "var/log/nginx", "var/log/supervisor")


@dataclass(frozen=True, slots=True)
class Attacked:
    """A running container; sh runs a script in it and returns what it printed."""

    name: str
    docker: Any

    def sh(self, script: str) -> str:
        done = self.docker.exec_run(["sh", "-c", script], user="0")
        assert done.exit_code == 0, done.output
        return str(done.output, "utf-8", "replace")

    @property
    def pid(self) -> int:
        self.docker.reload()
        return int(self.docker.attrs["State"]["Pid"])


def busybox() -> Path:
    """Return a static busybox, or skip the test."""
    found = shutil.which("busybox") or shutil.which("busybox", path="/bin:/usr/bin")
    if found is None or b"/ld-" in Path(found).read_bytes()[:4096]:
        pytest.skip("needs a static busybox: apt-get install busybox-static")
    return Path(found)


def root_file_system() -> io.BytesIO:
    """Return the tar of a root file system that holds busybox and log folders."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for folder in FOLDERS:
            member = tarfile.TarInfo(folder)
            member.type, member.mode = tarfile.DIRTYPE, 0o777 if folder == "tmp" else 0o755
            archive.addfile(member)
        program = tarfile.TarInfo("bin/busybox")
        content = busybox().read_bytes()
        program.size, program.mode = len(content), 0o755
        archive.addfile(program, io.BytesIO(content))
        for applet in APPLETS:
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
    packed.seek(0)
    return packed


@contextmanager
def attacked(name: str, command: str = "sleep 10000", **options: Any) -> Generator[Attacked]:
    """Run a container of busybox as long as the context lasts; its name is this test process's own."""
    name = f"{name}-{os.getpid()}"
    client = docker.DockerClient(base_url="unix:///var/run/docker.sock")
    try:
        if not client.images.list(IMAGE):
            client.api.import_image_from_data(root_file_system().getvalue(), repository=IMAGE, tag="latest")
        _remove(client, name)
        container = client.containers.run(
            IMAGE, ["sh", "-c", f"exec {command}"], name=name, detach=True, stop_signal="SIGKILL", **options
        )
        try:
            yield Attacked(name, container)
        finally:
            _remove(client, name)
    finally:
        client.close()


def regops(*arguments: str, env: Mapping[str, str] | None = None) -> Any:
    """Run a command line in this process and return Typer's result: exit_code, stdout, stderr."""
    return CliRunner().invoke(app, list(arguments), env=dict(env or {}))


@contextmanager
def regops_process(*arguments: str, **options: Any) -> "Generator[subprocess.Popen[bytes]]":
    """Run a command line as a process of its own, for as long as the context lasts and no longer than five minutes."""
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    with subprocess.Popen([sys.executable, "-m", "regops", "--color", "never", *arguments], **options) as process:
        # A test that waits for a line which never comes must end as well.
        watchdog = threading.Timer(300, process.kill)
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()


def wait_until(condition: Callable[[], bool], *, within_seconds: float = 60) -> None:
    """Return once a condition holds."""
    ends = time.monotonic() + within_seconds
    while not condition():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.02)


def without_capabilities(lost: str) -> tuple[str, ...]:
    """Return what to put before a command to run it as root without a capability, or without `all`."""
    return ("/usr/bin/setpriv", f"--bounding-set=-{lost}", "--inh-caps=-all")


def open_descriptors() -> set[str]:
    """Return what this process has open, and not what an earlier test left to the garbage collector."""
    gc.collect()
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


def _remove(client: Any, name: str) -> None:
    try:
        client.api.remove_container(name, force=True, v=True)
    except docker.errors.NotFound:
        return
