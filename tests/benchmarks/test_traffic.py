"""The CPU seconds of counting one log, next to the tools people use for it; printed as ratios.

    pytest -m benchmark -s tests/benchmarks/test_traffic.py

REGOPS_BENCHMARK_LINES says how many lines (1000000 unless told), and
REGOPS_BENCHMARK_ROUNDS how many times each tool runs. All run in turn in each round, so that a machine that slows down
slows all of them; a tool that is not installed is left out. goaccess and lnav come from Debian's packages, ngxtop from
PyPI. ngxtop ends at the first line that is no UTF-8, so the log it gets has no hostile lines.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from access_logs import access_log

pytestmark = pytest.mark.benchmark

LINES = int(os.environ.get("REGOPS_BENCHMARK_LINES", "1000000"))
ROUNDS = int(os.environ.get("REGOPS_BENCHMARK_ROUNDS", "3"))
MOST_MEMORY_BYTES = 300 * 10**6

COUNT = """
import sys
from parsers.column_format import COMBINED
from regops.adapters.traffic_columns import fast_counter
from regops.collectors.traffic import count_traffic
from regops.model.traffic_filter import EVERYTHING
with open(sys.argv[1], "rb", buffering=0) as log:
    traffic = count_traffic(iter(lambda: log.read(2**20), b""), COMBINED, EVERYTHING, fast_counter)
print(traffic.lines, traffic.requests, traffic.unread.total())
"""
ONE_QUESTION = ";SELECT sc_status, count(*), sum(sc_bytes) FROM access_log GROUP BY sc_status"
QUESTIONS = (
    ONE_QUESTION,
    ";SELECT c_ip, count(*), sum(sc_bytes) FROM access_log GROUP BY 1 ORDER BY 2 DESC LIMIT 10",
    ";SELECT cs_user_agent, count(*) FROM access_log GROUP BY 1 ORDER BY 2 DESC LIMIT 10",
    ";SELECT cs_method, cs_uri_stem, sc_status, count(*), sum(sc_bytes) FROM access_log GROUP BY 1, 2, 3 LIMIT 10",
    ";SELECT strftime('%Y-%m-%dT%H:%M', log_time), count(*), sum(sc_bytes) FROM access_log GROUP BY 1",
)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    folder = tmp_path_factory.mktemp("logs")
    paths = (folder / "hostile.log", folder / "polite.log")
    for path, hostile in zip(paths, (0.001, 0.0), strict=True):
        with path.open("wb") as file:
            file.writelines(access_log(LINES, hostile=hostile))
    yield str(paths[0]), str(paths[1])
    for path in paths:
        path.unlink()


def peers(hostile: str, polite: str, out: Path) -> dict[str, tuple[str, ...]]:
    everything = [part for question in QUESTIONS for part in ("-c", question)]
    commands = {
        "goaccess": ("goaccess", hostile, "--log-format=COMBINED", "--no-progress", "-o", str(out / "report.json")),
        "lnav, one question": ("lnav", "-n", "-c", ONE_QUESTION, hostile),
        "lnav, five questions": ("lnav", "-n", *everything, hostile),
        "ngxtop": ("ngxtop", "--no-follow", "-l", polite, "-f", "combined"),
    }
    return {name: command for name, command in commands.items() if shutil.which(command[0])}


def run(command: tuple[str, ...]) -> tuple[float, str]:
    """The CPU seconds of a command and all it waited for, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, check=True, text=True, errors="replace")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def test_counting_a_log_costs_a_fraction_of_what_other_tools_take(
    logs: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = (sys.executable, "-c", COUNT, logs[0])
    others = peers(*logs, tmp_path)
    assert others, "none of the tools to compare with is installed"
    ratios: dict[str, list[float]] = {name: [] for name in others}
    own: list[float] = []
    for _ in range(ROUNDS):
        seconds, printed = run(ours)
        own.append(seconds)
        lines, requests, unread = map(int, printed.split())
        assert lines == requests + unread >= LINES
        for name, command in others.items():
            ratios[name].append(run(command)[0] / seconds)
    with capsys.disabled():
        print(f"\n{LINES} lines: {statistics.median(own):.2f} CPU seconds (median of {ROUNDS})")
        for name, values in ratios.items():
            low, middle, high = min(values), statistics.median(values), max(values)
            print(f"  {name:<21} took {middle:5.1f} times as much ({low:.1f} to {high:.1f})")


def test_memory_stays_small_with_many_different_clients(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "clients.log"
    with path.open("wb") as file:
        file.writelines(access_log(LINES, clients=LINES))
    # Linux tells in kilobytes, and of the process itself alone.
    tell = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    _, printed = run((sys.executable, "-c", COUNT + tell, str(path)))
    peak = int(printed.splitlines()[-1]) * 1024
    with capsys.disabled():
        print(f"\n{LINES} lines of {LINES} clients: {peak / 10**6:.0f} MB at the peak")
    assert peak < MOST_MEMORY_BYTES
