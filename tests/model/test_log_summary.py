"""Lines are counted once, by what became of them."""

from log_records import ACCESS, REGISTRY, access, registry
from regops.model.log_summary import LogTally, SourceTally


def test_lines_errors_and_unread_ones_are_counted_by_source() -> None:
    tally = LogTally()
    tally.expect([REGISTRY, ACCESS, "docker"])
    tally.count(
        registry("2026-11-23 09:11:00,018 ERROR: boom\nTraceback (most recent call last):\nKeyError"), shown=True
    )
    tally.count(access(status=502), shown=True)
    tally.count(access(status=502), shown=False)
    tally.count(access(end='"'), shown=True)
    tally.count_doubled(REGISTRY, "one\ntwo")
    assert tally.sources == {
        REGISTRY: SourceTally(shown=3, errors=1, doubled=2),
        ACCESS: SourceTally(shown=2, errors=1, unread=1, hidden=1),
        "docker": SourceTally(),
    }
    assert tally.total() == SourceTally(shown=5, hidden=1, doubled=2, errors=2, unread=1)
