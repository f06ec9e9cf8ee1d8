"""Access logs read by columns: the values of some thousand lines at once, in numpy's arrays.

Positions of newlines and quotes are found in one pass over a block. From there every value is reached with loads of
eight bytes at a time, which are compared, searched for a blank and turned into numbers as 64-bit words, for all lines
together.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from regops.adapters.traffic.plan import REACH_BYTES, VALUE_BYTES, Plan, Step, Text
from regops.adapters.traffic.words import (
    FILLING,
    HIGH,
    ONES,
    Flags,
    Ints,
    Words,
    decimal,
    differing_rows,
    masks,
    word,
    zero_byte,
)
from regops.model.traffic import LONGEST_LINE

_NEWLINE, _RETURN, _QUOTE, _BACKSLASH, _POINT = 10, 13, 34, 92, 46
# What may be loaded beyond the last line: where a walk gets to, and a long value from there.
_MARGIN = bytes(REACH_BYTES + 256)
# Enough that no array of a block is as large.
_KEPT_BYTES = 31 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Span:
    """Where one value stands in each line: start and length, in bytes of the block."""

    start: Ints
    length: Ints

    def pick(self, rows: Ints) -> "Span":
        """Return the places in some of the lines."""
        return Span(self.start[rows], self.length[rows])


@dataclass(frozen=True, slots=True)
class Columns:
    """The lines of a block that the plan could follow.

    line holds the places of the whole lines, values those of the used variables; others holds the lines that the plan
    could not follow.
    """

    line: Span
    values: Mapping[str, Span]
    others: list[bytes]


class Block:
    """Some whole lines, and the words at each of their bytes."""

    def __init__(self, raw: bytes) -> None:
        self._size = len(raw)
        self._padded = raw + _MARGIN
        self._bytes = np.frombuffer(self._padded, np.uint8)
        self._words: Words = np.ndarray((len(self._padded) - 7,), np.dtype("<u8"), self._padded, strides=(1,))

    def columns(self, plan: Plan, space: "Space") -> Columns:
        """Return where the used values stand."""
        line, marks, irregular = self._lines(len(plan.segments) - 1, space)
        good = np.ones(len(line.start), np.bool_)
        if plan.escapes_quotes:
            for mark in marks[:-1]:
                good &= self._bytes[mark - 1] != _BACKSLASH
        values: dict[str, Span] = {}
        start = line.start
        for segment, end in zip(plan.segments, marks, strict=True):
            good &= self._walk(segment, start, end, values) == end
            start = end + 1
        if good.all():
            return Columns(line, values, irregular)
        rows = np.flatnonzero(good)
        others = irregular + self.texts(line.pick(np.flatnonzero(~good)))
        return Columns(line.pick(rows), {name: span.pick(rows) for name, span in values.items()}, others)

    def texts(self, span: Span) -> list[bytes]:
        """Return the values themselves."""
        raw = self._padded
        return [raw[a:b] for a, b in zip(span.start.tolist(), (span.start + span.length).tolist(), strict=True)]

    def follows(self, at: Ints, text: bytes) -> Flags:
        """Return whether a text of 8 bytes or more stands at each place; before the block's beginning nothing does."""
        # The end of the padding is what places before the beginning mean to numpy.
        same: Flags = self._words[at] == word(text[:8])
        for n in {*range(8, len(text) - 7, 8), len(text) - 8} - {0}:
            same &= self._words[at + n] == word(text[n : n + 8])
        return same

    def after_last(self, before: Ints, byte: int) -> Ints:
        """Return the places after the last such byte before each place, among the 512 bytes there, 0 for none."""
        pattern = np.uint64(byte) * ONES
        after = np.zeros(len(before), np.int64)
        rows = np.arange(len(before))
        for n in range(8, 520, 8):
            at = before[rows] - n
            back = zero_byte(self._words[at].byteswap() ^ pattern)
            found = back < 8
            after[rows[found]] = (at + 8 - back)[found]
            rows = rows[~found]
            if not len(rows):
                break
        return after

    def records(self, start: Ints, words: int) -> Words:
        """Return the words from each place on, a row each; a copy of many bytes costs little more than one of eight."""
        size = 8 * words
        places = np.ndarray((len(self._padded) - size + 1,), np.dtype(f"V{size}"), self._padded, strides=(1,))
        return places[start].view("<u8").reshape(len(start), words)

    def byte(self, at: Ints) -> NDArray[np.uint8]:
        """Return the byte at each place."""
        return self._bytes[at]

    def length(self, at: Ints, end: int) -> Ints:
        """Return how many bytes stand before the first byte `end`, at most 64."""
        pattern = np.uint64(end) * ONES
        length = zero_byte(self._words[at] ^ pattern)
        rows = np.flatnonzero(length == 8)
        for n in range(1, VALUE_BYTES // 8):
            if not len(rows):
                break
            more = zero_byte(self._words[at[rows] + 8 * n] ^ pattern)
            length[rows] += more
            rows = rows[more == 8]
        return length

    def is_plain(self, start: Ints, length: Ints, *, least: int, words: int) -> Flags:
        """Return which values have no byte below `least` and no backslash; never one that is longer than the words."""
        text = self.records(start, words)
        if not (length == 8 * words).all():
            mask = masks(words).take(np.minimum(length, 8 * words), axis=0)
            text = (text & mask) | (~mask & FILLING)
        found = (text - np.uint64(least) * ONES) & ~text
        text ^= np.uint64(_BACKSLASH) * ONES
        found |= (text - ONES) & ~text
        plain: Flags = (np.bitwise_or.reduce(found, axis=1) & HIGH) == 0
        return plain & (length <= 8 * words)

    def digits(self, start: Ints, length: Ints) -> tuple[Ints, Flags]:
        """Return the numbers of one to eight digits, and which of them are numbers."""
        return decimal(self._words[start], length)

    def numbers(self, span: Span) -> tuple[Ints, Flags]:
        """Return the numbers of one to twelve digits, and which of them are numbers."""
        long = np.flatnonzero(span.length > 8)
        if not len(long):
            return self.digits(span.start, span.length)
        upper = np.maximum(span.length - 8, 0)
        value, good = self.digits(span.start + upper, span.length - upper)
        first, first_good = self.digits(span.start[long], upper[long])
        value[long] += first * 10**8
        good[long] &= first_good & (upper[long] <= 4)
        return value, good

    def thousandths(self, span: Span) -> tuple[Ints, Flags]:
        """Return seconds of up to twelve digits and three decimals as milliseconds, and which values are such."""
        point = span.start + span.length - 4
        whole, good = self.numbers(Span(span.start, span.length - 4))
        rest, rest_good = self.digits(point + 1, np.full(len(point), 3))
        good &= rest_good & (self._bytes[point] == _POINT)
        return whole * 1000 + rest, good

    def codes_of_runs(self, span: Span, code: Callable[[list[bytes]], Ints]) -> Ints:
        """Return the code of each value, asking once for equal values that follow each other; all have one length."""
        size = int(span.length[0])
        text = self.records(span.start, -(-size // 8)) & masks(-(-size // 8))[size]
        begins = np.ones(len(text), np.bool_)
        begins[1:] = False
        begins[1 + differing_rows(text[1:], text[:-1])] = True
        starts = np.flatnonzero(begins)
        codes = code(self.texts(span.pick(starts)))
        return np.repeat(codes, np.diff(starts, append=len(text)))

    def _lines(self, quotes: int, space: "Space") -> tuple[Span, list[Ints], list[bytes]]:
        """Return the lines with as many quotes, where those and the newlines stand, and the other lines."""
        found = space.find(self._bytes[: self._size])
        ends = np.flatnonzero(self._bytes[found] == _NEWLINE)
        stops = found[ends]
        # A carriage return before the newline is no part of the line, and too rare to be worth more thought.
        regular = (np.diff(ends, prepend=-1) == quotes + 1) & (self._bytes[stops - 1] != _RETURN)
        starts = np.concatenate((np.zeros(1, np.int64), stops[:-1] + 1))
        line = Span(starts, stops - starts)
        regular &= line.length <= LONGEST_LINE
        if regular.all():
            table = found.reshape(-1, quotes + 1)
            return line, [table[:, n] for n in range(quotes + 1)], []
        rows = np.flatnonzero(regular)
        ends = ends[rows]
        marks = [found[ends - n] for n in range(quotes, -1, -1)]
        return line.pick(rows), marks, self.texts(line.pick(np.flatnonzero(~regular)))

    def _walk(self, steps: tuple[Step, ...], start: Ints, end: Ints, values: dict[str, Span]) -> Ints:
        """Return where the steps end in each line: at its next quote, if the line is what the plan says."""
        at = start
        for step in steps:
            if isinstance(step, Text):
                at = self._after_text(at, step.text)
                continue
            if step.width is not None:
                length = np.full(len(at), step.width)
            elif step.end is not None:
                length = self.length(at, step.end)
            else:
                # Not less than nothing: a walk that has failed stays beyond the end.
                length = np.maximum(end - at, 0)
            if step.kept:
                values[step.name] = Span(at, length)
            at = at + length
        return at

    def _after_text(self, at: Ints, text: bytes) -> Ints:
        """Return the places after a text, and beyond any line where it is not."""
        missing = np.zeros(len(at), np.bool_)
        if len(text) < 8:
            # Loads of single bytes are many times faster than those of words.
            for n, byte in enumerate(text):
                missing |= self._bytes[at + n] != byte
        else:
            missing |= ~self.follows(at, text)
        after = at + len(text)
        if missing.any():
            # No quote or newline is there; and the walk goes on within the padding.
            after[missing] = self._size
        return after


class Space:
    """Room for the flags of a block's bytes: fresh pages for every block cost more than the search itself."""

    def __init__(self) -> None:
        # glibc gives large blocks back to the kernel at once, and takes them again page by page for the next array,
        # until it has once seen a block as large as this one freed (mallopt(3), M_MMAP_THRESHOLD).
        np.empty(_KEPT_BYTES, np.uint8)
        self._first = np.empty(0, np.bool_)
        self._second = np.empty(0, np.bool_)

    def find(self, text: NDArray[np.uint8]) -> Ints:
        """Return the places of newlines and quotes."""
        size = len(text)
        if size > len(self._first):
            self._first, self._second = np.empty(size, np.bool_), np.empty(size, np.bool_)
        flags = np.equal(text, _NEWLINE, out=self._first[:size])
        np.logical_or(flags, np.equal(text, _QUOTE, out=self._second[:size]), out=flags)
        return np.flatnonzero(flags)
