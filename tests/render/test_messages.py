"""Messages on stderr: whole words on a terminal, one line in a pipe."""

import pytest
from typer.testing import CliRunner

from operator_terminal import operator_at
from regops.main import app

PATH = "/nowhere/registry-settings/of-the.team/docker-registry.toml"


def on_terminal(*arguments: str, columns: int) -> list[str]:
    with operator_at(*arguments, env={"COLUMNS": str(columns)}) as (terminal, process):
        terminal.wait(process)
        terminal.read_some(0.1)
    return terminal.screen.decode().splitlines()


@pytest.mark.parametrize("columns", [66, 45])
def test_a_message_is_wrapped_between_words_and_a_path_stays_whole(columns: int) -> None:
    lines = on_terminal("--config", PATH, "ping", columns=columns)
    assert lines == ["error: cannot read the configuration file", f"       {PATH}:", "       No such file or directory"]


def test_a_hint_that_goes_on_is_indented() -> None:
    lines = on_terminal("ping", "--key", __file__, "127.0.0.1:1", columns=40)
    assert lines == ["error: --key needs --cert", "hint: give the certificate that belongs", "      to the key"]


def test_in_a_pipe_a_message_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    said = CliRunner().invoke(app, ["--config", PATH, "ping"]).stderr
    assert said == f"error: cannot read the configuration file {PATH}: No such file or directory\n"
