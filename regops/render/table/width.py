"""How wide an answer may be: as the terminal, or as COLUMNS says, and in a pipe as it comes."""

import os
from typing import TextIO

UNBOUNDED = 1 << 15
"""More than the longest line there is: what reads a pipe finds each thing whole, on a line of its own."""


def width_of(stream: TextIO) -> int | None:
    """Return how wide what goes to a stream may be, None for what rich finds out (COLUMNS, the terminal)."""
    return None if os.environ.get("COLUMNS") or stream.isatty() else UNBOUNDED
