"""What the end of a log of 1 GB costs `regops logs`, in processor time and memory; against tail, grep and lnav.

Measured with `make benchmark`, or `pytest -m benchmark -s tests/benchmarks/test_log_window.py`. The container's log is
written once by the test; each command is run several times, the least processor time of it and its children counts.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from attack_container import attacked

pytestmark = [pytest.mark.benchmark, pytest.mark.engine, pytest.mark.root]

SIZE_BYTES = 10**9
RUNS = 3
MOST_BYTES = 80 * 10**6
_BEGIN = datetime(2026, 11, 20, tzinfo=UTC)
_PATHS = ("/v2/", "/v2/team/app/manifests/latest", f"/v2/team/app/blobs/sha256:{'a' * 64}", "/v2/x/tags/list", "/_ping")


@dataclass(frozen=True, slots=True)
class Cost:
    """The least processor seconds of several runs, children included, and the most memory one of them had.

    A process counts what its parent had when it was made as its own: peak_bytes of a small program is that of pytest.
    """

    seconds: float
    peak_bytes: int

    def __str__(self) -> str:
        return f"{self.seconds:7.2f} CPU seconds, at most {self.peak_bytes / 1e6:.0f} MB"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, datetime]]:
    """The name of a container, its access log of 1 GB, and the time of the last line."""
    folder = tmp_path_factory.mktemp("log")
    path = folder / "access.log"
    last = write_log(path)
    with attacked("regops-bench-window", volumes={str(folder): {"bind": "/var/log/nginx"}}) as container:
        yield container.name, path, last
    path.unlink()


def write_log(path: Path) -> datetime:
    """Write an access log, twenty requests a second, and return the time of the last one."""
    written = number = 0
    with path.open("wb") as file:
        while written < SIZE_BYTES:
            moment = _BEGIN + timedelta(seconds=number // 20)
            lines = b"".join(
                f"172.17.0.{each % 250} - - [{moment:%d/%b/%Y:%H:%M:%S} +0000] "
                f'"GET {_PATHS[each % 5]} HTTP/1.1" {404 if each % 97 == 0 else 200} {each} "-" '
                '"docker/20.10.24 go/go1.19.8 git-commit/5d6db84 kernel/6.1 os/linux arch/amd64"\n'.encode()
                for each in range(number, number + 20)
            )
            number += 20
            written += file.write(lines)
    return moment


def cost(*command: str) -> Cost:
    """Return what a command costs; it has to end well."""
    runs: list[Cost] = []
    for _ in range(RUNS):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        runs.append(Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024))
    return Cost(min(run.seconds for run in runs), max(run.peak_bytes for run in runs))


def logs(*arguments: str) -> Cost:
    """Return what `regops logs` costs."""
    return cost(sys.executable, "-m", "regops", "logs", *arguments)


@pytest.mark.parametrize("lines", [10, 1000])
def test_the_last_lines_against_tail_and_lnav(log: tuple[str, Path, datetime], lines: int) -> None:
    name, path, _ = log
    ours, tail = logs(name, "-n", str(lines)), cost("tail", "-n", str(lines), str(path))
    print(f"\n-n {lines}: regops {ours}\n      tail {tail}: {ours.seconds / max(tail.seconds, 0.001):.0f} times")
    if shutil.which("lnav"):
        lnav = cost("lnav", "-n", "-q", "-c", ":goto 100%", str(path))
        print(f"      lnav {lnav}: {ours.seconds / lnav.seconds:.2f} times")
        assert ours.seconds < lnav.seconds
    assert ours.peak_bytes < MOST_BYTES


def test_a_minute_near_the_end_against_grep_and_lnav(log: tuple[str, Path, datetime]) -> None:
    name, path, last = log
    since = last - timedelta(seconds=60)
    ours = logs(name, "--since", since.isoformat())
    grep = cost("grep", "-c", f"{since:%d/%b/%Y:%H:%M}", str(path))
    print(f"\n--since: regops {ours}\n      grep {grep}: {ours.seconds / grep.seconds:.2f} times")
    if shutil.which("lnav"):
        lnav = cost("lnav", "-n", "-q", "-c", f":hide-lines-before {since:%Y-%m-%d %H:%M:%S}", str(path))
        print(f"      lnav {lnav}: {ours.seconds / lnav.seconds:.2f} times")
        assert ours.seconds < lnav.seconds
    assert ours.peak_bytes < MOST_BYTES


@pytest.mark.parametrize(
    ("arguments", "searched"),
    [
        (("--status", "599"), '" 599 '),
        (("--repo", "nowhere/*"), "nowhere"),
        (("--client", "10.1.2.3"), "10.1.2.3 "),
        (("--level", "critical"), "nothing is so grave"),
    ],
)
def test_a_filter_over_all_of_it_against_grep(
    log: tuple[str, Path, datetime], arguments: tuple[str, str], searched: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}.RUNS", 1)
    name, path, _ = log
    ours = logs(name, "--since", _BEGIN.isoformat(), *arguments)
    grep = cost("sh", "-c", f"grep -cF '{searched}' {path} || true")
    print(
        f"\n{' '.join(arguments)} over all: regops {ours}\n      grep {grep}: {ours.seconds / grep.seconds:.1f} times"
    )
    assert ours.seconds < 20 * grep.seconds


@pytest.mark.parametrize("arguments", [("--grep", "nowhere"), ("-n", "10", "--status", "599")])
def test_looking_through_all_of_it_takes_no_more_memory(
    log: tuple[str, Path, datetime], arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}.RUNS", 1)
    ours = logs(log[0], "--since", _BEGIN.isoformat(), "--timeout", "600", *arguments)
    print(f"\n{' '.join(arguments)} over all: regops {ours}")
    assert ours.peak_bytes < MOST_BYTES
