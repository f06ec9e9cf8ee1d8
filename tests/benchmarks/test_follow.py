"""How long a line takes from being written to being shown by `regops logs -f`, and what following costs; against tail.

Measured with `make benchmark`, or `pytest -m benchmark -s tests/benchmarks/test_follow.py`, on a machine that has
nothing else to do: the writer, regops and what reads it share its processors.
"""

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from attack_container import attacked, regops_process
from log_writer_stress import RATE, WRITER

pytestmark = [pytest.mark.benchmark, pytest.mark.engine, pytest.mark.root]

SECONDS = 5
IDLE_SECONDS = 5
_NUMBER = re.compile(rb"manifests/(\d{8})-(\d+\.\d{6}) ")


@dataclass(frozen=True, slots=True)
class Measured:
    """latencies are sorted, in seconds; cpu_seconds are those of a process and its helpers while lines came."""

    latencies: list[float]
    cpu_seconds: float

    def percentile(self, part: float) -> float:
        return 1000 * self.latencies[min(int(len(self.latencies) * part), len(self.latencies) - 1)]

    def __str__(self) -> str:
        shown = ", ".join(f"p{part:g} {self.percentile(part / 100):.1f}" for part in (50, 95, 99, 99.9))
        return f"{shown}, most {self.percentile(1):.1f} ms; {self.cpu_seconds:.2f} CPU seconds"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that containers have as /var/log/nginx."""
    with attacked("regops-bench-follow", volumes={str(tmp_path): {"bind": "/var/log/nginx"}}) as container:
        (tmp_path / "name").write_text(container.name)
        (tmp_path / "access.log").touch()
        yield tmp_path


def test_a_line_is_shown_soon_after_it_is_written(folder: Path) -> None:
    log = folder / "access.log"
    name = (folder / "name").read_text()
    with subprocess.Popen(["tail", "-F", "-n", "1", log], stdout=subprocess.PIPE) as tail:
        peer = measure([tail], [log], RATE)
    log.write_bytes(b"")
    with regops_process("logs", name, "-f", "-n", "1", "-s", "nginx/access.log") as process:
        ours = measure([process], [log], RATE)
    told("tail -F    ", peer)
    told("regops -f  ", ours)
    print(f"CPU, regops to tail: {ours.cpu_seconds / max(peer.cpu_seconds, 0.01):.1f}")
    assert ours.percentile(0.99) < 100


def test_several_containers_are_followed_at_once(tmp_path: Path) -> None:
    with ExitStack() as stack:
        processes, logs = list[Any](), list[Path]()
        for number in range(3):
            folder = tmp_path / str(number)
            folder.mkdir()
            bound = {str(folder): {"bind": "/var/log/nginx"}}
            container = stack.enter_context(attacked(f"regops-bench-{number}", volumes=bound))
            logs.append(folder / "access.log")
            logs[-1].touch()
            processes.append(stack.enter_context(regops_process("logs", container.name, "-f", "-n", "1")))
        ours = measure(processes, logs, RATE / 3)
    told("3 containers", ours)
    assert ours.percentile(0.99) < 100


def test_following_a_silent_log_costs_next_to_nothing(folder: Path) -> None:
    with regops_process("logs", (folder / "name").read_text(), "-f", "-n", "1") as process:
        assert process.stdout is not None
        write(folder / "access.log", lines=1, rate=RATE).wait()
        process.stdout.readline()
        before = cpu_seconds(process.pid)
        time.sleep(IDLE_SECONDS)
        cost = (cpu_seconds(process.pid) - before) / IDLE_SECONDS
    print(f"\nidle: {100 * cost:.2f} % of a processor")
    assert cost < 0.02


def told(who: str, found: Measured) -> None:
    print(f"\n{who} {len(found.latencies)} lines at {RATE} a second, load {os.getloadavg()[0]:.1f}: {found}")


def measure(processes: "list[subprocess.Popen[bytes]]", logs: list[Path], rate: float) -> Measured:
    """Write to each log at a rate while its process follows it, and return how long the lines took."""
    lines = int(rate * SECONDS)
    readers = [Reader(process.stdout) for process in processes]
    for log, reader in zip(logs, readers, strict=True):
        # It follows when it has shown what was there.
        write(log, lines=1, rate=rate).wait()
        reader.read_until(1)
        reader.came.clear()
    before = sum(cpu_seconds(process.pid) for process in processes)
    writers = [write(log, lines=lines, rate=rate, first=2) for log in logs]
    read_all(readers, lines + 1)
    spent = sum(cpu_seconds(process.pid) for process in processes) - before
    for writer in writers:
        writer.wait()
    return Measured(sorted(late for reader in readers for late in reader.latencies()), spent)


def write(log: Path, *, lines: int, rate: float, first: int = 1) -> "subprocess.Popen[bytes]":
    options = ["--lines", str(lines), "--rate", str(rate), "--first", str(first)]
    return subprocess.Popen([sys.executable, WRITER, log, *options])


class Reader:
    """Takes what a process prints with the times at which it came, and looks at it later."""

    def __init__(self, stdout: IO[bytes] | None) -> None:
        assert stdout is not None
        self.fd = stdout.fileno()
        self.came: list[tuple[float, bytes]] = []
        self._end = b""
        self.last = 0

    def read(self) -> None:
        chunk = os.read(self.fd, 1024 * 1024)
        assert chunk, "it ended"
        self.came.append((time.time(), chunk))
        found = _NUMBER.findall((self._end + chunk)[-1000:])
        self._end = chunk[-1000:]
        self.last = int(found[-1][0]) if found else self.last

    def read_until(self, number: int) -> None:
        while self.last < number:
            self.read()

    def latencies(self) -> Iterator[float]:
        rest = b""
        for when, chunk in self.came:
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if found := _NUMBER.search(line):
                    yield when - float(found[2])


def read_all(readers: list[Reader], number: int) -> None:
    waiting = {reader.fd: reader for reader in readers}
    ends = time.monotonic() + 60
    while waiting and time.monotonic() < ends:
        for fd in select.select(list(waiting), [], [], 1)[0]:
            waiting[fd].read()
            if waiting[fd].last >= number:
                del waiting[fd]
    assert not waiting, "lines are missing"


def cpu_seconds(pid: int) -> float:
    """Return what a process and its children have spent."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ticks = 0
    for one in (str(pid), *children):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
