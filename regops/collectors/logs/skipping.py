"""What passing over parts of a log unread needs to know, whether it goes by lines or by pieces."""

from collections.abc import Callable

from regops.collectors.logs.chain import LogChain
from regops.collectors.logs.needle import Needle
from regops.collectors.logs.records import RecordReader
from regops.collectors.logs.spots import Spot


class Skipping:
    """A log, and what is looked for in it; hidden counts the lines that are not read.

    is_inside tells whether all records that begin between two spots are in the window for sure.
    """

    def __init__(
        self,
        chain: LogChain,
        needle: Needle,
        new_reader: Callable[[], RecordReader],
        is_inside: Callable[[Spot, Spot], bool],
    ) -> None:
        self.hidden: int = 0
        self._chain = chain
        self._needle = needle
        self._new_reader = new_reader
        self._is_inside = is_inside
