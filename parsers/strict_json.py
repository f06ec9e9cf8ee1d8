"""JSON objects read with strict types: a wrong one is named with its path and line, and its value is not quoted.

Values are never quoted because the documents read this way (a container's inspect) hold passwords.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from parsers.errors import ParseError
from parsers.json_text import as_list, as_object, parse_json, type_name

_SHOWN = 120
_T = TypeVar("_T")


class JsonObject:
    """One JSON object and the path that led to it.

    Every accessor takes a key and treats a missing one like null, which is how Go writes an empty value: it gives the
    empty value of the type asked for. A value of another type raises ParseError.
    """

    __slots__ = ("_path", "_source", "_text", "_values")

    def __init__(self, values: Mapping[str, Any], *, path: tuple[str, ...], text: str, source: str) -> None:
        self._values = values
        self._path = path
        self._text = text
        self._source = source

    def text(self, key: str) -> str:
        """Return a string."""
        return self._value(key, str, "a string", "")

    def flag(self, key: str) -> bool:
        """Return a boolean."""
        return self._value(key, bool, "true or false", default=False)

    def number(self, key: str, *, least: int, most: int) -> int:
        """Return a whole number between two bounds, both allowed; one that is not there is 0."""
        expected = f"a whole number from {least} to {most}"
        value = self._value(key, int, expected, 0)
        if isinstance(value, bool) or (key in self and not least <= value <= most):
            raise self.wrong(key, expected)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings."""
        values: list[Any] = self._value(key, list, "a list of strings", [])
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(key, "a list of strings")
        return tuple(values)

    def child(self, key: str) -> "JsonObject":
        """Return an object."""
        return self._child(key, self._value(key, dict, "an object", {}))

    def children(self, key: str) -> tuple["JsonObject", ...]:
        """Return a list of objects."""
        values: list[Any] = self._value(key, list, "a list of objects", [])
        if not all(isinstance(value, dict) for value in values):
            raise self.wrong(key, "a list of objects")
        return tuple(self._child(key, value) for value in values)

    def wrong(self, key: str, expected: str) -> ParseError:
        """Return the error that says what a key must be; raise it."""
        path = (*self._path, key)
        shown = ".".join(path)[:_SHOWN]
        line = _line_of(self._text, path)
        return ParseError(
            f"{shown} must be {expected}", source=self._source, line=line, text=type_name(self._values.get(key))
        )

    def __contains__(self, key: str) -> bool:
        return self._values.get(key) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def _value(self, key: str, kind: type[_T], expected: str, default: _T) -> _T:
        value = self._values.get(key)
        if value is None:
            return default
        if not isinstance(value, kind):
            raise self.wrong(key, expected)
        return value

    def _child(self, key: str, values: dict[str, Any]) -> "JsonObject":
        return JsonObject(values, path=(*self._path, key), text=self._text, source=self._source)


def parse_json_object(text: str, source: str) -> JsonObject:
    """Return the object a text holds; a list with exactly one object counts as that object.

    Raises ParseError for everything else, nesting and numbers too large for Python among it.
    """
    try:
        document = parse_json(text, source=source).value
    except ParseError as error:
        raise ParseError(error.reason, source=source, line=error.line, text="") from None
    listed = as_list(document)
    if listed is not None and len(listed) == 1:
        document = listed[0]
    values = as_object(document)
    if values is None:
        raise ParseError("expected one object", source=source, line=1, text=type_name(document))
    return JsonObject(values, path=(), text=text, source=source)


def _line_of(text: str, path: tuple[str, ...]) -> int:
    """Return the line on which the keys of a path, sought one after another, end; 1 in a document of one line."""
    position = 0
    for key in path:
        position = max(position, text.find(json.dumps(key), position))
    return text.count("\n", 0, position) + 1
