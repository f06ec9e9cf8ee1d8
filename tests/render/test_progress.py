"""Progress in a pipe; on a terminal it is shown by tests of the commands that have any."""

import os
import subprocess
import sys

import pytest

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
