"""Progress in a pipe and on a terminal."""

import io
import os
import re
import subprocess
import sys

import pytest

from regops.render import progress as drawing
from regops.render.plain_progress import PlainProgress
from regops.wiring import Services
from swift_server import wait_until


def test_in_a_pipe_a_step_is_a_line_and_a_transfer_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Services().progress() as progress:
        assert isinstance(progress, PlainProgress)
        progress.step("the first \x1b[31m")
        progress.detail("in passing")
        with progress.transfer("main.tar.gz", 10) as advance:
            advance(10)
    assert capsys.readouterr().err == "the first \\x1b[31m\n"


def test_work_goes_on_when_nobody_reads_its_steps_any_more() -> None:
    read, write = os.pipe()
    os.close(read)
    work = """if True:
        from regops.render.plain_progress import PlainProgress
        from regops.render.progress import ConsoleProgress
        for progress in (PlainProgress(), ConsoleProgress(color=False), ConsoleProgress(color=True)):
            progress.step("the first")
            with progress.transfer("main.tar.gz", 10) as advance:
                advance(10)
            progress.step("the last")
            progress.detail("in passing")
            progress.__exit__(None, None, None)
        print("done")"""
    with os.fdopen(write, "wb") as nobody:
        done = subprocess.run([sys.executable, "-c", work], stdout=subprocess.PIPE, stderr=nobody, check=False)
    assert (done.returncode, done.stdout) == (0, b"done\n")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("columns", "bar"), [(60, False), (80, True)])
def test_a_narrow_terminal_gets_the_numbers_on_one_line(
    columns: int, bar: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stderr", Terminal())
    with drawing.ConsoleProgress(color=True) as progress, progress.transfer("main.tar.gz", 400_000_000) as advance:
        wait_until(lambda: "main.tar.gz" in sys.stderr.getvalue())  # type: ignore[attr-defined]
        advance(400_000_000)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sys.stderr.getvalue())  # type: ignore[attr-defined]
    last = shown.rstrip().splitlines()[-1].rpartition("\r")[2]
    assert "400.0/400.0 MB" in last
    assert ("━" in last) is bar
    assert len(last) <= columns


@pytest.mark.parametrize(
    ("total_bytes", "after_seconds", "bar"), [(400, 3600, False), (400, 0, True), (5 << 20, 0, True)]
)
def test_a_terminal_gets_a_bar_for_what_takes_a_while_only(
    total_bytes: int, after_seconds: float, bar: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(drawing, "_BAR_SECONDS", after_seconds)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with drawing.ConsoleProgress(color=True) as progress, progress.transfer("main.tar.gz", total_bytes) as advance:
        advance(total_bytes)
        if bar:
            wait_until(lambda: "main.tar.gz" in sys.stderr.getvalue())  # type: ignore[attr-defined]
    assert ("main.tar.gz" in sys.stderr.getvalue()) is bar  # type: ignore[attr-defined]
