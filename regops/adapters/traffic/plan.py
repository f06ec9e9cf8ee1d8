"""How to find the values of a log_format's lines by their columns, without looking at every byte.

Lines are cut at quotes, which nginx escapes in values; between two quotes stand values and texts that are walked from
left to right: a value ends where the text that follows it begins. What the walk cannot follow is left to the parser of
single lines (`parsers.nginx_access`), so a plan need not cover every line, and there is none for formats where the walk
could find a value where the parser finds another one or calls it unclear.
"""

from dataclasses import dataclass

from parsers.log_format import Escape, Segment
from parsers.nginx_access import AccessFormat
from parsers.nginx_variables import SHAPES

# A time has one width, and nearly all statuses; the others end at the first byte of the text that follows.
WIDTHS = {"time_local": 26, "time_iso8601": 25, "status": 3}
# How far a walk may go beyond the last line before it is found out, and how far one value takes it.
REACH_BYTES = 4096
VALUE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Text:
    """Bytes that every line has here."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Value:
    """A variable's value: width bytes, or else up to the byte `end`, or else (end None) up to the next quote.

    kept says that it has to be looked at: a fact is read from it, or not every text can stand there.
    """

    name: str
    width: int | None
    end: int | None
    kept: bool


Step = Text | Value


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps from each quote to the next one, and from the last one to the end of the line.

    facts are the variables that the parts of a request are read from, under the names that the parser has for them;
    shaped are those of which nginx says what they can be, and which nothing is read from. escapes_quotes says that a
    value may hold a quote with a backslash before it.
    """

    segments: tuple[tuple[Step, ...], ...]
    facts: dict[str, str]
    shaped: tuple[str, ...]
    escapes_quotes: bool


_FACTS = ("time", "request", "status", "remote_addr", "body_bytes_sent", "http_user_agent", "request_time")


def plan_columns(access_format: AccessFormat) -> Plan | None:
    """Return the plan for a format, None for one that has to be read line by line."""
    segments = access_format.segments
    facts = {fact: name for fact in _FACTS if (name := access_format.source(fact)) is not None}
    names = [field.name for segment in segments for field in segment.fields]
    kept = [name for name in names if name in SHAPES or name in facts.values()]
    if (
        access_format.escape is Escape.NONE
        or not {"time", "request", "status"} <= facts.keys()
        or not _stands_alone(facts["request"], segments)
        or len({*kept}) != len(kept)
        or not all(_can_be_walked(segment, access_format.escape) for segment in segments)
    ):
        return None
    steps = tuple(_steps(segment, {*kept}) for segment in segments)
    if sum(len(step.text) if isinstance(step, Text) else VALUE_BYTES for each in steps for step in each) > REACH_BYTES:
        return None
    shaped = tuple(name for name in kept if name not in facts.values())
    return Plan(steps, facts, shaped, escapes_quotes=access_format.escape is Escape.JSON)


def _stands_alone(name: str, segments: tuple[Segment, ...]) -> bool:
    """Return whether a variable has quotes on both sides."""
    inner = segments[1:-1]
    return any(segment.literals == ("", "") and segment.fields[0].name == name for segment in inner)


def _can_be_walked(segment: Segment, escape: Escape) -> bool:
    """Return whether the walk, where it gets through a segment, finds what the parser finds.

    It does where there is one way to read the segment; and where every blank of it belongs to its texts or its times,
    for that is a single way too. In JSON's escapes, a value without quotes around it may end in a backslash that takes
    the blank behind it with it.
    """
    alone = segment.literals == ("", "")
    if escape is Escape.JSON and not alone and any(field.shape is None for field in segment.fields):
        return False
    if segment.is_clear:
        return True
    blank_between = all(" " in literal for literal in segment.literals[1:-1])
    return blank_between and all(
        literal.startswith(" ") if field.shape is None else field.blanks is not None
        for field, literal in zip(segment.fields, segment.literals[1:], strict=True)
    )


def _steps(segment: Segment, kept: set[str]) -> tuple[Step, ...]:
    steps: list[Step] = []
    texts = [literal.encode("utf-8", "surrogateescape") for literal in segment.literals]
    if texts[0]:
        steps.append(Text(texts[0]))
    for field, after in zip(segment.fields, texts[1:], strict=True):
        steps.append(Value(field.name, WIDTHS.get(field.name), after[0] if after else None, kept=field.name in kept))
        if after:
            steps.append(Text(after))
    return tuple(steps)
