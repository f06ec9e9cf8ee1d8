"""Progress in a pipe; on a terminal it is shown by tests of the commands that have any."""

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
