"""Secrets do not show themselves."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regops.render.json import plain
from regops.secret import Secret, mask_broken_url, mask_url


def test_a_secret_shows_nothing_in_any_form() -> None:
    secret = Secret("hunter2")
    shown = f"{secret} {secret!r} {secret!s} {[secret]} {json.dumps(plain({'password': secret}))}"
    assert "hunter2" not in shown
    assert secret.reveal() == "hunter2"


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("https://me:pw@registry.example/v2/", "https://***@registry.example/v2/"),
        ("https://registry.example/v2/", "https://registry.example/v2/"),
        ("https://a@b@c/", "https://***@c/"),
        ("me:pw@registry.example", "***@registry.example"),
        ("https://x/o?temp_url_sig=abc&temp_url_expires=1", "https://x/o?temp_url_sig=***&temp_url_expires=1"),
        ("https://x/o?X-Amz-Signature=abc", "https://x/o?X-Amz-Signature=***"),
        ("Get https://u:p@h/x failed, then https://u:p@k/y", "Get https://***@h/x failed, then https://***@k/y"),
        ("https://x/path/me@example", "https://x/path/me@example"),
    ],
)
def test_an_address_is_shown_without_its_credentials(url: str, masked: str) -> None:
    assert mask_url(url) == masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://admin:hunter2/secret@h:5000", "***@h:5000"),
        ("http:/admin:hunter2@h:5000/v3", "***@h:5000/v3"),
        ("http//admin:hunter2@h/v3", "***@h/v3"),
        ("http://admin:hunter2#secret@h:5000/v3", "***@h:5000/v3"),
        ("keystone.example", "keystone.example"),
    ],
)
def test_what_is_no_address_shows_nothing_that_may_be_a_password(text: str, shown: str) -> None:
    assert mask_broken_url(text) == shown


@given(st.from_regex(r"[a-z]{3,9}://[a-z]{1,5}:hunter2@[a-z.]{1,9}(:[0-9]{1,5})?/[a-z]{0,5}", fullmatch=True))
def test_no_password_in_an_address_survives(url: str) -> None:
    assert "hunter2" not in mask_url(url)


def test_a_text_of_a_million_letters_is_masked_in_one_pass() -> None:
    word = "a" * (1 << 20)
    assert mask_url(word) == word
    assert mask_url(f"{word}://u:hunter2@h/") == f"{word}://***@h/"
