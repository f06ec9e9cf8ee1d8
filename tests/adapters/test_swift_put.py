"""What is put into a real Swift comes out of it as it was, or not at all."""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from regops.adapters.swift.store import SwiftStore
from regops.errors import NotFound, Refused
from swift_server import SwiftServer

pytestmark = pytest.mark.swift
CONTENT = random.Random(2).randbytes(3_000_000)


@pytest.fixture
def store(swift: SwiftServer) -> SwiftStore:
    return SwiftStore.from_environment(swift.environ, timeout_seconds=30)


def read(store: SwiftStore, swift_container: str, name: str) -> bytes:
    with store.open(swift_container, name) as (_, chunks):
        return b"".join(chunks)


@pytest.mark.parametrize("portion", [70_001, 3_000_000])
def test_bytes_in_any_portions_come_out_as_they_went_in(portion: int, store: SwiftStore) -> None:
    portions = (CONTENT[start : start + portion] for start in range(0, len(CONTENT), portion))
    stored = store.put("put", "an image ü.tar", portions)
    assert (stored.size_bytes, stored.kind) == (len(CONTENT), "plain")
    assert replace(store.head("put", "an image ü.tar"), modified=stored.modified) == stored
    assert read(store, "put", "an image ü.tar") == CONTENT


def test_nothing_at_all_is_an_empty_object(store: SwiftStore) -> None:
    assert store.put("put", "empty", iter(())).size_bytes == 0
    assert read(store, "put", "empty") == b""


def test_metadata_is_kept_with_the_object(store: SwiftStore, swift: SwiftServer) -> None:
    store.put("put", "labelled", iter((b"x",)), metadata={"Image-Id": "sha256:abc"})
    assert swift.headers("put/labelled")["X-Object-Meta-Image-Id"] == "sha256:abc"


def test_a_percent_sign_of_a_header_is_one(store: SwiftStore) -> None:
    stored = store.put("put", "percent", iter((b"x",)), metadata={"Done": "50%25 ü"})
    assert dict(stored.metadata)["done"] == "50%25 ü"
    assert store.heads("put", ["percent"], timeout_seconds=30) == {"percent": store.head("put", "percent")}


@pytest.mark.parametrize("kind", [OSError, BrokenPipeError, TimeoutError, ValueError])
def test_a_source_that_fails_leaves_no_object_and_its_own_error(kind: type[Exception], store: SwiftStore) -> None:
    def source() -> Iterator[bytes]:
        yield b"the first half"
        raise kind("the disk is gone")

    with pytest.raises(kind, match="the disk is gone"):
        store.put("put", "half", source())
    with pytest.raises(NotFound):
        store.head("put", "half")


@pytest.mark.parametrize("name", ["", ".", "../other/x", "a/./b", "\udcff"])
def test_a_name_that_leads_elsewhere_is_refused(name: str, store: SwiftStore) -> None:
    for ask in (store.head, store.manifest, store.open):
        with pytest.raises(Refused):
            ask("put", name)
    with pytest.raises(Refused):
        store.put("put", name, iter(()))
