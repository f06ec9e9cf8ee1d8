"""A quick look whether some bytes of a log can hold what a pattern finds, so that most of a log need not be parsed."""

import re
from collections.abc import Callable

# What can stand in a pattern for more than itself, other than these few, is left to the pattern alone.
_HARD = re.compile(r"[\\|()\[\]{}]")
# Lazy and possessive repeats (`*?`, `++`) count like the greedy ones.
_PARTS = re.compile(r".[*?][?+]?|[.^$]|\+[?+]?", re.DOTALL)
_SHORTEST = 3
# In other alphabets there are letters that count as these when the case does not.
_AMBIGUOUS = re.compile("[sk]|[^ -~]", re.IGNORECASE)


def needle(pattern: re.Pattern[str] | None) -> Callable[[bytes], bool] | None:
    """Return what tells whether bytes can hold a match; None where only reading every entry can tell.

    A match has to have all text of the pattern that stands for itself; the longest piece of it is looked for.
    """
    if pattern is None or pattern.flags & re.VERBOSE or _HARD.search(pattern.pattern):
        return None
    # `a*` and `a?` may be nothing, and `a+` has one a at least: the pieces end there.
    pieces = _PARTS.split(pattern.pattern)
    if pattern.flags & re.IGNORECASE:
        pieces = [part for piece in pieces for part in _AMBIGUOUS.split(piece)]
    literal = max(pieces, key=len).encode("utf-8", "surrogateescape")
    if len(literal) < _SHORTEST:
        return None
    if pattern.flags & re.IGNORECASE:
        search = re.compile(re.escape(literal), re.IGNORECASE).search
        return lambda content: search(content) is not None
    return lambda content: literal in content
