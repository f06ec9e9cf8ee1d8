"""Lines of one source as records: decoded, read by the source's own parser, and given their place in time."""

from collections.abc import Iterator
from datetime import datetime

from parsers.log_record import LogReader, Record, Rejected
from parsers.registry_log import RegistryEntry
from regops.model.log_record import LogRecord
from regops.model.log_request import LogRequest
from regops.model.log_source import LogLine
from regops.model.log_summary import LogTally


class RecordReader:
    """Makes records of the lines of one source, in their order; holds the lines of one entry at the most.

    Every line that is fed comes back in one record, once.
    """

    def __init__(self, source: str, reader: LogReader) -> None:
        self.source = source
        self._reader = reader
        self._at: datetime | None = None
        self._stamp: datetime | None = None
        # Lines that were cut and are not given away yet: rare, and needed again when their entry is complete.
        self._cut: dict[str, int] = {}

    def feed(self, line: LogLine, stamp: datetime | None = None) -> Iterator[LogRecord]:
        """Yield the record that a line completes, which may be that of the lines before it.

        stamp is when somebody else has seen the line, for records that do not tell their time.
        """
        text = line.text.decode("utf-8", "surrogateescape")
        if line.cut_bytes:
            self._cut[text] = line.cut_bytes
        if self._stamp is None:
            self._stamp = stamp
        if (entry := self._reader.feed(text)) is not None:
            yield self._record(entry)
        self._stamp = stamp

    def flush(self) -> Iterator[LogRecord]:
        """Yield what waits for more lines: nothing more comes, or not for a while."""
        while (entry := self._reader.flush()) is not None:
            yield self._record(entry)
        self._stamp = None

    def _record(self, entry: Record) -> LogRecord:
        # Several writers do not quite keep the order of time, and a clock can be set back: the order of a source is
        # that of its lines.
        time = None if isinstance(entry, Rejected) else entry.time
        # Of the line before: an entry is complete when the next one begins, or belongs to the same moment.
        time = time or self._stamp
        if time is not None and (self._at is None or time > self._at):
            self._at = time
        return LogRecord(self.source, entry, self._at, self._cut_of(entry.text) if self._cut else 0)

    def _cut_of(self, text: str) -> int:
        cut = 0
        for line in text.split("\n"):
            cut = self._cut.pop(line, 0)
        return cut


def passes(record: LogRecord, request: LogRequest) -> bool:
    """Return whether a request asks for a record: it passes the filter, and no entry before it said the same."""
    return (request.raw or not _doubles(record)) and request.filter.passes(record)


def count(record: LogRecord, request: LogRequest, tally: LogTally) -> bool:
    """Return whether a request asks for a record, having counted it either way."""
    if not request.raw and _doubles(record):
        tally.count_doubled(record.source, record.entry.text)
        return False
    shown = request.filter.passes(record)
    tally.count(record, shown=shown)
    return shown


def _doubles(record: LogRecord) -> bool:
    return isinstance(record.entry, RegistryEntry) and record.entry.doubles
