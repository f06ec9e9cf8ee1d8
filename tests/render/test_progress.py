"""Progress in a pipe and on a terminal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from operator_terminal import operator_at
from regops.render.plain_progress import PlainProgress
from regops.wiring import Services


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


@pytest.mark.parametrize(("lines", "bars"), [(4, False), (60_000, True)])
def test_a_terminal_gets_a_bar_for_what_takes_a_while_only(tmp_path: Path, lines: int, bars: bool) -> None:
    log = tmp_path / "access.log"
    log.write_text(
        '10.0.0.1 - - [23/Nov/2026:09:00:00 +0000] "GET /v2/a/manifests/1 HTTP/1.1" 200 5 "-" "curl/8"\n' * lines
    )
    with operator_at("traffic", str(log)) as (terminal, process):
        assert terminal.wait(process) == 0
        terminal.read_some(0.1)
    assert ("\u2501" in terminal.screen.decode()) is bars
