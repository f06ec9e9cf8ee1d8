"""Sets of statuses and clients, as operators name them."""

from contextlib import suppress
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.errors import ParseError
from parsers.status_set import parse_client, parse_statuses


@pytest.mark.parametrize(
    ("text", "statuses"),
    [
        ("404", {404}),
        ("404, 502", {404, 502}),
        ("5xx", set(range(500, 600))),
        ("5XX,499", {499, *range(500, 600)}),
        ("400-403", {400, 401, 402, 403}),
    ],
)
def test_statuses_are_named_one_by_one_by_class_or_as_a_range(text: str, statuses: set[int]) -> None:
    assert parse_statuses(text) == statuses


@pytest.mark.parametrize("text", ["", "5x", "0xx", "bad", "99", "1000", "404,", "500-400", "4xx-5xx"])
def test_what_is_no_status_is_refused(text: str) -> None:
    with pytest.raises(ParseError, match="say it like 404, 5xx"):
        parse_statuses(text)


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("172.17.0.1", "172.17.0.1/32"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        (" 2001:db8::1 ", "2001:db8::1/128"),
        ("2001:db8::/32", "2001:db8::/32"),
    ],
)
def test_a_client_is_an_address_or_a_network(text: str, network: str) -> None:
    assert parse_client(text) == ip_network(network)


@pytest.mark.parametrize("text", ["", "localhost", "10.0.0", "10.0.0.1/33", "10.0.0.0/255.0.255.0", "*"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ParseError, match="not an address"):
        parse_client(text)


@given(st.text())
def test_any_text_is_a_set_or_a_parse_error(text: str) -> None:
    for parse in (parse_statuses, parse_client):
        with suppress(ParseError):
            assert parse(text)
