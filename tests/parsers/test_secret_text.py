"""Secrets in a log's text are masked, and nothing else is."""

import re
from re import _constants, _parser  # pyright: ignore[reportAttributeAccessIssue]
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import parsers.secret_names
import parsers.secret_text
from parsers.secret_names import is_secret_name
from parsers.secret_text import mask_fields, mask_secrets
from secret_forms import CANARY, FORMS, HARMLESS, TRACES

PATTERNS = {
    f"{module.__name__}.{name}": value
    for module in (parsers.secret_names, parsers.secret_text)
    for name, value in vars(module).items()
    if isinstance(value, re.Pattern)
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_a_secret_is_masked(text: str) -> None:
    masked = mask_secrets(text)
    assert "***" in masked
    assert not [trace for trace in TRACES if trace in masked]


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_a_secret_is_masked_in_the_middle_of_a_line_and_of_an_entry(text: str) -> None:
    if text.startswith("MIIE"):  # a line of its own
        masked = mask_secrets(f"key follows:\n{text}\n".replace(" ", "-"))
    else:
        masked = mask_secrets(f"2026-11-23 09:11:00 ERROR: İ before {text} \nafter: 1")
    assert not [trace for trace in TRACES if trace in masked]
    assert masked.endswith(("after: 1", "\n"))


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert mask_secrets(text) == text


def test_what_stands_around_a_secret_stays() -> None:
    assert mask_secrets(FORMS["upload state"]) == (
        '"PATCH /v2/a/blobs/uploads/1a2b?_state=***&digest=sha256:aa HTTP/1.1" 202'
    )
    assert mask_secrets(FORMS["curl header"]) == 'curl -i http://swift -X GET -H "X-Auth-Token: ***" -H "Accept: */*"'
    assert mask_secrets(FORMS["url"]) == "GET http://alice:***@keystone:5000/v3"
    assert mask_secrets(FORMS["python dict"]) == "Redis config: {'host': 'redis', 'password': u'***', 'port': 6379}"
    assert mask_secrets(FORMS["json in json"]) == 'msg="sent {\\"password\\": \\"***\\"}" level=info'
    assert mask_secrets(FORMS["temp url"]) == "/v1/AUTH_test/c/o?temp_url_sig=***&temp_url_expires=1"


@pytest.mark.parametrize("text", [text for name, text in FORMS.items() if "\n" not in text and "MIIE" not in text])
def test_a_secret_that_was_cut_is_masked_as_far_as_it_goes(text: str) -> None:
    end = text.index("YWxpY2U6") + 8 if "YWxpY2U6" in text else text.index(CANARY) + 6
    assert "c4na" not in mask_secrets(text[:end], cut=True)
    assert "YWxpY2U6" not in mask_secrets(text[:end], cut=True)


def test_named_values_are_masked_by_their_name() -> None:
    fields = {
        "http_authorization": "x",
        "cookie_a": "y",
        "arg_token": "z",
        "status": "200",
        "uri": "/?token=q",
        "n": None,
    }
    assert mask_fields(fields) == {
        **dict.fromkeys(("http_authorization", "cookie_a", "arg_token"), "***"),
        "status": "200",
        "uri": "/?token=***",
        "n": None,
    }


@pytest.mark.parametrize(
    "name",
    ["status", "request_id", "vars.name", "auth.user.name", "http.request.id", "ssl_session_reused", "err.detail"],
)
def test_ordinary_names_are_no_secrets(name: str) -> None:
    assert not is_secret_name(name)


@given(st.text() | st.lists(st.sampled_from([*FORMS.values(), *HARMLESS, '"', "'", "\\", " ", "=", ":"])).map("".join))
def test_masking_ends_and_masks_no_more_the_second_time(text: str) -> None:
    masked = mask_secrets(text)
    assert mask_secrets(masked).count(CANARY) <= masked.count(CANARY)
    assert mask_secrets(text, cut=True).count(CANARY) <= masked.count(CANARY)


@pytest.mark.parametrize(
    "word", ["/secret:", '"password":"', "http://", "%3A%2F%2F", "token, '", "--", "login ", "key=", "\\"]
)
def test_a_line_made_of_nothing_but_beginnings_is_read_to_its_end(word: str) -> None:
    text = (word * 65536)[:65536]
    assert mask_secrets(text, cut=True).count("\n") == 0


@pytest.mark.parametrize("name", PATTERNS)
def test_no_pattern_repeats_without_bound_what_repeats_without_bound(name: str) -> None:
    pattern = PATTERNS[name]
    assert deepest_loops(_parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)) <= 1


def deepest_loops(parsed: Any) -> int:
    """Return how many repetitions without bound are inside each other: two can take as long as they like."""
    deepest = 0
    for operation, argument in parsed:
        inner = [part for part in flat(argument) if isinstance(part, _parser.SubPattern)]
        below = max((deepest_loops(part) for part in inner), default=0)
        endless = operation in {_constants.MAX_REPEAT, _constants.MIN_REPEAT} and argument[1] is _constants.MAXREPEAT
        deepest = max(deepest, below + endless)
    return deepest


def flat(value: Any) -> list[Any]:
    if isinstance(value, _parser.SubPattern) or not isinstance(value, list | tuple):
        return [value]
    return [one for part in value for one in flat(part)]


_SETTING_FORMS = [
    "{}={}",
    "{}='{}'",
    '{}="{}"',
    "{}: '{}' cannot be read",
    "'{}': '{}'",
    '"{}": "{}"',
    '\\"{}\\": \\"{}\\"',
    "('{}', '{}')",
    "docker run -e {}={} registry",
    "{}%3D{}",
    "/x?{}={}&b=1",
]


@pytest.mark.parametrize("form", _SETTING_FORMS)
def test_a_password_is_masked_in_every_form_and_the_file_it_is_in_in_none(form: str) -> None:
    assert mask_secrets(form.format("OS_PASSWORD", "/hunter2")) == form.format("OS_PASSWORD", "***")
    for name in ("OS_PASSWORD_FILE", "HTTP_SECRET_FILE", "INDEX_PASSWORD_FILE"):
        told = form.format(name, "/run/secrets/registry")
        assert mask_secrets(told) == told


def test_a_file_that_a_secret_is_in_is_no_secret() -> None:
    assert mask_fields({"OS_PASSWORD_FILE": "/run/secrets/os", "OS_PASSWORD": "/hunter2"}) == {
        "OS_PASSWORD_FILE": "/run/secrets/os",
        "OS_PASSWORD": "***",
    }
