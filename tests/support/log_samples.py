"""Lines of logs for tests: real ones, and any text at all."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import strategies as st

from parsers.log_record import LogEntry, Record

_SAMPLES = Path(__file__).parent.parent / "parsers" / "samples"


def sample_text(name: str) -> str:
    """Return a sample, `nginx_access/combined.log`, as a reader of logs decodes it."""
    return (_SAMPLES / name).read_bytes().decode("utf-8", "surrogateescape")


def sample_lines(name: str) -> list[str]:
    """Return the lines of a sample."""
    return sample_text(name).removesuffix("\n").split("\n")


def any_lines(*names: str) -> st.SearchStrategy[list[str]]:
    """Return lists of lines: real ones, pieces of real ones put together, and any text without a newline."""
    real = st.sampled_from([line for name in names for line in sample_lines(name)])
    pieces = st.builds(lambda one, other, cut: one[:cut] + other[cut:], real, real, st.integers(0, 120))
    texts = st.text(st.characters(exclude_characters="\n"), max_size=60)
    return st.lists(real | pieces | texts, max_size=12)


def joined(records: Iterable[Record]) -> str:
    """Return the texts of records, a line each."""
    return "\n".join(record.text for record in records)


def entries(records: Iterable[Record]) -> list[LogEntry]:
    """Return the records, all of which must be entries."""
    found = list(records)
    assert not [record for record in found if not isinstance(record, LogEntry)]
    return [record for record in found if isinstance(record, LogEntry)]


def utc(text: str) -> datetime:
    """Return `2026-11-23 09:11:08.5` in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
