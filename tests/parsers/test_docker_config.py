"""Docker's `config.json`: credentials found, passwords never shown."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.docker_config import parse_docker_config
from parsers.errors import ParseError
from parsing import keeps_promise, outcome


def packed(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def test_credentials_helpers_and_store_are_read_by_host() -> None:
    text = json.dumps(
        {
            "auths": {
                "registry.example:5000": {"auth": packed("bob", "pass:word")},
                "https://index.docker.io/v1/": {"username": "eve", "password": "pw"},
                "token.example": {"identitytoken": "tok"},
                "helped.example": {},
            },
            "credHelpers": {"helped.example": "pass"},
            "credsStore": "desktop",
        }
    )
    config = parse_docker_config(text, source="config.json")
    bob, eve, token = (config.auths[host] for host in ("registry.example:5000", "index.docker.io", "token.example"))
    assert (bob.username, bob.password) == ("bob", "pass:word")
    assert (eve.username, eve.password) == ("eve", "pw")
    assert token.identity_token == "tok"
    assert "helped.example" not in config.auths
    assert (config.helper("helped.example"), config.helper("other.example")) == ("pass", "desktop")


def test_a_wrong_entry_is_left_out_and_the_others_stay() -> None:
    text = json.dumps({"auths": {"a": 7, "b": {"auth": "!!"}, "c": {"auth": packed("u", "p")}}, "credsStore": 1})
    config = parse_docker_config(text, source="config.json")
    assert (list(config.auths), config.store) == (["c"], None)


def test_neither_an_error_nor_a_representation_shows_a_password() -> None:
    config = parse_docker_config(json.dumps({"auths": {"a": {"auth": packed("u", "hunter2")}}}), source="config.json")
    assert "hunter2" not in repr(config)
    with pytest.raises(ParseError) as caught:
        parse_docker_config('{"auths": {"a": {"password": "hunter2"', source="config.json")
    assert "hunter2" not in str(caught.value)


@given(st.text() | st.text(alphabet='{}[]":,authscredStopweln \n'))
def test_any_text_is_a_configuration_or_an_error(text: str) -> None:
    found = outcome(lambda: parse_docker_config(text, source="config.json"))
    assert keeps_promise(found, text, source="config.json")
