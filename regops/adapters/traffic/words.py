"""Eight bytes at a time as 64-bit words, for many values at once.

Source of the tricks: Hacker's Delight, chapter 6, and Lemire's "Quickly parsing eight digits".
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Flags = NDArray[np.bool_]

ONES = np.uint64(0x0101010101010101)
HIGH = np.uint64(0x8080808080808080)
# Eight times the digit 0.
FILLING = np.uint64(0x3030303030303030)
_UPPER_HALVES = np.uint64(0xF0F0F0F0F0F0F0F0)
_SIXES = np.uint64(0x0606060606060606)
_ONE = np.uint64(1)


def word(text: bytes) -> np.uint64:
    """Return up to eight bytes as they are loaded, the first one lowest."""
    return np.uint64(int.from_bytes(text, "little"))


def zero_byte(words: Words) -> Ints:
    """Return the place of the lowest zero byte of each word, 8 where there is none."""
    lowest: Words = (words - ONES) & ~words & HIGH
    lowest &= ~lowest + _ONE
    # Below the lowest flag are as many ones as bits before it; with no flag at all 64.
    place: Ints = (np.bitwise_count(lowest - _ONE) >> np.uint8(3)).astype(np.int64)
    return place


def decimal(words: Words, length: Ints) -> tuple[Ints, Flags]:
    """Return the numbers that the first one to eight bytes of each word say, and which of them are numbers."""
    good: Flags = (length > 0) & (length <= 8)
    bits = np.where(good, length, 1).astype(np.uint64) << np.uint64(3)
    # The digits go to the upper end, and zeros before them.
    text: Words = (words << (np.uint64(64) - bits)) | (FILLING >> (bits - _ONE) >> _ONE)
    good &= ((text & _UPPER_HALVES) == FILLING) & (((text + _SIXES) & _UPPER_HALVES) == FILLING)
    text = ((text & np.uint64(0x0F0F0F0F0F0F0F0F)) * np.uint64(2561)) >> np.uint64(8)
    text = ((text & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(6553601)) >> np.uint64(16)
    text = ((text & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42949672960001)) >> np.uint64(32)
    return text.astype(np.int64), good


@cache
def masks(words: int) -> Words:
    """Return a row for each number of bytes up to 8 * words, which lets through that many of as many words."""
    lengths = np.arange(8 * words + 1)[:, None]
    return (np.arange(8 * words) < lengths).astype(np.uint8).view("<u8") * np.uint64(255)


def differing_rows(first: Words, second: Words) -> Ints:
    """Return the rows in which two tables differ, in order; a row may come more than once."""
    rows: Ints = np.flatnonzero((first != second).reshape(-1)) // first.shape[1]
    return rows
