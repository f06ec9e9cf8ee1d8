"""Answers for people: one module per answer, at most 80 columns, legible without colour."""

import sys

from rich.console import Console, RenderableType

from regops.model.answer import Answer


def print_answer(answer: Answer, *, color: bool) -> None:
    """Print an answer on stdout; colour only where asked for."""
    make_console(color=color).print(renderable(answer))


def make_console(*, color: bool, stderr: bool = False) -> Console:
    """Return a console that never reads markup, emoji codes or highlights out of the text it is given."""
    return Console(
        file=sys.stderr if stderr else sys.stdout,
        force_terminal=color,
        no_color=not color,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=False,
    )


def renderable(answer: Answer) -> RenderableType:
    """Return what rich prints for an answer."""
    match answer:
        case _:
            raise TypeError(f"{type(answer).__name__} has no table")
