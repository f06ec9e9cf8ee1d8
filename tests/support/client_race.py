"""Clients of one Swift against each other: each command in turn, what it took, and the ratio of our time to theirs."""

import compileall
import os
import shutil
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from swift_server import SwiftServer

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv" / "peers"


@dataclass
class Figures:
    """What the runs of one command took: wall seconds, seconds of processor, and the most memory in kB."""

    name: str
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    memory_kb: int = 0

    def __str__(self) -> str:
        return (
            f"{self.name} {statistics.median(self.seconds):.2f} s "
            f"({min(self.seconds):.2f} to {max(self.seconds):.2f}), "
            f"processor {statistics.median(self.processor):.2f} s, {self.memory_kb >> 10} MiB"
        )

    def run(self, command: list[str], environ: Mapping[str, str], folder: Path) -> None:
        """Run a command to its good end, and take note of what it took."""
        started = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, **environ}, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        self.seconds.append(time.monotonic() - started)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        self.processor.append(used.ru_utime + used.ru_stime)
        self.memory_kb = max(self.memory_kb, used.ru_maxrss)


def race(
    ours: Callable[[], list[str]],
    theirs: Callable[[], list[str]],
    *,
    names: tuple[str, str],
    server: SwiftServer,
    folder: Path,
    rounds: int,
    between: Callable[[], None],
) -> tuple[float, Figures]:
    """Run both in turns, and return the median ratio of our time to theirs, and our figures; both are printed."""
    figures = Figures(names[0]), Figures(names[1])
    for _ in range(rounds):
        for command, found in zip((ours, theirs), figures, strict=True):
            between()
            found.run(command(), environ_of(server), folder)
    ratio = statistics.median(mine / other for mine, other in zip(figures[0].seconds, figures[1].seconds, strict=True))
    print(f"\n{figures[0]}\n{figures[1]}\nratio {ratio:.2f}, load {os.getloadavg()[0]:.1f}")
    return ratio, figures[0]


def environ_of(server: SwiftServer) -> dict[str, str]:
    """Return what regops, the swift client and rclone want to know of a Swift."""
    known = server.environ
    rclone = {f"RCLONE_SWIFT_{name}": known[f"ST_{name}"] for name in ("USER", "KEY", "AUTH")}
    return {**known, **rclone}


def regops(*arguments: str) -> list[str]:
    """Return the command line of ours, compiled as pip leaves it, and the peers are."""
    for package in ("regops", "parsers"):
        assert compileall.compile_dir(ROOT / package, quiet=1)
    return [sys.executable, "-m", "regops", *arguments]


def swift_client(*arguments: str) -> list[str]:
    """Return a command line of OpenStack's client, which gets an environment of its own."""
    program = PEERS / "bin" / "swift"
    if not program.exists():
        venv.create(PEERS, with_pip=True)
        command = [PEERS / "bin" / "pip", "install", "--quiet", "python-swiftclient"]
        if subprocess.run(command, capture_output=True).returncode:
            shutil.rmtree(PEERS)
            pytest.skip("needs the package python-swiftclient, which cannot be had here")
    return [str(program), *arguments]


def rclone(*arguments: str) -> list[str]:
    """Return a command line of rclone, without a configuration file."""
    if not shutil.which("rclone"):
        pytest.skip("needs rclone: apt-get install rclone")
    return ["rclone", "--config", os.devnull, *arguments]
