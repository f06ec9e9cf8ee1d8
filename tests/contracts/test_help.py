"""The help of every command: plain at 80 columns, with examples that can be pasted, and a variable for every target."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from regops.main import app

FRAMEWORKS_WORDS = re.compile(r"<(?!\w[\w-]*(?:\|[\w-]+)+>)[^ ]|\{|\[\[|<=x|x>=|x<=")
TARGETS = {"URL": "REGOPS_URL", "CONTAINER": "REGOPS_CONTAINER", "TARGET": "REGOPS_CONTAINER"}


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield words, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*words, name))


COMMANDS = dict(commands(typer.main.get_command(app)))


@cache
def help_of(words: tuple[str, ...]) -> str:
    shown = CliRunner(env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"}).invoke(app, [*words, "--help"])
    assert shown.exit_code == 0
    return shown.stdout


def examples(words: tuple[str, ...]) -> str:
    after = (COMMANDS[words].help or "").partition("Examples:\n")[2]
    return re.sub(r"^  ", "", after, flags=re.MULTILINE)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_help_is_plain_at_80_columns(words: tuple[str, ...]) -> None:
    shown = help_of(words)
    boxed = "\n".join(line for line in shown.splitlines() if line.startswith((" Usage", "│")))
    assert FRAMEWORKS_WORDS.findall(boxed) == []
    assert [line for line in shown.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_example_can_be_pasted(words: tuple[str, ...]) -> None:
    text = examples(words)
    begun_anew = [line for line in text.replace("\\\n", "").splitlines() if line.startswith(" ")]
    assert begun_anew == []
    assert subprocess.run(["/bin/sh", "-n"], input=text, text=True, capture_output=True).stderr == ""


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_target_has_its_variable(words: tuple[str, ...]) -> None:
    arguments = [one for one in COMMANDS[words].params if one.param_type_name == "argument"]
    assert [one.metavar for one in arguments if one.envvar != TARGETS.get(one.metavar)] == []
