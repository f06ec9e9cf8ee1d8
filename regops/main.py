"""The application: its commands, its global options, and the one place where errors become messages."""

import io
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from regops import __version__
from regops.commands import bootstrap, enter, lab, logs, nginx_status, ping, ps, status
from regops.errors import ExitStatus, RegopsError
from regops.render import Color
from regops.settings import config_path, load_config, option_defaults
from regops.wiring import Services


class RegopsGroup(TyperGroup):
    """Turns every failure into a message on stderr and an exit status, whichever command it came from."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Read the command line and run it."""
        _print_everything()
        return super().main(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; foreseen failures end in one message, unforeseen ones in a traceback and status 70."""
        ctx.obj = ctx.obj or Services()
        _clean_up_when_told_to_stop()
        try:
            return super().invoke(ctx)
        except RegopsError as error:
            ctx.obj.report(error)
            raise typer.Exit(error.exit_status) from error
        except BrokenPipeError:
            # Whoever read our output has enough (`| head`): end as a program killed by SIGPIPE would, and keep the
            # interpreter from complaining when it flushes at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(ExitStatus.BROKEN_PIPE) from None
        except (typer.Exit, typer.Abort, KeyboardInterrupt):
            raise
        except Exception as error:
            if type(error).__module__.startswith("typer."):
                raise  # a usage error: the framework shows it and exits with 2
            ctx.obj.report_bug(traceback.format_exc())
            raise typer.Exit(ExitStatus.BUG) from error


def _print_everything() -> None:
    """Let a terminal that cannot show a character show its number instead, and never end the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _clean_up_when_told_to_stop() -> None:
    """Let SIGTERM and SIGHUP unwind the stack as Ctrl-C does, so that terminals and files are put right.

    A signal that is ignored stays so: that is what nohup asks for.
    """

    def stop(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, stop)


app = typer.Typer(
    cls=RegopsGroup,
    name="regops",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"regops {__version__}")
        raise typer.Exit


@app.callback()
def main(
    ctx: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", help="Configuration file (TOML), instead of the usual places.")
    ] = None,
    color: Annotated[
        Color, typer.Option("--color", envvar="REGOPS_COLOR", help="Colour: auto means on a terminal.")
    ] = Color.AUTO,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Operations and troubleshooting for people who run a Docker registry.

    Is it alive, is it well, what do its logs say, and how do I start the first one?

    Options come from the command line, then REGOPS_* variables, then the configuration file.
    """
    services: Services = ctx.obj
    services.color = color
    services.command = ctx.invoked_subcommand or ""
    path = config_path(os.environ, config)
    ctx.default_map = option_defaults(ctx.command, load_config(path), where=f"{path}:")


app.command("ping")(ping.ping)
app.command("status")(status.status)
app.command("nginx-status")(nginx_status.nginx_status)
app.command("ps")(ps.ps)
app.command("logs")(logs.logs)
app.command("enter")(enter.enter)
app.add_typer(bootstrap.app, name="bootstrap")
app.add_typer(lab.app, name="lab")
