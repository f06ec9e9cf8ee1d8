"""Addresses as operators type them and redirects name them; every other text is refused, without its password."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.errors import ParseError
from parsers.http_url import HttpUrl, parse_http_url, parse_location
from parsing import keeps_promise, outcome


@pytest.mark.parametrize(
    ("text", "shown", "origin"),
    [
        ("https://registry.example", "https://registry.example", ("https", "registry.example", 443)),
        ("HTTP://Registry.Example:80/x", "http://registry.example/x", ("http", "registry.example", 80)),
        ("registry.example:5000", "https://registry.example:5000", ("https", "registry.example", 5000)),
        ("[::1]:5000", "https://[::1]:5000", ("https", "::1", 5000)),
        ("http://10.0.0.7/a b".replace(" ", "%20"), "http://10.0.0.7/a%20b", ("http", "10.0.0.7", 80)),
        ("bücher.example", "https://xn--bcher-kva.example", ("https", "xn--bcher-kva.example", 443)),
        ("docker_registry:5000", "https://docker_registry:5000", ("https", "docker_registry", 5000)),
    ],
)
def test_an_address_is_read(text: str, shown: str, origin: tuple[str, str, int]) -> None:
    found = parse_http_url(text, source="it")
    assert (str(found), found.origin) == (shown, origin)


def test_credentials_are_decoded_and_shown_nowhere() -> None:
    found = parse_http_url("https://bob:p%40ss@registry.example", source="it")
    assert (found.username, found.password) == ("bob", "p@ss")
    assert "p@ss" not in f"{found} {found!r}"


def test_the_host_is_what_follows_the_last_at_sign() -> None:
    assert parse_http_url("https://registry.example@evil.example/", source="it").host == "evil.example"


@pytest.mark.parametrize(
    "text",
    [
        "", "http://", "file:///etc/passwd", "file:/etc/passwd", "gopher://x", "unix:///run/x", "-o", "--help",
        "http://a:99999", "http://a:0", "http://a:", "http://a:1e3", "http://a\r\nHost: b", "http://a\x1b[31m",
        "http://a b", "http://a\\@b", "http://[::1", "http://[v1.x]", "http://a..b", "http://.", "http://-a",
        "a" * 5000, "http://\u202ea", "http://a/\ud800",
    ],
)  # fmt: skip
def test_what_no_registry_can_have_is_refused(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_http_url(text, source="it")
    assert (caught.value.source, caught.value.line) == ("it", 1)


@pytest.mark.parametrize("text", ["http://bob:hunter2@a:99999", "http://bob:hun/ter2@a", "ftp://bob:hunter2@a/x"])
def test_a_refused_address_is_shown_without_its_password(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_http_url(text, source="it")
    assert "ter2" not in str(caught.value)
    assert "hun" not in str(caught.value)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/v2/", "https://a.example:1/v2/"),
        ("//evil.example/x", "https://evil.example/x"),
        ("http://b.example", "http://b.example"),
        ("?n=1", "https://a.example:1/x/y?n=1"),
        ("z", "https://a.example:1/x/z"),
    ],
)
def test_a_location_is_read_from_where_it_was_given(location: str, expected: str) -> None:
    base = parse_http_url("https://a.example:1/x/y", source="it")
    assert str(parse_location(location, base, source="it")) == expected


@given(st.text() | st.text(alphabet="htps:/@[].a1-\\%?#\r\n "))
def test_any_text_is_an_address_or_an_error(text: str) -> None:
    base = HttpUrl("https", "a.example", None, "/")
    for parse in (lambda: parse_http_url(text, source="it"), lambda: parse_location(text, base, source="it")):
        found = outcome(parse)
        assert keeps_promise(found, "", source="it")
        if isinstance(found, HttpUrl):
            assert str(parse_http_url(str(found), source="it")) == str(found)
            assert str(found).isascii()
