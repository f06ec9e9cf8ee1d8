"""Which records pass a filter."""

import re
from ipaddress import ip_network
from typing import Any

import pytest

from log_records import access, program, registry
from parsers.log_record import Level
from regops.model.log_filter import LogFilter

UNREAD = access(end=' and more"')
PLAIN = program("logrotate loop starting")


def test_a_filter_that_asks_for_nothing_is_false_and_passes_everything() -> None:
    assert not LogFilter()
    assert LogFilter().passes(access())
    assert LogFilter().passes(UNREAD)
    assert LogFilter(level=Level.DEBUG)


def test_the_text_of_a_whole_entry_is_searched_as_it_was_written() -> None:
    entry = registry("2026-11-23 09:11:00,018 ERROR: boom\nTraceback (most recent call last):\nKeyError: \x1b[1m'a'")
    assert LogFilter(grep=re.compile("KeyError: \x1b")).passes(entry)
    assert not LogFilter(grep=re.compile("keyerror")).passes(entry)


@pytest.mark.parametrize(
    ("level", "text", "passes"),
    [
        (Level.WARNING, "2026-11-23 09:11:00,018 WARNING: slow", True),
        (Level.WARNING, "2026-11-23 09:11:00,018 ERROR: boom", True),
        (Level.WARNING, "2026-11-23 09:11:00,018 INFO: fine", False),
        (Level.DEBUG, "no level at all", False),
    ],
)
def test_a_level_is_the_least_and_an_entry_without_one_does_not_pass(level: Level, text: str, passes: bool) -> None:
    assert LogFilter(level=level).passes(registry(text)) is passes


@pytest.mark.parametrize(("status", "level"), [(502, Level.ERROR), (403, Level.WARNING), (404, Level.INFO)])
def test_the_level_of_a_request_is_that_of_its_status(status: int, level: Level) -> None:
    assert LogFilter(level=level).passes(access(status=status))
    assert not any(LogFilter(level=more).passes(access(status=status)) for more in Level if more > level)


REQUEST = "PUT /v2/team/app/manifests/1.0 HTTP/1.1"


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        ({"statuses": frozenset({201, 202})}, True),
        ({"statuses": frozenset({200})}, False),
        ({"methods": frozenset({"PUT", "PATCH"})}, True),
        ({"methods": frozenset({"GET"})}, False),
        ({"repositories": ("team/app",)}, True),
        ({"repositories": ("other", "team/*")}, True),
        ({"repositories": ("*",)}, True),
        ({"repositories": ("app",)}, False),
        ({"clients": (ip_network("10.0.0.0/8"), ip_network("172.16.0.0/12"))}, True),
        ({"clients": (ip_network("::/0"),)}, False),
        ({"statuses": frozenset({201}), "methods": frozenset({"GET"})}, False),
        ({"statuses": frozenset({201}), "repositories": ("team/*",), "level": Level.INFO}, True),
    ],
)
def test_a_request_passes_with_one_of_each_kind_that_is_asked_for(wanted: dict[str, Any], passes: bool) -> None:
    assert LogFilter(**wanted).passes(access(REQUEST, 201)) is passes
    assert not LogFilter(**wanted).passes(PLAIN)


def test_the_classic_registrys_own_library_needs_not_be_named() -> None:
    pull = access("GET /v1/repositories/app/images HTTP/1.1")
    assert LogFilter(repositories=("app",)).passes(pull)
    assert LogFilter(repositories=("library/app",)).passes(pull)


def test_an_ipv4_network_holds_its_addresses_written_as_ipv6() -> None:
    assert LogFilter(clients=(ip_network("10.0.0.0/8"),)).passes(access(client="::ffff:10.1.2.3"))
    assert not LogFilter(clients=(ip_network("0.0.0.0/0"),)).passes(access(client="unix:"))


@pytest.mark.parametrize(
    "wanted",
    [
        {"level": Level.DEBUG},
        {"statuses": frozenset({200})},
        {"methods": frozenset({"GET"})},
        {"repositories": ("*",)},
        {"clients": (ip_network("0.0.0.0/0"),)},
    ],
)
def test_a_line_that_could_not_be_read_passes_for_its_text_alone(wanted: dict[str, Any]) -> None:
    assert LogFilter(grep=re.compile("curl")).passes(UNREAD)
    assert not LogFilter(grep=re.compile("curl"), **wanted).passes(UNREAD)


def test_a_request_in_a_registrys_own_log_is_one_too() -> None:
    line = (
        'time="2026-11-23T09:42:10.265308039Z" level=error msg="response completed with error" '
        "http.request.method=GET http.request.uri=/v2/team/uniq/tags/list http.response.status=404"
    )
    assert LogFilter(repositories=("team/uniq",), statuses=frozenset({404})).passes(registry(line))
