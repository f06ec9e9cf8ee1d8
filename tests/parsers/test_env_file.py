"""Env files: what a container is started with, and what is refused before it becomes a wrong password."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.env_file import Variable, parse_env_file
from parsers.errors import ParseError
from parsing import keeps_promise, outcome

SAMPLES = Path(__file__).parent / "samples/env_file"


def values(found: dict[str, Variable]) -> dict[str, str | None]:
    return {name: variable.value for name, variable in found.items()}


def test_a_file_as_docker_takes_it_is_read_to_the_letter() -> None:
    found = parse_env_file((SAMPLES / "registry.env").read_text(), source="registry.env")
    assert values(found) == {
        "SETTINGS_FLAVOR": "qa",
        "OS_AUTH_URL": "http://swift.example:8080/auth/v1.0",
        "OS_USERNAME": "lab:operator",
        "OS_PASSWORD": "a key: 100% = #1",
        "OS_CONTAINER": "docker-registry",
        "TLS_NAMES": "",
        "HTTP_SECRET": None,
    }


def test_line_ends_and_marks_of_another_system_change_nothing() -> None:
    assert values(parse_env_file("\ufeffA=1\r\nB=2\r\n", source="x")) == {"A": "1", "B": "2"}


def test_each_variable_has_the_line_that_counts() -> None:
    found = parse_env_file("# one\nA\nB=\n\nB=2\n", source="x")
    assert found == {"A": Variable(None, 2), "B": Variable("2", 5)}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("export OS_PASSWORD=canary", "shell"),
        ('OS_PASSWORD="canary"', "quotes"),
        ("OS_PASSWORD='canary'", "quotes"),
        ("canary canary", "NAME=VALUE"),
        ("=canary", "NAME=VALUE"),
        ("OS_PASSWORD=can\0ary", "NUL"),
        ("canary='canary'", "quotes"),
        ("canary=can\0ary", "NUL"),
    ],
)
def test_what_nobody_means_is_refused_without_its_value(line: str, reason: str) -> None:
    with pytest.raises(ParseError, match=reason) as caught:
        parse_env_file(f"A=1\n{line}\n", source="registry.env")
    assert caught.value.line == 2
    assert "canary" not in str(caught.value)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    assert keeps_promise(outcome(lambda: parse_env_file(text, source="x")), text, source="x")


@given(
    st.dictionaries(
        st.from_regex(r"[A-Z_][A-Z0-9_]{0,9}", fullmatch=True), st.from_regex(r"[a-z =#:%]*", fullmatch=True)
    )
)
def test_what_is_written_is_read(variables: dict[str, str]) -> None:
    text = "".join(f"{name}={value}\n" for name, value in variables.items())
    assert values(parse_env_file(text, source="x")) == variables
