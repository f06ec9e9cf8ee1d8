"""Requests over time as rows of small bars, one row a status class: legible without colour, and in ASCII."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from regops.model.traffic_report import TrafficBucket

COLUMNS = 50
BARS, ASCII_BARS = "▁▂▃▄▅▆▇█", ".:-=+*#@"
NAMES = ("1xx", "2xx", "3xx", "4xx", "5xx", "other")
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_STEPS = (
    *(n * _MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 7, 14, 30, 90, 365)),
)
# A clock that is wrong for a moment must not press all others into one column.
_FEW = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """The requests of one class in each column."""

    name: str
    counts: tuple[int, ...]

    def bars(self, signs: str) -> str:
        """Return the columns as bars to the height of the highest one; what is not nothing can be seen."""
        most = max(self.counts)
        return "".join(signs[-(-count * len(signs) // most) - 1] if count else " " for count in self.counts)


@dataclass(frozen=True, slots=True)
class Chart:
    """Rows of columns that are step_seconds long each; outside counts the requests far before and after them.

    begins and ends are the first and the last bucket.
    """

    rows: tuple[Row, ...]
    step_seconds: int
    begins: datetime
    ends: datetime
    outside: int


def traffic_chart(buckets: Sequence[TrafficBucket], every_seconds: int) -> Chart | None:
    """Return the chart of some buckets, which are in order of time; None where there are none."""
    shown = _crowd(buckets)
    if not shown:
        return None
    first, last = (round(bucket.at.timestamp()) for bucket in (shown[0], shown[-1]))
    step = _step(last - first + every_seconds, every_seconds)
    # Columns begin at full hours and days of the zone that is shown.
    offset = shown[0].at.utcoffset() or timedelta()
    begins = first - (first + round(offset.total_seconds())) % step
    columns = (last - begins) // step + 1
    counts = [[0] * columns for _ in NAMES]
    for bucket in shown:
        column = (round(bucket.at.timestamp()) - begins) // step
        for row, count in zip(counts, bucket.classes, strict=True):
            row[column] += count
    total = Row("all", tuple(map(sum, zip(*counts, strict=True))))
    rows = [Row(name, tuple(row)) for name, row in zip(NAMES, counts, strict=True) if any(row)]
    outside = sum(bucket.requests for bucket in buckets) - sum(total.counts)
    return Chart((total, *rows), step, shown[0].at, shown[-1].at, outside)


def step_words(seconds: int) -> str:
    """Return how long a column is: `30 min`, `2 h`, `1 day`."""
    for size, unit in ((_DAY, "day"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds % size == 0:
            count = seconds // size
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}"
    return f"{seconds} s"


def _step(span: int, every_seconds: int) -> int:
    for step in _STEPS:
        if step >= every_seconds and step % every_seconds == 0 and span // step + 2 <= COLUMNS:
            return step
    widest = max(_STEPS[-1], every_seconds)
    return widest * -(-(span // widest + 2) // COLUMNS)


def _crowd(buckets: Sequence[TrafficBucket]) -> Sequence[TrafficBucket]:
    """Return the buckets without a few that are further from all others than those are from each other."""
    few = sum(bucket.requests for bucket in buckets) // _FEW
    begin, end = _few(buckets, few), len(buckets) - _few(buckets[::-1], few)
    if begin >= end:
        return buckets
    times = [bucket.at.timestamp() for bucket in buckets]
    near = times[end - 1] - times[begin] + _HOUR
    while begin > 0 and times[begin] - times[begin - 1] <= near:
        begin -= 1
    while end < len(buckets) and times[end] - times[end - 1] <= near:
        end += 1
    return buckets[begin:end]


def _few(buckets: Sequence[TrafficBucket], few: int) -> int:
    """Return how many buckets at the beginning hold a few requests together at the most."""
    requests = 0
    for place, bucket in enumerate(buckets):
        requests += bucket.requests
        if requests > few:
            return place
    return len(buckets)
