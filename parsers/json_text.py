"""JSON from a stranger: one value, or a ParseError, whatever the text is.

    {"failures": {"redis": "unconfigured"}, "host": "d1a4c9ceb538", "services": ["redis", "storage"]}

Grammar: RFC 8259. Python's own reader also takes NaN, fails with a ValueError on integers of thousands of digits and
with a RecursionError on deep nesting, and keeps the last of two equal names without a word.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn, cast

from parsers.errors import ParseError


@dataclass(frozen=True, slots=True)
class JsonText:
    """The value of a JSON text; duplicates are names that one of its objects held more than once, each named once."""

    value: object
    duplicates: tuple[str, ...]


class _NotFinite(ValueError):
    """NaN or Infinity, which JSON does not have."""


def parse_json(text: str, *, source: str) -> JsonText:
    """Return the value of a JSON text.

    Raises ParseError for everything else: nothing at all, HTML, a text cut short, NaN, nesting or numbers too big.
    """
    if not text.strip():
        raise ParseError("expected JSON, found nothing", source=source, line=1, text=text)
    duplicates: dict[str, None] = {}

    def pairs(found: list[tuple[str, object]]) -> dict[str, object]:
        seen = dict(found)
        if len(seen) != len(found):
            counted = Counter(name for name, _ in found)
            duplicates.update((name, None) for name, count in counted.items() if count > 1)
        return seen

    try:
        value: object = json.loads(text, object_pairs_hook=pairs, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        line = text.split("\n")[error.lineno - 1]
        raise ParseError(f"expected JSON: {error.msg}", source=source, line=error.lineno, text=line) from error
    except _NotFinite as error:
        raise ParseError(f"expected JSON: {error} is no number", source=source, line=1, text=text) from error
    except ValueError as error:
        raise ParseError("expected JSON: a number is too long", source=source, line=1, text=text) from error
    except RecursionError as error:
        raise ParseError("expected JSON: nested too deeply", source=source, line=1, text=text) from error
    return JsonText(value=value, duplicates=tuple(duplicates))


def as_object(value: object) -> Mapping[str, object] | None:
    """Return a JSON object as a mapping, None when the value is something else."""
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[object] | None:
    """Return a JSON array as a list, None when the value is something else."""
    return cast("list[object]", value) if isinstance(value, list) else None


def type_name(value: object) -> str:
    """Return what JSON calls the type of a value: `a number`, `null`."""
    if value is None:
        return "null"
    for kind, name in ((bool, "true or false"), (str, "a text"), (list, "a list"), (dict, "an object")):
        if isinstance(value, kind):
            return name
    return "a number"


def _refuse_constant(word: str) -> NoReturn:
    raise _NotFinite(word)
