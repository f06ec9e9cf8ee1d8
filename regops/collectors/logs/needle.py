"""A quick look at the bytes of a log for what a wanted entry has to hold, so that most of a log need not be parsed.

A look may find too much, for what it finds is parsed; it never misses a wanted entry.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import groupby

# What can stand in a pattern for more than itself, other than these few, is left to the pattern alone.
_HARD = re.compile(r"[\\|()\[\]{}]")
# Lazy and possessive repeats (`*?`, `++`) count like the greedy ones.
_PARTS = re.compile(r".[*?][?+]?|[.^$]|\+[?+]?", re.DOTALL)
_SHORTEST = 3
# In other alphabets there are letters that count as these when the case does not.
_AMBIGUOUS = re.compile("[isk]|[^ -~]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that every wanted entry holds: one of patterns is found in it, or one of words in any case.

    words are in lower case. With neither, no entry is wanted. No pattern can match in more than one line.
    """

    patterns: tuple[re.Pattern[bytes], ...] = ()
    words: tuple[bytes, ...] = ()

    def finds(self, content: bytes) -> bool:
        """Return whether an entry in some bytes can be wanted."""
        if any(pattern.search(content) for pattern in self.patterns):
            return True
        lower = content.lower() if self.words else b""
        return any(word in lower for word in self.words)

    def lines(self, content: bytes, begin: int, end: int) -> Iterator[int]:
        """Yield where lines begin that can be wanted entries, of those that begin between two places; in order."""
        each = [_lines(pattern, content, begin, end) for pattern in self.patterns]
        each += [_lines(re.compile(re.escape(word)), content.lower(), begin, end) for word in self.words]
        for at, _ in groupby(merge(*each)):
            yield at


@dataclass(frozen=True, slots=True)
class Needle:
    """What wanted entries of one log hold: all looks find something in each of them.

    is_line says that every line is an entry of its own. owed are those of the looks that the rest of an entry, whose
    first part was given away before, may owe to that.
    """

    looks: tuple[Look, ...]
    is_line: bool = False
    owed: tuple[Look, ...] = ()

    def finds(self, content: bytes) -> bool:
        """Return whether an entry in some bytes can be wanted."""
        return all(look.finds(content) for look in self.looks)

    def lends(self, content: bytes) -> bool:
        """Return whether an entry in some bytes can be wanted for the rest of it."""
        return bool(self.owed) and all(look.finds(content) for look in self.owed)

    def lines(self, content: bytes, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the lines that can be wanted, as begin and end, of those that begin between two places; in order."""
        first, *others = self.looks
        for at in first.lines(content, begin, end):
            line_end = content.find(b"\n", at)
            line_end = line_end if line_end >= 0 else len(content)
            if all(look.finds(content[at:line_end]) for look in others):
                yield at, line_end


NOTHING = Look()


def pattern_look(pattern: re.Pattern[str]) -> Look | None:
    """Return the look for what a pattern finds; None where only reading every entry can tell.

    A match has to have all text of the pattern that stands for itself; the longest piece of it is looked for.
    """
    if pattern.flags & re.VERBOSE or _HARD.search(pattern.pattern):
        return None
    # `a*` and `a?` may be nothing, and `a+` has one a at least: the pieces end there.
    pieces = [part for piece in _PARTS.split(pattern.pattern) for part in piece.split("\n")]
    if pattern.flags & re.IGNORECASE:
        pieces = [part for piece in pieces for part in _AMBIGUOUS.split(piece)]
    literal = max(pieces, key=len).encode("utf-8", "surrogateescape")
    if len(literal) < _SHORTEST:
        return None
    if pattern.flags & re.IGNORECASE:
        return Look(words=(literal.lower(),))
    return Look((re.compile(re.escape(literal)),))


def _lines(pattern: re.Pattern[bytes], content: bytes, begin: int, end: int) -> Iterator[int]:
    at = begin
    while (found := pattern.search(content, at)) is not None:
        start = content.rfind(b"\n", begin, found.start()) + 1 or begin
        if start >= end:
            return
        yield start
        at = content.find(b"\n", found.start()) + 1
        if not at:
            return
