"""Foreign text cannot steer a terminal (catalogue D: escapes, C1, bidi, separators, invalid bytes, long lines)."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regops.render.visible import visible, visible_bytes, visible_line
from terminal_attacks import ATTACKS


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_is_shown_and_not_obeyed(attack: str) -> None:
    shown = visible(attack)
    assert all(unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in shown)
    assert "\\" in shown


def test_the_harmless_part_of_a_hostile_line_is_kept() -> None:
    assert visible("GET /v2/ \x1b[31mred\x1b[0m 200") == "GET /v2/ \\x1b[31mred\\x1b[0m 200"


def test_plain_text_tabs_newlines_and_other_scripts_stay_as_they_are() -> None:
    text = "tab\there\nнов ред, 日本語, naïve, 🙂"
    assert visible(text) == text


def test_bytes_that_are_not_utf_8_are_shown_as_what_they_are() -> None:
    assert visible_bytes(b"caf\xe9 \xff") == "caf\\xe9 \\xff"


def test_a_long_line_is_cut_and_says_by_how_much() -> None:
    assert visible_line("x" * 50, limit=20) == "x" * 20 + "…[30 characters cut]"


def test_no_control_or_format_character_of_unicode_gets_through_but_tab_and_newline() -> None:
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    assert {character for character in visible(everything) if unicodedata.category(character) in hidden} == {"\n", "\t"}


@given(st.binary())
def test_no_bytes_at_all_make_two_lines_of_one(raw: bytes) -> None:
    assert len(visible_line(visible_bytes(raw)).splitlines()) <= 1
