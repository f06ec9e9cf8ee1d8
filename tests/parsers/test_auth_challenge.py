"""`WWW-Authenticate`, as registries send it and as nobody should."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.auth_challenge import Challenge, parse_auth_challenge
from parsers.errors import ParseError
from parsing import keeps_promise, outcome

words = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=12)
values = st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
challenges = st.builds(Challenge, words, st.lists(st.tuples(words, values), max_size=4).map(tuple))


def header_of(challenge: Challenge) -> str:
    def quoted(value: str) -> str:
        return value.replace("\\", "\\\\").replace('"', '\\"')

    return f"{challenge.scheme} " + ", ".join(f'{name}="{quoted(value)}"' for name, value in challenge.parameters)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('Basic realm="Registry"', [("basic", {"realm": "Registry"})]),
        (
            'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push"',
            [
                (
                    "bearer",
                    {
                        "realm": "https://auth.example/token",
                        "service": "registry.example",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
        ),
        ('Basic realm="a, b=c", Bearer realm=x', [("basic", {"realm": "a, b=c"}), ("bearer", {"realm": "x"})]),
        ("Negotiate", [("negotiate", {})]),
        ("Negotiate abc==, Basic realm=r", [("negotiate", {}), ("basic", {"realm": "r"})]),
        ('Basic realm="say \\"hi\\""', [("basic", {"realm": 'say "hi"'})]),
        ("Basic", [("basic", {})]),
    ],
)
def test_challenges_are_told_apart(text: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert [(found.scheme, dict(found.parameters)) for found in parse_auth_challenge(text, source="h")] == expected


@pytest.mark.parametrize("text", ["", ",", "=", 'realm="x"', '"Basic"', "x" * 9000])
def test_what_is_no_challenge_is_refused(text: str) -> None:
    with pytest.raises(ParseError, match="h, line 1"):
        parse_auth_challenge(text, source="h")


@given(challenges)
def test_what_we_format_we_read_back(challenge: Challenge) -> None:
    assert parse_auth_challenge(header_of(challenge), source="h") == (challenge,)


@given(st.text() | st.text(alphabet='Basicrelm="\\, \t='))
def test_any_text_is_a_list_of_challenges_or_an_error(text: str) -> None:
    found = outcome(lambda: parse_auth_challenge(text, source="h"))
    assert found
    assert keeps_promise(found, "", source="h")
