"""The moments that the records of a log are merged by, and whether these are in a window."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from regops.model.log_filter import LogWindow
from regops.model.log_record import LogRecord

# So many records without a time are kept until one with a time tells where they belong.
_MOST_WAITING = 1000


class Placed(NamedTuple):
    """A record with the moment it is merged by; is_guess where nothing but the file's own time tells of it."""

    at: datetime
    record: LogRecord
    is_guess: bool = False


def _place(records: Iterable[LogRecord | None], modified: datetime) -> Iterator[Placed]:
    """Yield records with their moments: what comes before the first time belongs to it, without any to the file's.

    Behind a None are records that are not wanted, but the first of them with a time tells where those before belong.
    """
    waiting: list[LogRecord] = []
    behind = False
    guess: datetime | None = None
    for number, record in enumerate(records):
        if record is None:
            if not waiting:
                return
            behind = True
            continue
        at = record.at
        if at is None and guess is None and number < _MOST_WAITING:
            if not behind:
                waiting.append(record)
            continue
        if at is None:
            guess = guess or modified
            moment = guess
        else:
            moment = at if guess is None else max(at, guess)
        for each in waiting:
            yield Placed(moment, each, is_guess=at is None)
        waiting.clear()
        if behind:
            return
        yield Placed(moment, record, is_guess=at is None)
    for each in waiting:
        yield Placed(modified, each, is_guess=True)


class Placement:
    """What a window shows of a log that was written to last at a moment.

    untimed counts the records that were left out because nothing tells when they were.
    """

    def __init__(self, window: LogWindow, modified: datetime) -> None:
        self.untimed = 0
        self._window = window
        self._modified = modified

    def all(self, records: Iterable[LogRecord | None]) -> Iterator[Placed]:
        """Yield records of which it is known that they are in the window."""
        return _place(records, self._modified)

    def shown(self, records: Iterable[LogRecord | None]) -> Iterator[Placed]:
        """Yield those of some records that are in the window, in their order, up to the first one that is newer."""
        since, until = self._window.since, self._window.until
        for found in self.all(records):
            if until is not None and not found.is_guess and found.at >= until:
                return
            if found.is_guess and not is_open(self._window):
                self.untimed += 1
            elif since is None or found.at >= since:
                yield found


def is_open(window: LogWindow) -> bool:
    """Return whether a window asks for no time."""
    return window.since is None and window.until is None


def moment(seconds: float) -> datetime:
    """Return the moment of a file's time, which can be whatever its owner set it to."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.min.replace(tzinfo=UTC)
