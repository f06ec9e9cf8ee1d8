"""The tour of `make demo` writes colours to a terminal alone, and ends with a command that works."""

import os
import subprocess
from pathlib import Path

import pytest

TOUR = Path(__file__).parents[2] / ".ci" / "tour"
# Ends as regops does on the tour: status is 1 as long as the registry is stopped.
REGOPS = """#!/bin/sh
here=$(dirname "$0")
case "$*" in
*"lab env"*) echo 'export REGOPS_URL=http://127.0.0.1:5080 REGOPS_CONTAINER=regops-lab' ;;
*" stop registry") touch "$here/stopped" ;;
*" start registry") rm "$here/stopped" ;;
status*) test ! -e "$here/stopped" ;;
esac
"""


@pytest.fixture
def regops(tmp_path: Path) -> Path:
    program = tmp_path / "regops"
    program.write_text(REGOPS)
    program.chmod(0o755)
    return program


def shown(regops: Path, *, terminal: bool, **environ: str) -> str:
    ours, theirs = os.openpty()
    with os.fdopen(ours, "rb", buffering=0), os.fdopen(theirs, "wb"):
        done = subprocess.run(
            [TOUR, regops],
            stdout=theirs if terminal else subprocess.PIPE,
            env={"PATH": os.environ["PATH"], **environ},
            check=True,
        )
        return (os.read(ours, 65536) if terminal else done.stdout).decode()


def test_the_tour_ends_with_the_program_that_it_was_given(regops: Path) -> None:
    assert f"then '{regops} lab down'" in shown(regops, terminal=False)


@pytest.mark.parametrize(
    ("terminal", "no_color", "colours"), [(True, "", True), (True, "1", False), (False, "", False)]
)
def test_the_tour_has_colours_on_a_terminal_alone(regops: Path, terminal: bool, no_color: str, colours: bool) -> None:
    assert ("\x1b" in shown(regops, terminal=terminal, NO_COLOR=no_color)) is colours
