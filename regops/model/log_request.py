"""Which records of which container are to be read."""

from dataclasses import dataclass

from regops.model.log_filter import LogFilter, LogWindow
from regops.model.log_source import Via


@dataclass(frozen=True, slots=True)
class LogRequest:
    """The records of a container that a window and a filter leave, of the sources that patterns choose, by one road.

    raw asks for the lines as they are, doubled ones included. timeout_seconds bounds the reading of what is there;
    following has no end.
    """

    container: str
    patterns: tuple[str, ...]
    window: LogWindow
    filter: LogFilter
    via: Via
    raw: bool
    timeout_seconds: float
