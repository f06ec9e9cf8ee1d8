"""The registry's smaller documents: greeting, ping, errors, debug health, and web servers' error pages."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.banner import Banner, is_ping_answer, parse_banner
from parsers.debug_health import FailedCheck, parse_debug_health
from parsers.error_page import ErrorPage, parse_error_page
from parsers.errors import ParseError
from parsers.registry_errors import RegistryFault, parse_registry_errors
from parsing import keeps_promise, outcome

SAMPLES = Path(__file__).parent / "samples"
Parse = Callable[..., object]


def sample(name: str) -> str:
    return (SAMPLES / name).read_text()


@pytest.mark.parametrize(
    ("name", "banner"),
    [
        ("classic_qa.txt", Banner("qa", "0.8.1")),
        ("classic_devel.txt", Banner("devel", "0.8.1")),
        ("distribution_local.txt", Banner("local", "2.8.2")),
    ],
)
def test_a_real_greeting_is_read(name: str, banner: Banner) -> None:
    assert parse_banner(sample(f"banner/{name}"), source=name) == banner


def test_the_greeting_of_0_9_names_neither_flavor_nor_version() -> None:
    assert parse_banner('"\\"docker-registry server\\""', source="/") == Banner(None, None)


@pytest.mark.parametrize("text", ["", "{}", '"nginx"', "docker-registry server (qa) (v0.8.1)"])
def test_what_is_no_greeting_is_refused(text: str) -> None:
    with pytest.raises(ParseError, match="/, line 1"):
        parse_banner(text, source="/")


@pytest.mark.parametrize(
    ("text", "alive"),
    [("true", True), ("{}", True), ('{"host": []}', True), ("false", False), ("", False), ("<p>", False)],
)
def test_ping_is_answered_with_true_or_an_object(text: str, alive: bool) -> None:
    assert is_ping_answer(text) is alive


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        (
            "unavailable.json",
            RegistryFault("UNAVAILABLE", "service unavailable", "health check failed: please see /debug/health"),
        ),
        (
            "name_unknown.json",
            RegistryFault("NAME_UNKNOWN", "repository name not known to registry", '{"name": "nope"}'),
        ),
        (
            "unknown_swift.json",
            RegistryFault(
                "UNKNOWN",
                "unknown error",
                '{"DriverName": "swift", "Enclosed": {"StatusCode": 401, "Text": "Authorization Failed"}}',
            ),
        ),
    ],
)
def test_a_real_error_document_is_read(name: str, fault: RegistryFault) -> None:
    assert parse_registry_errors(sample(f"registry_errors/{name}"), source=name) == (fault,)


@pytest.mark.parametrize("text", ["{}", "[]", '{"errors": {}}', '{"errors": [7]}', '{"errors": [{"message": "m"}]}'])
def test_what_is_no_error_document_is_refused(text: str) -> None:
    with pytest.raises(ParseError, match="page, line 1"):
        parse_registry_errors(text, source="page")


def test_real_health_checks_are_read() -> None:
    assert parse_debug_health(sample("debug_health/ok.json"), source="page") == ()
    assert parse_debug_health(sample("debug_health/swift_refuses.json"), source="page") == (
        FailedCheck("storagedriver_swift", "swift: Authorization Failed"),
    )


@pytest.mark.parametrize("text", ["[]", '{"check": 1}', "404 page not found"])
def test_what_are_no_health_checks_is_refused(text: str) -> None:
    with pytest.raises(ParseError, match="page, line 1"):
        parse_debug_health(text, source="page")


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("nginx_502.html", ErrorPage("502 Bad Gateway", "nginx/1.18.0")),
        ("nginx_308.html", ErrorPage("308 Permanent Redirect", "nginx")),
        ("nginx_403.html", ErrorPage("403 Forbidden", "nginx")),
        ("nginx_400_plain_http.html", ErrorPage("400 The plain HTTP request was sent to HTTPS port", "nginx")),
        ("classic_404.html", ErrorPage("404 Not Found", None)),
    ],
)
def test_a_real_error_page_tells_who_wrote_it(name: str, page: ErrorPage) -> None:
    assert parse_error_page(sample(f"error_page/{name}"), source=name) == page


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n", "haproxy"),
        ("<h1>Not Found</h1><hr>\n<address>Apache/2.4.62 (Debian) Server at x Port 80</address>", "Apache/2.4.62"),
        ("<hr><center>openresty/1.25</center>", "openresty/1.25"),
    ],
)
def test_other_servers_sign_too(text: str, server: str) -> None:
    assert (parse_error_page(text, source="page").server or "").startswith(server)


@pytest.mark.parametrize("between", [" " * 4000, "x" * 4000, "<title>" * 580])
def test_a_page_that_is_made_to_be_slow_is_read_in_one_pass(between: str) -> None:
    assert (
        parse_error_page(f"<title>{between}</title>", source="page").title == between.rpartition(">")[2].strip()[:200]
    )


@pytest.mark.parametrize(
    "parse",
    [parse_banner, parse_registry_errors, parse_debug_health, parse_error_page],
    ids=lambda parse: parse.__name__,
)
@given(text=st.text() | st.text(alphabet='{}[]":,<>h1trlecn/ms \n'))
def test_any_text_is_read_or_is_an_error_with_source_and_line(parse: Parse, text: str) -> None:
    assert keeps_promise(outcome(lambda: parse(text, source="page")), text, source="page")
