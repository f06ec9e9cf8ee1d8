"""Places in a log that is in several files, and what lies between two of them."""

from typing import NamedTuple


class Spot(NamedTuple):
    """A place in a log: spots compare as the lines at them are old. file is 0 for the newest, -1 for the one before."""

    file: int
    offset: int


class Part(NamedTuple):
    """A part of a log: what begins at start or later, and before end if there is one."""

    start: Spot
    end: Spot | None
