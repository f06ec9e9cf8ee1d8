"""A text of fields and known texts between them, where the fields may hold those texts too.

`- a - b -` as FIELD, ` - `, FIELD can be read in two ways. All ways are weighed, and a field is given only where all of
them agree about it: what a client writes into a header cannot pose as another field.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

# A text that appears more often than this is there to cost time.
_MOST_PLACES = 128


@dataclass(frozen=True, slots=True)
class Field:
    """A field and what its value looks like: shape is None for one that can hold anything.

    No value holds one of the characters in stops; each has as many blanks, None for any number.
    """

    name: str
    shape: re.Pattern[str] | None = None
    stops: str = ""
    blanks: int | None = None


def is_clear(fields: Sequence[Field], literals: Sequence[str]) -> bool:
    """Tell whether a pattern over these fields, with the texts around them, can match in one way only.

    It does where one field at most can hold anything, and the text next to each other one, on the side of that field,
    has a character that the field never has.
    """
    # A second field without a shape has no stops either.
    middle = next((index for index, field in enumerate(fields) if field.shape is None), len(fields) - 1)
    nearest = [literals[index + 1] if index < middle else literals[index] for index in range(len(fields))]
    return all(
        index == middle or any(stop in literal for stop in field.stops)
        for index, (field, literal) in enumerate(zip(fields, nearest, strict=True))
    )


class UnclearText:
    """Fields that `is_clear` does not hold of, with the texts before, between and after them; none between is empty."""

    def __init__(self, fields: Sequence[Field], literals: Sequence[str]) -> None:
        self._fields = fields
        self._first, *self._between, self._last = literals
        self._tight: re.Pattern[str] | None = None
        self._blanks = sum(literal.count(" ") for literal in literals) + sum(field.blanks or 0 for field in fields)
        if all(" " in literal for literal in self._between) and all(
            field.shape is None or field.blanks is not None for field in fields
        ):
            shapes = [f"({field.shape.pattern if field.shape else '[^ ]*'})" for field in fields]
            parts = [part for pair in zip(map(re.escape, literals), [*shapes, ""], strict=True) for part in pair]
            self._tight = re.compile("".join(parts))

    def split(self, text: str) -> list[str | None] | None:
        """Return the value of each field, None for one of which the ways to read the text disagree.

        None where there is no way to read the text, or there are too many to weigh them.
        """
        if self._tight is not None and text.count(" ") == self._blanks:
            # All blanks are those of the texts between the fields: there is one way at most.
            found = self._tight.fullmatch(text)
            return list(found.groups()) if found else None
        begin, end = len(self._first), len(text) - len(self._last)
        if begin > end or not (text.startswith(self._first) and text.endswith(self._last)):
            return None
        ends = [_places(text, literal, begin, end) for literal in self._between]
        if any(len(places) > _MOST_PLACES for places in ends):
            return None
        return self._agreed(text, begin, [*ends, [end]])

    def _agreed(self, text: str, begin: int, ends: list[list[int]]) -> list[str | None] | None:
        """Return what all ways agree on; ends are the places where each field may end."""
        lengths = [0, *map(len, self._between)]
        starts = [begin]
        for index, field in enumerate(self._fields):
            ends[index] = _reached(field, text, starts, ends[index])
            starts = [place + lengths[index + 1] for place in ends[index]] if index + 1 < len(lengths) else []
        for index in range(len(ends) - 1, 0, -1):
            length = lengths[index]
            starts = _leading(self._fields[index], text, [place + length for place in ends[index - 1]], ends[index])
            ends[index - 1] = [start - length for start in starts]
        if not all(ends):
            return None
        # A value is agreed on where there is one place left for its end, and one for the end of the field before it.
        begins = [begin, *(places[0] + length for places, length in zip(ends, lengths[1:], strict=False))]
        agreed = [True, *(len(places) == 1 for places in ends)]
        return [
            text[start : places[0]] if agreed[index] and agreed[index + 1] else None
            for index, (start, places) in enumerate(zip(begins, ends, strict=True))
        ]


def _reached(field: Field, text: str, starts: list[int], ends: list[int]) -> list[int]:
    """Return the ends that a field can have which begins at one of starts; both are in order."""
    if field.shape is None or not starts:
        return [end for end in ends if starts and starts[0] <= end]
    fits = field.shape.fullmatch
    return [end for end in ends if any(start <= end and fits(text, start, end) for start in starts)]


def _leading(field: Field, text: str, starts: list[int], ends: list[int]) -> list[int]:
    """Return the starts that a field can have which ends at one of ends; both are in order."""
    if field.shape is None or not ends:
        return [start for start in starts if ends and start <= ends[-1]]
    fits = field.shape.fullmatch
    return [start for start in starts if any(start <= end and fits(text, start, end) for end in ends)]


def _places(text: str, literal: str, start: int, end: int) -> list[int]:
    places: list[int] = []
    at = text.find(literal, start, end)
    while at >= 0 and len(places) <= _MOST_PLACES:
        places.append(at)
        at = text.find(literal, at + 1, end)
    return places
