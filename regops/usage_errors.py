"""Usage errors, which come before any command of ours has begun: a JSON document, and plain words for people."""

import os
import sys
from collections.abc import Sequence
from typing import Any

from regops.errors import ConfigurationError
from regops.wiring import Services


def tell_usage_error(error: Any, services: Services, arguments: Sequence[str]) -> None:
    """Put the document of an error of Typer's on stdout, if arguments, environment or configuration asked for JSON.

    The framework tells it to people afterwards: without the library's name for such errors before it.
    """
    if isinstance(message := getattr(error, "message", None), str):
        error.message = message.removeprefix("Value error, ")
    ctx: Any = getattr(error, "ctx", None)
    if ctx is None or not hasattr(error, "format_message") or type(error).__name__ == "NoArgsIsHelpError":
        return
    is_group = hasattr(ctx.command, "commands")
    has_output = is_group or any(one.name == "output" for one in ctx.command.params)
    if not has_output or _asked_output(arguments, services) != "json":
        return
    from regops.render.json import error_document

    told = ConfigurationError(error.format_message(), hint=f"`{ctx.command_path} --help` lists what can be given")
    command = ctx.command_path.partition(" ")[2]
    sys.stdout.write(error_document(told, command=command, now=services.clock.now()))
    sys.stdout.flush()


def _asked_output(arguments: Sequence[str], services: Services) -> str:
    """Return the form that was asked for; the words are looked through, for the error kept them from being read."""
    asked = services.output if services.output != "table" else os.environ.get("REGOPS_OUTPUT", "table")
    words = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word in {"-o", "--output"}:
            asked = following
        elif word.startswith("--output="):
            asked = word.partition("=")[2]
        elif word.startswith("-o"):
            asked = word.removeprefix("-o")
    return asked
