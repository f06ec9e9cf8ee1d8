"""Bytes against checksums, in whatever portions they come."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.slo_manifest import parse_slo_manifest, slo_etag
from regops.collectors.bootstrap import proof
from regops.collectors.bootstrap.proof import Checker, Piece
from regops.errors import Corrupted, Refused
from regops.model.tarball import ObjectKind, StoredObject

contents = st.lists(st.binary(max_size=50), min_size=1, max_size=6)


def pieces_of(parts: list[bytes]) -> tuple[Piece, ...]:
    return tuple(
        Piece(f"segments/{index}", len(part), hashlib.md5(part).hexdigest()) for index, part in enumerate(parts)
    )


def check(pieces: tuple[Piece, ...], content: bytes, portion: int) -> None:
    checker = Checker("image.tar", pieces)
    for start in range(0, len(content), portion):
        checker.update(content[start : start + portion])
    checker.finish()


@given(contents, st.integers(min_value=1, max_value=70))
def test_the_right_bytes_pass_in_any_portions(parts: list[bytes], portion: int) -> None:
    check(pieces_of(parts), b"".join(parts), portion)


@given(contents.filter(any), st.integers(min_value=1, max_value=70), st.data())
def test_one_changed_byte_is_found_wherever_it_is(parts: list[bytes], portion: int, data: st.DataObject) -> None:
    content = bytearray(b"".join(parts))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Corrupted, match="is damaged"):
        check(pieces_of(parts), bytes(content), portion)


@given(contents.filter(any), st.integers(min_value=1, max_value=70), st.data())
def test_missing_bytes_are_found(parts: list[bytes], portion: int, data: st.DataObject) -> None:
    content = b"".join(parts)
    with pytest.raises(Corrupted, match="ends after"):
        check(pieces_of(parts), content[: data.draw(st.integers(0, len(content) - 1))], portion)


@given(contents, st.integers(min_value=1, max_value=70), st.binary(min_size=1, max_size=50))
def test_too_many_bytes_are_found(parts: list[bytes], portion: int, more: bytes) -> None:
    with pytest.raises(Corrupted, match="is longer"):
        check(pieces_of(parts), b"".join(parts) + more, portion)


def test_the_damaged_segment_is_named_with_its_place() -> None:
    pieces = pieces_of([b"first", b"second", b"third"])
    with pytest.raises(Corrupted) as found:
        check(pieces, b"firstsecoNdthird", 100)
    assert "image.tar is damaged: in its segment segments/1, from byte 5 on, md5" in found.value.message


def test_what_nothing_vouches_for_passes_by_its_length_alone() -> None:
    check((Piece("dynamic", 3, None),), b"any", 2)
    check((Piece("dynamic", None, None),), b"whatever comes", 2)


class Nested:
    """A store with a manifest of so many manifests of one segment each."""

    def __init__(self, count: int) -> None:
        leaf = [{"name": "/c/segment", "hash": "0" * 32, "bytes": 1}]
        self.etag = slo_etag(parse_slo_manifest(json.dumps(leaf), source="leaf"))
        top = [{"name": "/c/leaf", "hash": self.etag, "bytes": 1, "sub_slo": True}] * count
        self.manifests = {"leaf": json.dumps(leaf), "top": json.dumps(top)}
        self.top = StoredObject(
            "top", count, None, slo_etag(parse_slo_manifest(self.manifests["top"], source="top")), ObjectKind.SLO, None
        )
        self.asked = 0

    def manifest(self, _swift_container: str, name: str) -> str:
        self.asked += 1
        return self.manifests[name]


def test_manifests_are_not_asked_for_without_end() -> None:
    some: Any = Nested(999)
    assert len(proof.pieces_of(some, "c", some.top)) == 999
    many: Any = Nested(5000)
    with pytest.raises(Refused, match="more than 1000 manifests"):
        proof.pieces_of(many, "c", many.top)
    assert many.asked == 1000
