"""Keystone's error documents, and any text at all in their place."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.errors import ParseError
from parsers.keystone_error import parse_keystone_error
from parsing import keeps_promise, outcome

SAMPLE = Path(__file__).parent / "samples" / "keystone_error" / "no_domain.json"
json_values = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["error", "message", "code"]), inner),
    max_leaves=8,
)


def test_a_real_refusal_is_read() -> None:
    message = parse_keystone_error(SAMPLE.read_text(), source="Keystone")
    assert message.startswith("Expecting to find domain in user. The server could not comply with the request")


@pytest.mark.parametrize("text", ["", "<html>", "[]", "{}", '{"error": "no"}', '{"error": {"message": 5}}'])
def test_what_is_no_error_of_keystones_is_told_apart(text: str) -> None:
    with pytest.raises(ParseError):
        parse_keystone_error(text, source="Keystone")


@given(st.text() | json_values.map(json.dumps))
def test_any_text_is_a_message_or_no_error_of_keystones(text: str) -> None:
    assert keeps_promise(outcome(lambda: parse_keystone_error(text, source="Keystone")), text, source="Keystone")
