"""Listings of stores that behave oddly."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from fake_clock import FakeClock
from regops.collectors.bootstrap.listing import collect_tarballs, nearly
from regops.errors import Refused, RegopsError, UnexpectedAnswer, Unreachable
from regops.model.tarball import ObjectKind, StoreAccount, StoredObject

ACCOUNT = StoreAccount("v1", "http://swift/auth/v1.0", "u", None, None, "http://swift/v1/AUTH_u", "ST_*")


class Store:
    """An object store that lists what it is told to; every listing takes a second."""

    account = ACCOUNT

    def __init__(self, clock: FakeClock, pages: Iterator[list[str]], *, size_bytes: int = 0) -> None:
        self._size_bytes = size_bytes
        self._clock = clock
        self._pages = pages
        self.looked_at: list[str] = []

    def listing(self, swift_container: str, *, marker: str = "", limit: int | None = None) -> str:
        self._clock.sleep(1)
        return json.dumps([{"name": name, "bytes": self._size_bytes, "hash": "x"} for name in next(self._pages, [])])

    def heads(self, swift_container: str, names: Sequence[str], *, timeout_seconds: float) -> dict[str, StoredObject]:
        self.looked_at += names
        return {
            name: StoredObject(name, 7, None, None, ObjectKind.DLO, None, image_tags=())
            for name in names
            if name != "gone"
        }


def collect(pages: Iterator[list[str]], *, seconds: float = 60) -> tuple[Any, Store]:
    clock = FakeClock()
    store: Any = Store(clock, pages)
    return collect_tarballs(store, "images", clock, timeout_seconds=seconds), store


def test_what_is_listed_without_bytes_is_looked_at_and_stays_as_listed_when_it_cannot_be() -> None:
    answer, store = collect(iter([["a", "gone"], ["z"]]))
    assert [(one.name, one.size_bytes, one.kind) for one in answer.objects] == [
        ("a", 7, "dlo"),
        ("gone", 0, "plain"),
        ("z", 7, "dlo"),
    ]
    assert store.looked_at == ["a", "gone", "z"]


def test_only_so_many_are_looked_at() -> None:
    clock = FakeClock()
    store: Any = Store(clock, iter([[f"{index:04}" for index in range(1500)]]))
    answer = collect_tarballs(store, "images", clock, timeout_seconds=60, look=True)
    assert len(store.looked_at) == 1000
    assert answer.note == "image tags are not known of 500 of 1500 objects"


UNASKED = "image tags were not asked for (more than 30 objects): --tags"


@pytest.mark.parametrize(
    ("count", "look", "looks", "note"),
    [(30, None, 30, ""), (31, None, 0, UNASKED), (31, True, 31, ""), (30, False, 0, ""), (31, False, 0, "")],
)
def test_tags_are_asked_for_where_objects_are_few_or_when_told_to(
    count: int, look: bool | None, looks: int, note: str
) -> None:
    clock = FakeClock()
    store: Any = Store(clock, iter([[f"{index:04}" for index in range(count)]]), size_bytes=9)
    answer = collect_tarballs(store, "images", clock, timeout_seconds=60, look=look)
    assert len(store.looked_at) == looks
    assert {one.image_tags for one in answer.objects} == {() if looks else None}
    assert answer.note == note


def test_pages_of_ten_thousand_are_followed_to_the_end() -> None:
    names = [f"{index:05}" for index in range(12_000)]
    answer, _ = collect(iter([names[:10_000], names[10_000:]]))
    assert [one.name for one in answer.objects] == names


def test_names_are_in_the_order_of_their_utf_8() -> None:
    answer, _ = collect(iter([["\ufb00"], ["\U0001f40b"]]))
    assert len(answer.objects) == 2


@pytest.mark.parametrize(
    ("pages", "kind"),
    [
        ((["a"] for _ in range(5)), UnexpectedAnswer),
        (([f"{index:09}"] for index in range(10**9)), Unreachable),
        (([f"{page:04}{index:04}" for index in range(1000)] for page in range(10**4)), Refused),
    ],
)
def test_a_listing_without_end_ends(
    pages: Iterator[list[str]], kind: type[RegopsError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regops.collectors.bootstrap.listing._MOST_OBJECTS", 5000)
    with pytest.raises(kind):
        collect(pages)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("nope.tgz", []),
        ("registry", ["registry.tar.gz", "registry.tgz"]),
        ("regisrty.tar", ["registry.tar.gz", "registry.tgz"]),
        ("nbb.tgz", ["nb.tgz"]),
        ("nope.tar.gz", []),
    ],
)
def test_what_may_be_meant_is_told_by_more_than_its_ending(name: str, meant: list[str]) -> None:
    store: Any = Store(FakeClock(), iter([["nb.tgz", "registry.tar.gz", "registry.tgz"]]))
    assert nearly(store, "images", name) == meant
