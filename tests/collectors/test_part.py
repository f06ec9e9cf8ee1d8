"""A file that is filled block by block, by several at once, and left and taken up again at any moment."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regops.collectors.bootstrap.part import Claim, Part
from regops.collectors.bootstrap.part_note import PartNote, Whole

CONTENT = random.Random(3).randbytes(1000)
BLOCK = 64


class Filling:
    """A part of CONTENT, those who fill it, and a kill at any moment: nothing is told to it, and nothing closed."""

    def __init__(self, folder: Path, size_bytes: int) -> None:
        self.folder = folder
        self.content = CONTENT[:size_bytes]
        self.claims: list[Claim] = []
        self.part = self.open()

    def open(self) -> Part:
        whole = Whole("images", "image.tar", "36009842d5911892446289808532eb1a", len(self.content))
        self.descriptor = os.open(self.folder / "part", os.O_RDWR | os.O_CREAT, 0o600)
        self.place = os.open(self.folder, os.O_RDONLY)
        self.note = PartNote(self.place, "note")
        return Part(self.descriptor, self.folder / "part", self.note, whole, self.note.read(whole), block_bytes=BLOCK)

    def close(self) -> None:
        self.note.close()
        os.close(self.descriptor)
        os.close(self.place)

    def kill(self) -> None:
        before = self.part.size_bytes
        self.claims = []
        self.close()
        self.part = self.open()
        assert self.part.carried_bytes == self.part.size_bytes == before

    def claim(self) -> None:
        if claim := self.part.claim():
            assert (claim.block, claim.start) not in {(other.block, other.start) for other in self.claims}
            self.claims.append(claim)

    def write(self, who: int, count: int) -> None:
        if self.claims:
            claim = self.claims[who % len(self.claims)]
            stop = len(self.content) if claim.stop is None else claim.stop
            chunk = self.content[claim.start : min(stop, claim.start + count)]
            assert self.part.write(claim, chunk)

    def release(self, who: int) -> None:
        if self.claims:
            self.part.release(self.claims.pop(who % len(self.claims)))

    def drop(self, start: int, count: int) -> None:
        self.part.revoke()
        assert not any(self.part.write(claim, b"late") for claim in self.claims)
        self.claims = []
        self.part.drop(start, start + count)
        assert self.part.gapless_bytes <= start or not count or start >= len(self.content)

    def check(self) -> None:
        good = self.part.gapless_bytes
        assert good <= self.part.size_bytes <= len(self.content)
        assert b"".join(self.part.contents(0)) == self.content[:good]

    def finish(self) -> None:
        self.part.revoke()
        while claim := self.part.claim():
            stop = len(self.content) if claim.stop is None else claim.stop
            assert self.part.write(claim, self.content[claim.start : stop])
            self.part.release(claim)
        assert (self.folder / "part").read_bytes() == self.content
        assert self.part.count_gaps() == 0
        self.close()


number = st.integers(0, 7)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("claim")),
        st.tuples(st.just("write"), number, st.integers(1, 90)),
        st.tuples(st.just("release"), number),
        st.tuples(st.just("kill")),
        st.tuples(st.just("drop"), st.integers(0, 999), st.integers(0, 300)),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(st.integers(1, 1000), steps)
def test_whatever_happens_what_is_there_is_known_and_the_rest_can_be_brought(
    tmp_path_factory: pytest.TempPathFactory, size_bytes: int, happened: list[tuple[str, ...]]
) -> None:
    filling = Filling(tmp_path_factory.mktemp("part"), size_bytes)
    for step, *arguments in happened:
        getattr(filling, step)(*arguments)
        filling.check()
    filling.finish()


@pytest.fixture
def filling(tmp_path: Path) -> Iterator[Filling]:
    found = Filling(tmp_path, 200)
    yield found
    found.close()


def test_blocks_are_given_away_from_the_first_on_and_the_last_ends_with_the_object(filling: Filling) -> None:
    claims = [filling.part.claim() for _ in range(5)]
    assert [(one.start, one.stop) for one in claims if one] == [(0, 64), (64, 128), (128, 192), (192, None)]


def test_bytes_count_as_an_earlier_runs_only_until_they_are_dropped(filling: Filling) -> None:
    filling.claim()
    filling.claim()
    filling.write(0, 64)
    filling.write(1, 10)
    filling.kill()
    assert filling.part.drop(100, 200) is False
    assert filling.part.drop(70, 200) is True
    assert (filling.part.carried_bytes, filling.part.gapless_bytes) == (70, 70)
    assert filling.part.drop(70, 200) is False


def test_a_file_that_is_longer_than_the_object_is_none_of_it(filling: Filling) -> None:
    filling.claim()
    filling.write(0, 64)
    os.ftruncate(filling.descriptor, 201)
    filling.close()
    filling.part = filling.open()
    assert (filling.part.size_bytes, (filling.folder / "part").stat().st_size) == (0, 0)


def test_a_note_does_not_go_on_telling_of_what_the_file_has_lost(filling: Filling) -> None:
    for who in range(3):
        filling.claim()
        filling.write(who, 64)
    os.ftruncate(filling.descriptor, 0)  # as a power cut may leave it
    filling.close()
    filling.part, filling.claims = filling.open(), []
    for _ in range(3):
        filling.claim()
    filling.write(2, 10)
    filling.kill()
    assert (filling.part.size_bytes, filling.part.gapless_bytes) == (10, 0)


def test_a_note_stays_small_for_any_object(tmp_path: Path) -> None:
    place = os.open(tmp_path, os.O_RDONLY)
    note = PartNote(place, "note")
    descriptor = os.open(tmp_path / "part", os.O_RDWR | os.O_CREAT, 0o600)
    whole = Whole("images", "x" * 1024, "36009842d5911892446289808532eb1a", 5 << 40)
    part = Part(descriptor, tmp_path / "part", note, whole, None, block_bytes=BLOCK)
    assert part.count_gaps() == 10_000
    assert (tmp_path / "note").stat().st_size < 200_000
    assert note.read(whole) is not None
    note.close()
    os.close(descriptor)
    os.close(place)
