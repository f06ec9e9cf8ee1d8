"""Numbers for values: what stands between names in a log and rows in a table."""

from collections.abc import Callable

import numpy as np

from regops.adapters.traffic.columns import Block, Span
from regops.adapters.traffic.words import Ints, Words, differing_rows, masks

# Values are kept whole, and agents can have 32 KiB each.
_MOST_VALUES = 100_000
_MOST_BYTES = 16 * 1024 * 1024


class Codes(dict[bytes, int]):
    """Numbers for values, given by `make` when a value is first seen, in bounded memory."""

    def __init__(self, make: Callable[[bytes], int]) -> None:
        super().__init__()
        self._make = make
        self._held = 0

    def __missing__(self, value: bytes) -> int:
        code = self[value] = self._make(value)
        self._held += len(value)
        return code

    def of(self, values: list[bytes]) -> Ints:
        """Return the number of each value."""
        return np.fromiter(map(self.__getitem__, values), np.int64, len(values))

    @property
    def is_full(self) -> bool:
        """Whether it is time to start again."""
        return len(self) > _MOST_VALUES or self._held > _MOST_BYTES

    def clear(self) -> None:
        """Forget all values."""
        super().clear()
        self._held = 0


class ShortCodes(Codes):
    """Codes with a table in front of them, where most values of up to 8 * words bytes are found without Python.

    The table has one value in a slot, which is compared byte for byte; what is not there is looked up and put there.
    """

    def __init__(self, make: Callable[[bytes], int], *, words: int, slot_bits: int) -> None:
        super().__init__(make)
        self._masks = masks(words)
        # Odd multiples of the golden ratio of 2^64: any bits do, for the table is no more than a memory.
        self._mix: Words = (2 * np.arange(words) + 1).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        self._shift = np.uint64(64 - slot_bits)
        self._texts = np.zeros((2**slot_bits, words), np.uint64)
        self._lengths = np.full(2**slot_bits, -1)
        self._codes = np.zeros(2**slot_bits, np.int64)

    def at(self, block: Block, span: Span) -> Ints:
        """Return the number of the value in each row."""
        words = len(self._mix)
        text = block.records(span.start, words)
        text &= self._masks.take(np.minimum(span.length, 8 * words), axis=0)
        slot = ((text @ self._mix) >> self._shift).astype(np.int64)
        other = self._lengths[slot] != span.length
        other[differing_rows(self._texts.take(slot, axis=0), text)] = True
        codes = self._codes[slot]
        if other.any():
            rows = np.flatnonzero(other)
            codes[rows] = self.of(block.texts(span.pick(rows)))
            short = rows[span.length[rows] <= 8 * words]
            # Of rows with one slot only one may be put there, the same one in all arrays.
            slots, first = np.unique(slot[short], return_index=True)
            kept = short[first]
            self._lengths[slots], self._codes[slots], self._texts[slots] = span.length[kept], codes[kept], text[kept]
        return codes

    def clear(self) -> None:
        """Forget all values."""
        super().clear()
        self._lengths[:] = -1
