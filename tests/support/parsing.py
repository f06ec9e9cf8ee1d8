"""What every parser promises of any text: a value, or an error that names source and line."""

from collections.abc import Callable
from typing import TypeVar

from parsers.errors import ParseError

Value = TypeVar("Value")


def outcome(parse: Callable[[], Value]) -> Value | ParseError:
    """Return the value, or the error instead of raising it."""
    try:
        return parse()
    except ParseError as error:
        return error


def keeps_promise(found: object, text: str, *, source: str) -> bool:
    """Return whether an outcome is a value, or an error of that source and of a line the text has."""
    if not isinstance(found, ParseError):
        return True
    return found.source == source and 1 <= found.line <= text.count("\n") + 1
