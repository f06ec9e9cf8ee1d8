"""A quick look into bytes never passes over what a pattern finds."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from regops.collectors.logs.needle import needle

PATTERNS = st.lists(
    st.sampled_from(["abc", "ab", "sk", "é", ".", "*", "?", "+", "^", "$", "[a]", "(b)", " "]), max_size=8
)


@given(PATTERNS.map("".join), st.text("abcskKſé *?+.", max_size=40), st.sampled_from([0, re.IGNORECASE]))
@example("a.*bcd.*abcde", "axxbcdxxabcde", 0)
@example("x.*?abc", "xabc", 0)
@example("a+?bcd", "abcd", 0)
@example("a++bcd", "abcd", 0)
def test_nothing_that_a_pattern_finds_is_passed_over(pattern: str, text: str, flags: int) -> None:
    try:
        compiled = re.compile(pattern, flags)
    except re.error:
        return
    look = needle(compiled)
    if look is not None and compiled.search(text):
        assert look(text.encode())


@pytest.mark.parametrize("pattern", ["host.*redis", "timed out", "x?timeout+"])
def test_bytes_without_the_text_of_a_pattern_are_passed_over(pattern: str) -> None:
    look = needle(re.compile(pattern))
    assert look is not None
    assert not look(b'172.17.0.1 - - "GET /v2/ HTTP/1.1" 200')
