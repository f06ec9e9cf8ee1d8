"""The application as a whole: failures become messages, configuration becomes defaults, pipes end quietly."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from fake_services import FakeServices
from json_schema import check_document
from regops.errors import Failed, Phase, Unreachable
from regops.main import RegopsGroup, app
from regops.options import Output, OutputOption, TimeoutOption
from regops.render import Color
from regops.settings import config_path
from regops.wiring import Services


def app_that(action: Callable[[], None]) -> typer.Typer:
    """A regops with one command more, which does what the test wants."""
    small = typer.Typer(cls=RegopsGroup, pretty_exceptions_enable=False)

    @small.callback()
    def callback() -> None: ...

    @small.command("act")
    def act(output: OutputOption = Output.TABLE) -> None:
        action()

    return small


def raising(error: BaseException) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


@pytest.mark.parametrize("arguments", [("ps", "-o", "xml"), ("--color", "xml", "ps")])
def test_what_is_none_of_the_choices_is_told_in_plain_words(arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "'xml' is not" in result.stderr
    assert "Value error" not in result.stderr


@pytest.mark.parametrize("command", ["list", "download", "verify", "load", "upload"])
def test_the_usual_container_is_named_whole_in_every_help(command: str) -> None:
    result = CliRunner(env={"COLUMNS": "80"}).invoke(app, ["bootstrap", command, "--help"])
    assert "docker-registry.bootstrap" in result.stdout
    assert "…" not in result.stdout


def test_a_foreseen_failure_is_a_message_a_hint_and_its_status() -> None:
    error = Unreachable("asked http://x/v2/: refused", hint="is it running?", phase=Phase.CONNECT)
    result = CliRunner().invoke(app_that(raising(error)), ["act"])
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == "error: asked http://x/v2/: refused\nhint: is it running?\n"


def test_a_failure_in_json_is_a_document_on_stdout_and_a_message_on_stderr() -> None:
    result = CliRunner().invoke(app_that(raising(Failed("step 3 broke"))), ["act", "-o", "json"])
    document = json.loads(result.stdout)
    assert (document["ok"], document["exit_code"], document["data"]) == (False, 1, None)
    assert document["errors"] == [{"kind": "failed", "message": "step 3 broke", "hint": None}]
    assert (result.exit_code, result.stderr) == (1, "error: step 3 broke\n")


def test_a_hostile_error_text_cannot_steer_the_terminal() -> None:
    result = CliRunner().invoke(app_that(raising(Failed("\x1b]52;c;x\x07 [red]no[/nope]"))), ["act"])
    assert result.stderr == "error: \\x1b]52;c;x\\x07 [red]no[/nope]\n"


def test_an_unforeseen_failure_is_our_bug_with_a_traceback_and_status_70() -> None:
    result = CliRunner().invoke(app_that(raising(ZeroDivisionError("\x1b[2J"))), ["act"])
    assert (result.exit_code, result.stdout) == (70, "")
    assert "Traceback" in result.stderr
    assert "ZeroDivisionError: \\x1b[2J" in result.stderr
    assert "bug in regops" in result.stderr


def test_ctrl_c_ends_with_130_and_no_traceback() -> None:
    result = CliRunner().invoke(app_that(raising(KeyboardInterrupt())), ["act"])
    assert (result.exit_code, result.output) == (130, "")


def test_ctrl_c_is_told_to_a_reader_of_json() -> None:
    result = CliRunner().invoke(app_that(raising(KeyboardInterrupt())), ["act", "-o", "json"])
    document = json.loads(result.stdout)
    check_document(document)
    assert (document["ok"], document["exit_code"], document["data"]) == (False, 130, None)
    assert [error["kind"] for error in document["errors"]] == ["interrupted"]
    assert (result.exit_code, result.stderr) == (130, "error: interrupted\n")


def test_a_stream_that_ctrl_c_ends_has_its_lines_alone() -> None:
    services = FakeServices()

    def action() -> None:
        services.is_stream = True
        raise KeyboardInterrupt

    result = CliRunner().invoke(app_that(action), ["act", "-o", "json"], obj=services)
    assert (result.exit_code, result.output) == (130, "")


def test_a_failure_in_json_names_the_registry_or_the_container_without_a_password() -> None:
    for arguments, target in (
        (["status", "https://me:secret@reg:5000"], {"url": "https://***@reg:5000", "container": None}),
        (["search", "x", "reg:5000"], {"url": "reg:5000", "container": None}),
        (["nginx-status", "https://me:secret@reg:5000"], {"url": "https://***@reg:5000", "container": None}),
        (["logs", "nosuch"], {"url": None, "container": "nosuch"}),
        (["logs", "nosuch", "--list"], {"url": None, "container": "nosuch"}),
    ):
        result = CliRunner().invoke(app, [*arguments, "-o", "json"], obj=FakeServices())
        document = json.loads(result.stdout)
        check_document(document)
        assert result.exit_code == document["exit_code"] == 3
        assert document["target"] == {**target, "swift_container": None}


def test_a_wrong_option_is_a_usage_error() -> None:
    result = CliRunner().invoke(app, ["ping", "--no-such-option"])
    assert result.exit_code == 2
    assert "No such option" in result.stderr


def test_a_reader_that_goes_away_ends_the_command_quietly(tmp_path: Path) -> None:
    program = (
        "import sys, regops.main as m, typer\n"
        "app = typer.Typer(cls=m.RegopsGroup)\n"
        "@app.callback()\n"
        "def main(): ...\n"
        "@app.command('many')\n"
        "def many():\n"
        "    while True: print('line', flush=True)\n"
        "app(['many'])\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"line\n"
        child.stdout.close()
        assert child.stderr is not None
        assert child.stderr.read() == b""
        assert child.wait(60) == 141


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        [],
        ["logs", "--help"],
        ["bootstrap", "upload", "--help"],
        ["ping", "http://127.0.0.1:1"],
        ["ping", "http://127.0.0.1:1", "-o", "json"],
        ["bootstrap", "verify", "/nowhere"],
        ["bootstrap", "verify", "/nowhere", "-o", "json"],
    ],
    ids=" ".join,
)
def test_whatever_nobody_reads_ends_with_141(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing) as nobody:
        done = subprocess.run(
            [sys.executable, "-m", "regops", *arguments], stdout=nobody, stderr=subprocess.PIPE, text=True
        )
    is_failure = arguments[:2] == ["bootstrap", "verify"]
    assert done.returncode == (3 if is_failure and "-o" not in arguments else 141)
    assert ("error: " in done.stderr) == is_failure


def test_sigterm_ends_the_command_with_143_and_runs_its_cleanup(tmp_path: Path) -> None:
    program = (
        "import sys, time, regops.main as m, typer\n"
        "app = typer.Typer(cls=m.RegopsGroup)\n"
        "@app.callback()\n"
        "def main(): ...\n"
        "@app.command('wait')\n"
        "def wait():\n"
        "    try:\n"
        "        print('ready', flush=True); time.sleep(60)\n"
        "    finally:\n"
        "        print('cleaned', flush=True)\n"
        "app(['wait'])\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(signal.SIGTERM)
        assert child.stdout.read() == b"cleaned\n"
        assert (child.wait(60), child.stderr.read()) == (143, b"")


@pytest.mark.parametrize("arguments", [["--help"], ["ping", "http://127.0.0.1:1"], ["ping", "http://ä/"]])
def test_a_terminal_that_knows_only_ascii_gets_an_answer_all_the_same(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "regops", *arguments],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode != 70
    assert (done.stdout + done.stderr).isascii()


def defaults_seen(config: str, arguments: list[str], tmp_path: Path, environ: dict[str, str] | None = None) -> Any:
    """Return what a command with a timeout sees, given a configuration file."""
    seen: list[float] = []
    small = typer.Typer(cls=RegopsGroup)
    from regops.main import main

    small.callback()(main)

    @small.command("act")
    def act(timeout: TimeoutOption = 10.0) -> None:
        seen.append(timeout)

    file = tmp_path / "config.toml"
    file.write_text(config)
    result = CliRunner().invoke(small, ["--config", str(file), *arguments], env=environ)
    return seen or result


def test_a_flag_wins_over_the_environment_which_wins_over_the_file(tmp_path: Path) -> None:
    config = "timeout = 3\n"
    assert defaults_seen(config, ["act"], tmp_path) == [3.0]
    assert defaults_seen(config, ["act"], tmp_path, {"REGOPS_TIMEOUT": "4"}) == [4.0]
    assert defaults_seen(config, ["act", "--timeout", "5"], tmp_path, {"REGOPS_TIMEOUT": "4"}) == [5.0]


def test_a_table_for_a_command_wins_over_the_key_at_the_top(tmp_path: Path) -> None:
    assert defaults_seen("timeout = 3\n[act]\ntimeout = 6\n", ["act"], tmp_path) == [6.0]


@pytest.mark.parametrize(
    ("arguments", "seen"),
    [([], Color.NEVER), (["--color", "always"], Color.ALWAYS), (["--color", "auto"], Color.AUTO)],
)
def test_colour_too_can_be_configured_and_an_option_wins(arguments: list[str], seen: Color, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('color = "never"')
    services = Services()
    CliRunner().invoke(app, ["--config", str(file), *arguments, "lab", "env", "--name", "\x1b"], obj=services)
    assert services.color is seen


def test_the_document_names_the_whole_command() -> None:
    result = CliRunner().invoke(app, ["bootstrap", "list", "-o", "json"])
    assert json.loads(result.stdout)["command"] == "bootstrap list"


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ('color = "mauve"', "color must be one of auto, always, never"),
        ("tiemout = 3", "no option is called tiemout"),
        ("[act]\nnope = 3", "no option is called nope"),
        ("act = 3", "is a command and must be a table"),
        ("timeout = [", "is not TOML"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_a_usage_error(config: str, complaint: str, tmp_path: Path) -> None:
    result = defaults_seen(config, ["act"], tmp_path)
    assert result.exit_code == 2
    assert complaint in " ".join(result.stderr.split())
    assert "config.toml" in result.stderr.replace("\n", "")


def test_a_configuration_file_that_is_named_and_missing_is_an_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--config", str(tmp_path / "none.toml"), "ping"])
    assert result.exit_code == 2
    assert "cannot read the configuration file" in result.stderr


def test_a_configuration_in_the_working_directory_counts_only_when_nobody_else_can_write_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / ".regops.toml"
    file.write_text("timeout = 3")
    file.chmod(0o644)
    assert config_path(os.environ, None) == Path(".regops.toml")
    file.chmod(0o666)
    assert config_path(os.environ, None) is None
    file.unlink()
    file.symlink_to("/etc/passwd")
    assert config_path(os.environ, None) is None


def test_a_configuration_in_the_working_directory_that_is_not_read_is_mentioned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / ".regops.toml"
    file.write_text("nonsense = 3")
    file.chmod(0o666)
    result = CliRunner().invoke(app, ["lab", "env", "--name", "\x1b"])
    assert "note: ./.regops.toml is not read" in result.stderr
    assert "nonsense" not in result.stderr


def test_in_a_commands_own_table_an_option_goes_by_its_long_name(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[bootstrap.list]\ncontainer = "mine"\n')
    result = CliRunner().invoke(app, ["--config", str(file), "bootstrap", "list"])
    assert "no option is called" not in result.stderr


def test_services_in_the_context_are_the_ones_the_test_gave() -> None:
    services = Services()
    CliRunner().invoke(app_that(lambda: None), ["act", "-o", "json"], obj=services)
    assert services.output == "json"


def lost(redirection: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run regops with a standard stream that takes nothing, or is closed."""
    command = ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "regops", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize(("redirection", "why"), [(">/dev/full", "No space left"), (">&-", "Bad file descriptor")])
@pytest.mark.parametrize("arguments", [["--version"], ["ping", "127.0.0.1:1"], ["ping", "127.0.0.1:1", "-o", "json"]])
def test_an_answer_that_cannot_be_written_is_one_line_and_no_success(
    redirection: str, why: str, arguments: list[str]
) -> None:
    done = lost(redirection, *arguments)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"error: cannot write the answer: {why}")
    assert done.stderr.count("\n") == 1


def test_messages_do_not_go_into_the_answer_when_stderr_is_closed() -> None:
    done = lost("2>&-", "status", "http://bad address", "-o", "json")
    assert (done.returncode, json.loads(done.stdout)["exit_code"]) == (2, 2)


def test_with_every_stream_closed_a_command_ends_all_the_same() -> None:
    assert lost("<&- >&- 2>&-", "ping", "127.0.0.1:1").returncode == 3


@pytest.mark.parametrize(
    ("arguments", "command", "said"),
    [
        (["ping", "--bogus", "-o", "json"], "ping", "No such option: --bogus"),
        (["ping", "-c", "x", "--output=json", "127.0.0.1:1"], "ping", "Invalid value for '--count'"),
        (["ping", "-ojson"], "ping", "Missing argument 'URL'"),
        (["lab", "up", "--name", "A_", "--output", "json"], "lab up", "Invalid value for '--name'"),
        (["nosuch", "-o", "json"], "", "No such command 'nosuch'"),
        (["--bogus", "ping", "-o", "json"], "", "No such option: --bogus"),
    ],
)
def test_a_usage_error_in_json_is_a_document_too(arguments: list[str], command: str, said: str) -> None:
    result = CliRunner().invoke(app, arguments)
    document = json.loads(result.stdout)
    assert (result.exit_code, document["exit_code"], document["command"]) == (2, 2, command)
    assert document["errors"][0]["kind"] == "configuration"
    assert said in document["errors"][0]["message"]
    assert said.partition(" '")[0] in result.stderr


def test_the_environment_asks_for_json_of_a_usage_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGOPS_OUTPUT", "json")
    assert json.loads(CliRunner().invoke(app, ["ping", "--bogus"]).stdout)["exit_code"] == 2
    assert CliRunner().invoke(app, ["ping", "--bogus", "-o", "table"]).stdout == ""
    assert CliRunner().invoke(app, ["image", "sbom", "--bogus"]).stdout == ""  # has no such choice


def test_what_a_container_shall_run_is_no_question_for_json() -> None:
    assert CliRunner().invoke(app, ["logs", "--bogus", "--", "-o", "json"]).stdout == ""
