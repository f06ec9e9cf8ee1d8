"""An answer as text: a table for people, JSON for scripts, metrics for scraping. No judgement is made here."""

import os
import sys
from enum import StrEnum
from typing import TextIO

from regops.errors import RegopsError
from regops.model.answer import Answer, Target, part_failures
from regops.render.messages import say
from regops.render.visible import visible


class Color(StrEnum):
    """When to colour; auto means on a terminal, unless NO_COLOR is set."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def use_color(color: Color, stream: TextIO) -> bool:
    """Return whether to colour what goes to a stream (NO_COLOR wins over FORCE_COLOR, an option over both)."""
    if color is not Color.AUTO:
        return color is Color.ALWAYS
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def write_answer(answer: Answer, *, output: str, command: str, now: float, color: Color) -> None:
    """Print an answer on stdout in the chosen form, and on stderr why parts of it failed."""
    if output == "json":
        from regops.render.json import answer_document

        sys.stdout.write(answer_document(answer, command=command, now=now))
    elif output == "prometheus":
        from regops.render.prometheus import exposition

        sys.stdout.write(exposition(answer))
    else:
        from regops.render.table import print_answer

        print_answer(answer, color=use_color(color, sys.stdout))
    sys.stdout.flush()
    for failure in part_failures(answer):
        _say(failure.message, failure.hint)


def write_error(error: RegopsError, *, output: str, command: str, target: Target, now: float) -> None:
    """Say what failed and what to try next, on stderr; with JSON, put the document on stdout as well."""
    _say(error.message, error.hint)  # first, for nobody may read stdout any more
    if output == "json":
        from regops.render.json import error_document

        sys.stdout.write(error_document(error, command=command, target=target, now=now))
        sys.stdout.flush()


def _say(message: str, hint: str) -> None:
    say("error", visible(message))
    if hint:
        say("hint", visible(hint))
