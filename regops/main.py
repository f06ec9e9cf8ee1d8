"""The application: its commands, its global options, and the one place where errors become messages."""

import contextlib
import errno
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
from regops.command_groups import LazyGroup
from regops.errors import ConfigurationError, ExitStatus, RegopsError
from regops.render import Color
from regops.render.messages import say
from regops.settings import config_path, is_left_out, load_config, option_defaults
from regops.usage_errors import tell_usage_error
from regops.wiring import Services

# What stdout fails with: its disk is full, or it was closed. Whoever writes other files tells of them by itself.
_OUTPUT_LOST = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})


class RegopsGroup(TyperGroup):
    """Turns every failure into a message on stderr and an exit status, whichever command it came from."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Read the command line and run it."""
        _open_closed_streams()
        _print_everything()
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # as it was while all this was loaded
            signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return super().main(*args, **extra)
        except SystemExit as ended:
            # The framework and rich end with 1 when the reader of our output has enough (`| head`), which would be bad
            # news: end as a program killed by SIGPIPE would.
            if not isinstance(ended.__context__, BrokenPipeError):
                raise
            _drop_output()
            sys.exit(ExitStatus.BROKEN_PIPE)
        except OSError as error:
            if error.errno not in _OUTPUT_LOST:
                raise
            _drop_output()
            with contextlib.suppress(OSError):  # stderr may go to the same place
                print(f"error: cannot write the answer: {error.strerror}", file=sys.stderr, flush=True)
            sys.exit(ExitStatus.UNKNOWN)

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
        """Read the options before the command."""
        self._arguments = tuple(args)
        try:
            return super().make_context(info_name, args, parent, **extra)
        except Exception as error:
            tell_usage_error(error, extra.get("obj") or Services(), self._arguments)
            raise

    def invoke(self, ctx: Any) -> Any:
        """Run the command; foreseen failures end in one message, unforeseen ones in a traceback and status 70."""
        ctx.obj = ctx.obj or Services()
        _clean_up_when_told_to_stop()
        try:
            return super().invoke(ctx)
        except RegopsError as error:
            ctx.obj.report(error)
            raise typer.Exit(error.exit_status) from error
        except KeyboardInterrupt:
            ctx.obj.report_interruption()
            raise
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if type(error).__module__.startswith("typer."):
                tell_usage_error(error, ctx.obj, self._arguments)
                raise  # a usage error: the framework shows it and exits with 2
            if isinstance(error, OSError) and error.errno in _OUTPUT_LOST:
                raise
            ctx.obj.report_bug(traceback.format_exc())
            raise typer.Exit(ExitStatus.BUG) from error


def _open_closed_streams() -> None:
    """Give a standard stream that came closed its number back, so that no connection of ours takes it.

    stdout refuses what is written, for an answer that nobody gets is no success; stderr swallows it.
    """
    for number, name, mode in ((1, "stdout", os.O_RDONLY), (2, "stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, mode)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8"))


def _drop_output() -> None:
    """Let stdout go nowhere, or the interpreter would complain when it flushes at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


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


class _Commands(RegopsGroup, LazyGroup):
    package = "regops.commands"
    names = ("ping", "status", "nginx-status", "ps", "search", "logs", "traffic", "enter", "bootstrap", "image", "lab")


app = typer.Typer(
    cls=_Commands,
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
        Path | None,
        typer.Option("--config", metavar="FILE", help="Configuration file (TOML), instead of the usual places."),
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
    services.command = ctx.invoked_subcommand or ""
    if is_left_out(os.environ, config):
        say("note", "./.regops.toml is not read: it is not yours alone to write; --config takes it")
    path = config_path(os.environ, config)
    table = load_config(path)
    services.color = _color(color, table.pop("color", color), ctx, where=f"{path}:")
    if table:  # or every command would be imported to look for its options
        ctx.default_map = option_defaults(ctx.command, table, where=f"{path}:")


def _color(asked: Color, configured: object, ctx: typer.Context, *, where: str) -> Color:
    """Return the colour to use: this option stands before the commands, where their defaults do not reach."""
    source = ctx.get_parameter_source("color")
    if source is not None and source.name != "DEFAULT":
        return asked
    try:
        return Color(str(configured))
    except ValueError as error:
        raise ConfigurationError(f"{where} color must be one of {', '.join(Color)}") from error
