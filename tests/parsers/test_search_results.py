"""Answers of the classic search, and pages of the catalog."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.catalog import CatalogPage, parse_catalog
from parsers.errors import ParseError
from parsers.search_results import FoundRepository, SearchResults, parse_search_results
from parsing import keeps_promise, outcome

SAMPLES = Path(__file__).parent / "samples" / "search_results"


def results(document: Any) -> SearchResults:
    return parse_search_results(json.dumps(document), source="here")


def test_a_classic_registry_that_has_nothing_says_so() -> None:
    text = (SAMPLES / "classic-empty.json").read_text()
    assert parse_search_results(text, source="here") == SearchResults((), 0, None)


def test_this_projects_image_tells_tags_and_pages() -> None:
    text = (SAMPLES / "image.json").read_text()
    assert parse_search_results(text, source="here") == SearchResults(
        (
            FoundRepository("found/app", "tags: 1, 2", ("1", "2")),
            FoundRepository("found/other", "tags: latest", ("latest",)),
        ),
        2,
        1,
    )


def test_what_is_odd_in_one_result_is_left_out() -> None:
    found = results({"results": [{"name": "a", "description": 7, "tags": [1, "x"]}, {"name": 7}, "b", {"name": ""}]})
    assert found.repositories == (FoundRepository("a", "", ("x",)),)
    assert results({"results": [], "num_results": True, "num_pages": -1}) == SearchResults((), None, None)


@pytest.mark.parametrize("document", [[], {}, {"results": None}, {"results": [1]}, {"error": "away"}, "results"])
def test_what_is_no_answer_to_a_search_is_refused(document: Any) -> None:
    with pytest.raises(ParseError):
        results(document)


def test_a_catalog_says_where_its_next_page_is() -> None:
    text = '{"repositories": ["a", "b", 7]}'
    link = '</v2/_catalog?last=b&n=2>; rel="next"'
    following = "/v2/_catalog?last=b&n=2"
    assert parse_catalog(text, link, source="here") == CatalogPage(("a", "b"), following)
    absolute = '<http://inside:5000/v2/_catalog?last=b&n=2>; rel="next"'
    assert parse_catalog(text, absolute, source="here").following == following
    for other in (None, "", "</v2/other>; rel=next", '</v2/_catalog?last=b>; rel="prev"', "<<>>"):
        assert parse_catalog(text, other, source="here").following == ""
    assert parse_catalog('{"repositories": null}', None, source="here") == CatalogPage((), "")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"repositories": 7}', "<html>"])
def test_what_is_no_catalog_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parse_catalog(text, None, source="here")


@given(st.text() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps), st.text())
def test_any_text_gives_a_value_or_an_error_of_its_place(text: str, link: str) -> None:
    assert keeps_promise(outcome(lambda: parse_search_results(text, source="s")), text, source="s")
    assert keeps_promise(outcome(lambda: parse_catalog(text, link, source="s")), text, source="s")
