"""`regops search`: by the registry's own search, by its catalog where there is none, and plain words where neither."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fake_registry import FakeRegistry, http_reply
from fake_services import FakeServices
from regops.main import app

URL = "http://127.0.0.1:5080"


def search(replies: Mapping[str, Any], *arguments: str) -> tuple[Result, FakeRegistry]:
    registry = FakeRegistry(replies, url=URL)
    result = CliRunner().invoke(app, ["search", *arguments], obj=FakeServices(registries={URL: registry}))
    return result, registry


def asked(term: str, page: int = 1, n: int = 100) -> str:
    return f"/v1/search?q={term}&n={n}&page={page}"


def answer(*names: str, **more: Any) -> str:
    results = [{"name": name, "description": "tags: 1", "tags": ["1"]} for name in names]
    return json.dumps({"num_results": len(names), "query": "x", "results": results, **more})


HTTPS_ONLY = '{"errors":[{"code":"DENIED","message":"this registry takes and gives images over HTTPS only"}]}'


def test_what_the_index_finds_is_shown_with_its_tags() -> None:
    result, _ = search({asked("app"): answer("team/app", "other/app")}, "app", URL)
    assert (result.exit_code, result.stdout) == (
        0,
        f"{URL}: 2 repositories with 'app'\n\nteam/app   tags: 1\nother/app  tags: 1\n",
    )


def test_nothing_found_is_an_answer() -> None:
    result, registry = search({asked("zzz"): answer()}, "zzz", URL)
    assert (result.exit_code, result.stdout) == (0, f"{URL}: no repository with 'zzz'\n")
    assert registry.asked == [asked("zzz")]


def test_json_has_all_of_it() -> None:
    result, _ = search({asked("a%20b%2F%26"): answer("team/app")}, "a b/&", URL, "-o", "json")
    assert json.loads(result.stdout)["data"] == {
        "term": "a b/&",
        "source": "index",
        "repositories": [{"name": "team/app", "description": "tags: 1", "tags": ["1"]}],
        "found": 1,
        "complete": True,
        "note": "",
    }


def test_pages_are_asked_for_until_there_are_enough() -> None:
    pages = {
        asked("a", page): answer(*(f"a{page}-{one}" for one in range(100)), num_results=250, num_pages=3)
        for page in (1, 2, 3)
    }
    result, registry = search(pages, "a", URL, "--limit", "150")
    assert registry.asked == [asked("a", 1), asked("a", 2)]
    words = f"{URL}: the first 150 of 250 repositories with 'a'; --limit shows more a1-0 tags: 1"
    assert " ".join(result.stdout.split()).startswith(words)


def test_an_answer_that_announces_pages_and_repeats_itself_ends() -> None:
    pages = {asked("a", page): answer("a", num_pages=10**9, num_results=10**9) for page in (1, 2)}
    _, registry = search(pages, "a", URL)
    assert registry.asked == [asked("a", 1), asked("a", 2)]


CATALOG = "/v2/_catalog?n=1000"


def catalog(*names: str, following: str = "") -> Any:
    headers = {"Link": f'<{following}>; rel="next"'} if following else {}
    return http_reply(200, json.dumps({"repositories": names}), headers=headers)


def test_a_registry_without_a_search_is_asked_for_its_catalog() -> None:
    second = "/v2/_catalog?last=team%2Fapp&n=1000"
    replies = {CATALOG: catalog("other", "team/app", following=second), second: catalog("team/api", "Team/APPS")}
    result, registry = search(replies, "team app", URL)
    assert registry.asked == [asked("team%20app"), CATALOG, second]
    assert result.stdout == (
        f"{URL}: 2 repositories with 'team app'\n\nteam/app\nTeam/APPS\n\n"
        "note: this registry has no search index; its catalog was read instead\n"
    )


def test_an_empty_catalog_may_be_that_of_a_registry_without_its_storage() -> None:
    result, _ = search({CATALOG: catalog()}, "app", URL)
    assert result.exit_code == 0
    assert "it is empty, and so is that of a registry without its storage" in " ".join(result.stdout.split())


def test_a_catalog_without_an_end_is_read_to_a_bound() -> None:
    ahead = [f"/v2/_catalog?last={page}" for page in range(1, 200)]
    replies = {path: catalog("x", following=after) for path, after in zip([CATALOG, *ahead], ahead, strict=False)}
    result, registry = search(replies, "app", URL)
    assert len(registry.asked) == 101
    words = f"{URL}: no repository with 'app' in the part of the catalog that was read"
    assert words in " ".join(result.stdout.split())


def test_a_catalog_that_leads_to_itself_is_read_once() -> None:
    _, registry = search({CATALOG: catalog("x", following=CATALOG)}, "app", URL)
    assert registry.asked.count(CATALOG) == 1


@pytest.mark.parametrize(
    ("replies", "words"),
    [
        (
            {asked("a"): http_reply(503, '{"error": "the index does not answer within 5 s"}', url=f"{URL}/v1/search")},
            "answers 503 Service Unavailable: the index does not answer within 5 s",
        ),
        ({asked("a"): 401}, "its search asks for credentials"),
        ({asked("a"): 502}, "answers 502 Bad Gateway"),
        ({asked("a"): "<html>"}, "not as a registry does: expected JSON"),
        ({CATALOG: 401}, "its catalog asks for credentials"),
        ({CATALOG: '{"repositories": 7}'}, "not as a registry does: expected an object with a list of repositories"),
        ({}, "answers 404 Not Found"),
        ({asked("a"): 403}, "answers 403 Forbidden"),
        (
            {CATALOG: http_reply(403, HTTPS_ONLY)},
            "answers 403 Forbidden: this registry takes and gives images over HTTPS",
        ),
        ({CATALOG: http_reply(403, "", headers={"WWW-Authenticate": "Basic"})}, "its catalog asks for credentials"),
    ],
)
def test_who_cannot_be_asked_is_told_with_status_3(replies: Mapping[str, Any], words: str) -> None:
    result, _ = search(replies, "a", URL)
    assert result.exit_code == 3
    assert words in result.stderr
    assert result.stderr.splitlines()[1].startswith("hint: ")


def test_a_door_that_is_closed_hints_at_https_and_what_it_says_is_bounded_and_harmless() -> None:
    hostile = json.dumps({"errors": [{"code": "DENIED", "message": "\x1b[31m" + "x" * 5000}]})
    result, _ = search({CATALOG: http_reply(403, hostile)}, "a", URL)
    assert "\x1b" not in result.stderr
    assert "x" * 201 not in result.stderr
    assert "hint: images may be behind its HTTPS port alone: ask that one" in result.stderr


def test_names_cannot_steer_a_terminal() -> None:
    result, _ = search({asked("a"): answer("a\x1b[31m\nb")}, "a", URL)
    assert "\x1b" not in result.stdout
    assert len(result.stdout.splitlines()) == 3
