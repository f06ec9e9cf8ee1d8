"""Fields that may hold the text between them: every claim is held against all ways to read the text."""

import re
from collections.abc import Iterator, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.unclear_text import Field, UnclearText, is_clear

LOOSE = Field("loose")
NUMBER = Field("number", re.compile("[0-9]{1,9}|-|"), ' []|"', 0)
WORD = Field("word", re.compile('[^ "]*'), " ", 0)
DATE = Field("date", re.compile("[0-9]{1,2} [0-9]{1,2}"), "[]|", 1)

VALUES = {
    "loose": st.lists(st.sampled_from([" ", "-", " - ", "|", "[", "] ", "a", "7"]), max_size=4).map("".join),
    "number": st.sampled_from(["7", "77", "-", ""]),
    "word": st.sampled_from(["a", "a|7", "[a", "-", "a-", "]", ""]),
    "date": st.sampled_from(["7 7", "77 7"]),
}
fields = st.lists(st.sampled_from([LOOSE, NUMBER, WORD, DATE]), min_size=1, max_size=4)
between = st.sampled_from([" ", " - ", "|", " [", "] ", "-"])


@st.composite
def texts(draw: st.DrawFn) -> tuple[list[Field], list[str], str]:
    """Return fields, the texts around them, and a text that was made of both, or nearly."""
    wanted = draw(fields)
    literals = ["", *draw(st.lists(between, min_size=len(wanted) - 1, max_size=len(wanted) - 1)), ""]
    text = "".join(f"{literal}{draw(VALUES[field.name])}" for field, literal in zip(wanted, literals, strict=False))
    return wanted, literals, text if draw(st.booleans()) else text[1:]


def all_ways(text: str, wanted: Sequence[Field], literals: Sequence[str]) -> Iterator[list[str]]:
    """Yield every way to read a text, by trying all."""
    if not text.startswith(literals[0]):
        return
    rest = text[len(literals[0]) :]
    if not wanted:
        if not rest:
            yield []
        return
    for end in range(len(rest) + 1):
        if wanted[0].shape is None or wanted[0].shape.fullmatch(rest, 0, end):
            for others in all_ways(rest[end:], wanted[1:], literals[1:]):
                yield [rest[:end], *others]


@given(texts())
@settings(deadline=None, max_examples=250)
def test_a_value_is_given_exactly_where_all_ways_agree(made: tuple[list[Field], list[str], str]) -> None:
    wanted, literals, text = made
    ways = list(all_ways(text, wanted, literals))
    found = UnclearText(wanted, literals).split(text)
    assert (found is None) == (not ways)
    for index, value in enumerate(found or []):
        # The places of a value must agree, not its text alone: `-` here may be another `-` there.
        assert value is None or {way[index] for way in ways} == {value}
        assert value is not None or len(ways) > 1


@given(texts())
@settings(deadline=None, max_examples=250)
def test_what_is_called_clear_has_one_way_at_most(made: tuple[list[Field], list[str], str]) -> None:
    wanted, literals, text = made
    ways = list(all_ways(text, wanted, literals))
    assert not is_clear(wanted, literals) or len(ways) <= 1


def test_a_text_with_too_many_ways_is_not_weighed() -> None:
    pattern = UnclearText([LOOSE, LOOSE], ["", "-", ""])
    assert pattern.split("-" * 100) == [None, None]
    assert pattern.split("-" * 100_000) is None
