"""Swift's listings, from real ones and from any text at all."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.errors import ParseError
from parsers.swift_listing import ListedObject, parse_swift_containers, parse_swift_listing

SAMPLES = Path(__file__).parent / "samples" / "swift_listing"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["name", "bytes", "hash", "subdir", "slo_etag"]), inner)
    ),
    max_leaves=12,
)


def outcome(parse: Callable[..., object], text: str) -> object:
    try:
        return parse(text, source="listing")
    except ParseError as error:
        return error


def test_a_real_listing_is_read() -> None:
    first, large, plain = parse_swift_listing((SAMPLES / "objects.json").read_text(), source="listing")
    assert first.name == "a\x1b[31mb"
    assert plain == ListedObject(
        name="registry.tar.gz",
        size_bytes=16,
        md5="b696028546127d6dab9c100d7ca269d4",
        content_type="application/gzip",
        last_modified=datetime(2026, 11, 23, 18, 20, 33, 42610, UTC),
        slo_etag=None,
    )
    assert (large.size_bytes, large.slo_etag) == (77, "74c247efacb132c3ea229af88952aa40")


def test_folders_are_left_out() -> None:
    found = parse_swift_listing((SAMPLES / "folders.json").read_text(), source="listing")
    assert [listed.name for listed in found] == ["a\x1b[31mb"]


def test_the_containers_of_an_account_are_read() -> None:
    text = (SAMPLES / "containers.json").read_text()
    assert parse_swift_containers(text, source="account") == ("docker-registry.bootstrap", "images")


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "yesterday"])
def test_a_time_beyond_the_calendar_is_none(time: str) -> None:
    (found,) = parse_swift_listing(
        json.dumps([{"name": "x", "bytes": 1, "hash": "", "last_modified": time}]), source="listing"
    )
    assert found.last_modified is None


@pytest.mark.parametrize("text", ["", "\n", "[]"])
def test_an_empty_page_has_no_objects(text: str) -> None:
    assert parse_swift_listing(text, source="listing") == ()


@pytest.mark.parametrize(
    "text",
    [
        "<html>It works!</html>",
        "{}",
        "[1]",
        '[{"name": 1, "bytes": 1, "hash": ""}]',
        '[{"name": "", "bytes": 1, "hash": ""}]',
        '[{"name": "x", "bytes": -1, "hash": ""}]',
        '[{"name": "x", "bytes": true, "hash": ""}]',
        '[{"name": "x", "bytes": 1}]',
        f'[{{"name": "x", "bytes": 1{"0" * 400}, "hash": ""}}]',
        '[{"name": "x", "bytes": 1e999, "hash": ""}]',
        "[" * 100_000,
        f"[{'9' * 10_000}]",
        '[{"name": "x", "bytes": 1, "hash": ""',
    ],
)
def test_what_is_no_listing_is_refused_with_its_source(text: str) -> None:
    with pytest.raises(ParseError) as refused:
        parse_swift_listing(text, source="the listing of images")
    assert refused.value.source == "the listing of images"


def test_a_date_that_is_none_costs_the_date_alone() -> None:
    text = '[{"name": "x", "bytes": 1, "hash": "", "last_modified": "soon"}]'
    assert parse_swift_listing(text, source="listing")[0].last_modified is None


@pytest.mark.parametrize("parse", [parse_swift_listing, parse_swift_containers])
@given(text=st.text() | json_values.map(json.dumps))
def test_any_text_is_a_listing_or_an_error_with_source_and_line(parse: Callable[..., object], text: str) -> None:
    found = outcome(parse, text)
    if isinstance(found, ParseError):
        assert (found.source, 1 <= found.line <= text.count("\n") + 1) == ("listing", True)
    else:
        assert isinstance(found, tuple)


@given(st.lists(st.tuples(st.text(min_size=1), st.integers(0, (1 << 63) - 1))))
def test_what_swift_would_write_is_read_back(entries: list[tuple[str, int]]) -> None:
    text = json.dumps([{"name": name, "bytes": size, "hash": "x"} for name, size in entries])
    assert [(one.name, one.size_bytes) for one in parse_swift_listing(text, source="listing")] == entries
