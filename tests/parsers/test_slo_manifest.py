"""The manifests of large objects, from a real one and from any text at all."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.errors import ParseError
from parsers.slo_manifest import Segment, parse_slo_manifest, slo_etag

SAMPLES = Path(__file__).parent / "samples" / "slo_manifest"
NESTED, A = "1ed8a533d557b03cc8ce42ee686ff38c", "684c4be4a14f9a0ac4b226f99e5ee239"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["name", "bytes", "hash", "range", "data", "sub_slo"]), inner)
    ),
    max_leaves=12,
)


def outcome(text: str) -> tuple[Segment, ...] | ParseError:
    try:
        return parse_slo_manifest(text, source="manifest")
    except ParseError as error:
        return error


def test_a_real_manifest_is_read() -> None:
    segments = parse_slo_manifest((SAMPLES / "nested.json").read_text(), source="manifest")
    assert segments == (
        Segment("segments", "nested", NESTED, 31, nested=True),
        Segment("segments", "a", A, 5, first_last=(0, 4)),
        Segment("", "", hashlib.md5(b"inline, ").hexdigest(), 8),
        Segment("segments", "nested", NESTED, 18, first_last=(3, 20), nested=True),
        Segment("segments", "a", A, 15),
    )


def test_its_etag_is_the_one_that_swift_gave_the_object() -> None:
    segments = parse_slo_manifest((SAMPLES / "nested.json").read_text(), source="manifest")
    assert slo_etag(segments) == "74c247efacb132c3ea229af88952aa40"


@pytest.mark.parametrize(
    "entry",
    [
        1,
        {},
        {"name": "segments", "bytes": 1, "hash": A},
        {"name": "/segments/", "bytes": 1, "hash": A},
        {"name": "/segments/a", "bytes": "1", "hash": A},
        {"name": "/segments/a", "bytes": -1, "hash": A},
        {"name": "/segments/a", "bytes": True, "hash": A},
        {"name": "/segments/a", "bytes": 1, "hash": "é" * 32},
        {"name": "/segments/a", "bytes": 10, "hash": A, "range": "5-3"},
        {"name": "/segments/a", "bytes": 10, "hash": A, "range": "0-10"},
        {"name": "/segments/a", "bytes": 10, "hash": A, "range": "-5"},
        {"name": "/segments/a", "bytes": 10, "hash": A, "range": 5},
        {"data": "!"},
        {"data": "é"},
        {"data": ""},
        {"data": 5},
    ],
)
def test_what_is_no_segment_is_refused(entry: object) -> None:
    with pytest.raises(ParseError, match="no segment"):
        parse_slo_manifest(json.dumps([entry]), source="manifest")


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "the bytes of the object", "[" * 100_000])
def test_what_is_no_manifest_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parse_slo_manifest(text, source="manifest")


@given(st.text() | json_values.map(json.dumps))
def test_any_text_is_a_manifest_or_an_error_with_source_and_line(text: str) -> None:
    found = outcome(text)
    if isinstance(found, ParseError):
        assert (found.source, 1 <= found.line <= text.count("\n") + 1) == ("manifest", True)
    else:
        assert len(slo_etag(found)) == 32


@given(st.lists(st.binary(min_size=1), min_size=1))
def test_inline_segments_have_the_checksums_of_their_bytes(contents: list[bytes]) -> None:
    text = json.dumps([{"data": base64.b64encode(content).decode()} for content in contents])
    segments = parse_slo_manifest(text, source="manifest")
    assert [(one.etag, one.size_bytes) for one in segments] == [
        (hashlib.md5(content).hexdigest(), len(content)) for content in contents
    ]
