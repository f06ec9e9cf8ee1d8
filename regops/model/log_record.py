"""What `regops logs` shows: one entry of one source, in its place among those of all sources."""

from dataclasses import dataclass
from datetime import datetime

from parsers.log_record import LogEntry, Rejected


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One entry of a source, or a line that its parser could not read.

    source is the name of a LogSource. at is where it stands among the entries of all sources, in UTC: its own time, or
    that of the last entry of its source before it that has one, whichever is later; None where no entry before it has.
    cut_bytes of its last line were left out, for it was longer than anybody reads.
    """

    source: str
    entry: LogEntry | Rejected
    at: datetime | None
    cut_bytes: int = 0
