"""Counts per name in bounded memory: exact until there are too many names, and honest about it afterwards."""

from collections.abc import Iterable
from dataclasses import dataclass, field

# A registry has thousands of clients and repositories; a flood of invented ones must not take the memory.
MOST_NAMES = 100_000


@dataclass(slots=True)
class Ranking:
    """Counts per name; the first count of each name is the one it is ranked by.

    With more than `most` names half of them or more go into rest, so that the sum over names and rest stays exact. One
    may have gone more than once: missed is how much its first count can be short by, 0 while nothing went.
    """

    width: int
    most: int = MOST_NAMES
    counts: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    rest: list[int] = field(default_factory=list[int])
    missed: int = 0

    def __post_init__(self) -> None:
        self.rest = self.rest or [0] * self.width

    def add(self, name: str, counts: Iterable[int]) -> None:
        """Add to the counts of a name."""
        known = self.counts.get(name)
        if known is None:
            self.counts[name] = list(counts)
            if len(self.counts) > self.most:
                self._shorten()
            return
        for n, count in enumerate(counts):
            known[n] += count

    def merge(self, other: "Ranking") -> None:
        """Add another ranking to this one."""
        for name, counts in other.counts.items():
            self.add(name, counts)
        self.rest = [a + b for a, b in zip(self.rest, other.rest, strict=True)]
        self.missed += other.missed

    def top(self) -> list[tuple[str, list[int]]]:
        """Return the names, those with the highest counts first, equal ones in the order of the alphabet."""
        return sorted(self.counts.items(), key=_rank)

    def _shorten(self) -> None:
        cut = sorted((counts[0] for counts in self.counts.values()), reverse=True)[self.most // 2]
        dropped = [counts for counts in self.counts.values() if counts[0] <= cut]
        self.rest = [sum(column) for column in zip(self.rest, *dropped, strict=True)]
        self.counts = {name: counts for name, counts in self.counts.items() if counts[0] > cut}
        # A name that goes now may have gone before, and may come again.
        self.missed += cut


def _rank(item: tuple[str, list[int]]) -> tuple[int, str]:
    name, counts = item
    return -counts[0], name
