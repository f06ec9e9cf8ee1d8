r"""nginx's log_format as a pattern: the parser of a log is made from the directive that wrote it.

    log_format main 'PP - $http_pp_remote_addr - $remote_addr - $remote_user [$time_local] "$request" '
                    '$status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for"';

What makes such a line readable is that nginx escapes the quote in every value, as `\x22` or, with escape=json, as `\"`:
the quotes of a line are those of its format, and what stands between two of them is read by itself. A part with two
values that clients choose and no quote between them (the header and the user above) can be read in several ways; then
nothing is claimed of what is unclear. Source: ngx_http_log_module.c.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from parsers.errors import ParseError
from parsers.nginx_variables import SHAPES
from parsers.unclear_text import Field, UnclearText, is_clear

_VARIABLE = re.compile(r"\$(?:\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))")


class Escape(StrEnum):
    """The escape parameter of log_format."""

    DEFAULT = "default"
    JSON = "json"
    NONE = "none"


# What a value that a client chose can hold.
_LOOSE = {Escape.DEFAULT: '[^"]*', Escape.JSON: r'(?:[^"\\]|\\.)*', Escape.NONE: ".*"}


class Values(NamedTuple):
    """What a line holds: its values in the order of the format's names, None for one that is unclear."""

    values: tuple[str | None, ...]
    unclear: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a format between two quotes: its fields, and the text before, between and after them."""

    fields: tuple[Field, ...]
    literals: tuple[str, ...]

    @property
    def is_clear(self) -> bool:
        """Whether its text can be read in one way only, whatever its fields hold."""
        return is_clear(self.fields, self.literals)


class LinePattern:
    """A format ready to read lines with.

    names are its variables in order; two without text between them are one name. segments are its parts between quotes.

    Raises ParseError for a format that nginx would refuse.
    """

    def __init__(self, log_format: str, escape: Escape) -> None:
        self.segments = segments = _segments(log_format, escape)
        clear = [segment.is_clear for segment in segments]
        expressions = [
            _expression(segment, _LOOSE[escape]) if readable else f"({_LOOSE[escape]})"
            for segment, readable in zip(segments, clear, strict=True)
        ]
        self.names = tuple(field.name for segment in segments for field in segment.fields)
        self._pattern = re.compile('"'.join(expressions), re.DOTALL)
        self._is_clear = all(clear)
        # For each group of the pattern: how to split it, None for one that is a value.
        self._groups: list[UnclearText | None] = []
        for segment, readable in zip(segments, clear, strict=True):
            self._groups += (
                [None] * len(segment.fields) if readable else [UnclearText(segment.fields, segment.literals)]
            )

    def read(self, line: str) -> Values | None:
        """Return the values of a line, still escaped; None for one that the format did not write."""
        found = self._pattern.fullmatch(line)
        if found is None:
            return None
        if self._is_clear:
            return Values(found.groups())
        values: list[str | None] = []
        for group, text in zip(self._groups, found.groups(), strict=True):
            if group is None:
                values.append(text)
            elif (parts := group.split(text)) is not None:
                values += parts
            else:
                return None
        unclear = [name for name, value in zip(self.names, values, strict=True) if value is None]
        return Values(tuple(values), tuple(unclear))


def _segments(log_format: str, escape: Escape) -> tuple[Segment, ...]:
    literals, names = _words(log_format)
    segments: list[Segment] = []
    fields: list[Field] = []
    texts: list[str] = []
    for literal, name in zip(literals, [*names, None], strict=True):
        first, *others = literal.split('"') if escape is not Escape.NONE else [literal]
        texts.append(first)
        for text in others:
            segments.append(Segment(tuple(fields), tuple(texts)))
            fields, texts = [], [text]
        if name is not None:
            shape = SHAPES.get(name)
            fields.append(Field(name, shape.pattern, shape.stops, shape.blanks) if shape else Field(name))
    segments.append(Segment(tuple(fields), tuple(texts)))
    return tuple(segments)


def _words(log_format: str) -> tuple[list[str], list[str]]:
    """Return the texts of a format and the variables between them."""
    literals, names = [""], list[str]()
    at = 0
    while at < len(log_format):
        if log_format[at] != "$":
            end = log_format.find("$", at)
            literals[-1] += log_format[at : end if end >= 0 else None]
            at = end if end >= 0 else len(log_format)
            continue
        found = _VARIABLE.match(log_format, at)
        if found is None:
            raise ParseError("expected the name of a variable", source="log_format", line=1, text=log_format[at:])
        name = found[1] or found[2]
        if names and not literals[-1]:
            names[-1] += f"+{name}"
        else:
            names.append(name)
            literals.append("")
        at = found.end()
    return literals, names


def _expression(segment: Segment, loose: str) -> str:
    parts = [re.escape(segment.literals[0])]
    for field, literal in zip(segment.fields, segment.literals[1:], strict=True):
        parts.append(f"({field.shape.pattern if field.shape else loose})")
        parts.append(re.escape(literal))
    return "".join(parts)
