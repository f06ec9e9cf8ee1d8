"""How many lines of which source were shown, and how many were not."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from parsers.log_record import Level, Rejected
from regops.model.log_record import LogRecord


@dataclass(slots=True)
class SourceTally:
    """What became of the lines of one source.

    shown, hidden (by the filter) and doubled (left out, for an entry before them said the same) count lines; each line
    that was read is in one of them. errors counts the entries at level error or above and unread the lines that no
    parser could read, among those shown.
    """

    shown: int = 0
    hidden: int = 0
    doubled: int = 0
    errors: int = 0
    unread: int = 0


@dataclass(slots=True)
class LogTally:
    """What became of the lines of each source, in the order in which the sources were first met."""

    sources: dict[str, SourceTally] = field(default_factory=dict[str, SourceTally])

    def expect(self, names: Iterable[str]) -> None:
        """Note the sources that are going to be read, so that one without a line is told as well."""
        for name in names:
            self._of(name)

    def count(self, record: LogRecord, *, shown: bool) -> None:
        """Count a record that was shown, or that the filter hid."""
        of_source, entry = self._of(record.source), record.entry
        lines = entry.text.count("\n") + 1
        if not shown:
            of_source.hidden += lines
            return
        of_source.shown += lines
        if isinstance(entry, Rejected):
            of_source.unread += 1
        elif entry.level is not None and entry.level >= Level.ERROR and not entry.continued:
            of_source.errors += 1

    def count_doubled(self, source: str, text: str) -> None:
        """Count an entry that was left out, for one before it said the same."""
        self._of(source).doubled += text.count("\n") + 1

    def count_hidden(self, source: str, lines: int) -> None:
        """Count lines that the filter hid before they were read."""
        self._of(source).hidden += lines

    def total(self) -> SourceTally:
        """Return the sums over all sources."""
        total = SourceTally()
        for of_source in self.sources.values():
            total.shown += of_source.shown
            total.hidden += of_source.hidden
            total.doubled += of_source.doubled
            total.errors += of_source.errors
            total.unread += of_source.unread
        return total

    def _of(self, source: str) -> SourceTally:
        found = self.sources.get(source)
        if found is None:
            found = self.sources[source] = SourceTally()
        return found
