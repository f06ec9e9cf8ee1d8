"""Help in plain words: what is typed, without the framework's names of types, ranges and braces."""

from functools import partial
from typing import Any


def speak_plainly(command: Any) -> None:
    """Let the help of one command of Typer's show `--quick`, `-c N` and `URL`.

    Not `--quick <bool>`, `-c N [x>=0]` and `{URL} <str>`: these leave too little room for the words beside them. What
    a value may be stands in the reference, and is said where one is refused.
    """
    command.get_params = partial(_plain_parameters, command.get_params)
    command.collect_usage_pieces = partial(_plain_pieces, command.collect_usage_pieces)
    command.format_help = partial(_help_without_ranges, command.format_help)


def _plain_parameters(parameters: Any, ctx: Any) -> list[Any]:
    found: list[Any] = parameters(ctx)
    for one in found:
        is_argument = one.param_type_name == "argument"
        if getattr(one, "is_flag", False) or (is_argument and not one.type_descriptor.is_choice):
            one.display_type_rich = _no_type
    return found


def _no_type(ctx: Any) -> None:  # noqa: ARG001
    return None


def _plain_pieces(pieces: Any, ctx: Any) -> list[str]:
    return [piece.replace("{", "").replace("}", "") for piece in pieces(ctx)]


def _help_without_ranges(format_help: Any, ctx: Any, formatter: Any) -> None:
    from typer import rich_utils  # it loads rich, which only a help needs

    rich_utils.RANGE_STRING = ""
    format_help(ctx, formatter)
