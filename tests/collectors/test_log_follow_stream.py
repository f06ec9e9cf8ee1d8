"""The container's own output, resumed: no line lost, none twice, whatever the chunks and the clock."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regops.collectors.logs.stream import OutputPlace

NOW = datetime(2026, 11, 23, 9, 12, tzinfo=UTC)


def stamped(milliseconds: int, text: str) -> bytes:
    at = NOW + timedelta(milliseconds=milliseconds)
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}000Z {text}".encode()


def lines(place: OutputPlace, chunks: Iterable[bytes]) -> list[bytes]:
    return [piece.text for chunk in chunks for piece in place.feed(chunk)]


def test_lines_come_without_their_stamps() -> None:
    place = OutputPlace()
    assert lines(place, [stamped(0, "one\n"), stamped(1, "two\n") + stamped(2, "three\n")]) == [
        b"one",
        b"two",
        b"three",
    ]
    assert place.stamp == NOW + timedelta(milliseconds=2)


def test_each_part_of_a_long_line_is_stamped_and_it_is_one_line() -> None:
    parts = [stamped(0, "a" * 16384), stamped(0, "b" * 16384), stamped(0, "end\n"), stamped(1, "next\n")]
    assert lines(OutputPlace(), parts) == [b"a" * 16384 + b"b" * 16384 + b"end", b"next"]


@given(st.lists(st.integers(1, 60), max_size=20))
def test_a_terminals_chunks_may_end_anywhere(sizes: list[int]) -> None:
    stream = b"".join(stamped(number, f"line {number}\r\n") for number in range(5))
    chunks: list[bytes] = []
    for size in sizes:
        chunks.append(stream[:size])
        stream = stream[size:]
    assert lines(OutputPlace(), [*chunks, stream]) == [f"line {number}\r".encode() for number in range(5)]


def test_output_that_was_never_stamped_passes() -> None:
    place = OutputPlace()
    assert lines(place, [b"one\n", b"2026-11-23 two\n"]) == [b"one", b"2026-11-23 two"]
    assert place.resume(NOW) is None


@pytest.mark.parametrize("stamp", ["2026-11-23T10:12:00.5+01:00", "2026-11-23T09:12:00Z"])
def test_stamps_of_other_engines_are_read(stamp: str) -> None:
    place = OutputPlace()
    assert lines(place, [f"{stamp} text\n".encode()]) == [b"text"]
    assert place.stamp is not None


def test_what_was_read_is_left_out_when_it_comes_again() -> None:
    place = OutputPlace()
    written = [stamped(number, f"line {number % 3}\n") for number in range(0, 400, 10)]
    before = lines(place, written)
    since = place.resume(NOW + timedelta(hours=1))
    assert since is not None
    again = [
        chunk
        for number, chunk in zip(range(0, 400, 10), written, strict=True)
        if NOW + timedelta(milliseconds=number) >= since
    ]
    assert len(again) > 10
    # The same text in the same moment, but once more than it was read.
    new = [stamped(390, "line 0\n"), stamped(500, "line 1\n"), stamped(5000, "line 2\n")]
    assert len(before) == 40
    assert lines(place, [*again, *new]) == [b"line 0", b"line 1", b"line 2"]


def test_a_clock_that_was_set_back_does_not_hide_what_comes_next() -> None:
    place = OutputPlace()
    assert lines(place, [stamped(0, "one\n")]) == [b"one"]
    earlier = NOW - timedelta(hours=1)
    since = place.resume(earlier)
    assert since is not None
    assert since < earlier
    assert lines(place, [stamped(-3_600_000, "two\n"), stamped(-3_599_000, "three\n")]) == [b"two", b"three"]
    assert place.resume(NOW) == NOW - timedelta(milliseconds=3_599_000 + 250)
