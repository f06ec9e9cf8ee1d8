"""JSON from strangers: every text is a value or an error with source and line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.errors import ParseError
from parsers.json_text import parse_json
from parsing import keeps_promise, outcome

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "found nothing"),
        (" \n ", "found nothing"),
        ("<html>", "Expecting value"),
        ('{"failures": {', "Expecting"),
        ("NaN", "NaN is no number"),
        ('{"a": -Infinity}', "-Infinity is no number"),
        ("[" * 200_000, "nested too deeply"),
        ('{"a":' * 200_000, "nested too deeply"),
        ("9" * 100_000, "a number is too long"),
    ],
)
def test_what_is_no_json_is_an_error_that_says_why(text: str, reason: str) -> None:
    with pytest.raises(ParseError, match="page, line 1: ") as caught:
        parse_json(text, source="page")
    assert reason in caught.value.reason


def test_the_error_names_the_line_and_shows_it() -> None:
    with pytest.raises(ParseError) as caught:
        parse_json('{\n"a": 1,\n"b" 2}', source="page")
    assert (caught.value.line, caught.value.text) == (3, '"b" 2}')


def test_names_that_come_twice_are_told() -> None:
    found = parse_json('{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}', source="page")
    assert (found.value, found.duplicates) == ({"a": 3, "b": {"c": 2}}, ("c", "a"))


@given(json_values)
def test_every_json_value_is_read_as_itself(value: object) -> None:
    assert parse_json(json.dumps(value), source="page").value == value


@given(st.text() | st.text(alphabet='{}[]":,0123456789eE+-.truefalsn \n'))
def test_any_text_is_a_value_or_an_error_with_source_and_line(text: str) -> None:
    found = outcome(lambda: parse_json(text, source="page"))
    assert keeps_promise(found, text, source="page")
