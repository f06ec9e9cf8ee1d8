"""The counting itself: what the parser of single lines would count, at a fraction of its cost."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from parsers.log_record import Rejected
from parsers.nginx_access import AccessFormat
from parsers.nginx_variables import SHAPES
from regops.adapters.traffic.codes import Codes, ShortCodes
from regops.adapters.traffic.columns import Block, Columns, Space, Span
from regops.adapters.traffic.plan import Plan, plan_columns
from regops.adapters.traffic.tables import LEFT_OUT, REFUSED, KindCounts, NameCounts
from regops.adapters.traffic.words import Flags, Ints
from regops.model.traffic import SLOWEST, Bucket, Traffic, slow_request, whole_seconds
from regops.model.traffic_filter import TrafficFilter

# Sizes of twelve digits add up to less than 2^63 over as many lines.
_MOST_LINES = 4_000_000
_NO_TIME = -(2**62)
# The end of the year 9999, where the calendar ends.
_LAST_SECOND = 253_402_300_799


def block_counter(access_format: AccessFormat, wanted: TrafficFilter, traffic: Traffic) -> "TrafficColumns | None":
    """Return what counts lines of a format by columns, None where only line by line will do."""
    plan = plan_columns(access_format)
    return None if plan is None else TrafficColumns(access_format, plan, wanted, traffic)


class TrafficColumns:
    """Counts blocks of whole lines into the totals of a log; implements `ports.BlockCounter`."""

    def __init__(self, access_format: AccessFormat, plan: Plan, wanted: TrafficFilter, traffic: Traffic) -> None:
        self._format, self._plan, self._wanted, self._traffic = access_format, plan, wanted, traffic
        self._time = plan.facts["time"]
        self._seconds = Codes(_second_reader(access_format, self._time))
        self._clients = NameCounts(_client_reader(access_format), wanted.wants_client, words=5, slot_bits=17)
        self._agents = NameCounts(access_format.value, lambda _: True, words=24, slot_bits=13)
        self._kinds = KindCounts(wanted, access_format.value)
        self._shapes = {name: _Shape(name) for name in plan.shaped}
        self._statuses = np.array(wanted.statuses)
        self._space = Space()
        self._waiting = 0

    def feed(self, raw: bytes) -> list[bytes]:
        """Count the lines that can be read by columns and return the others. raw ends with a newline."""
        block = Block(raw)
        columns = block.columns(self._plan, self._space)
        others = columns.others
        if len(columns.line.start):
            others += self._count(block, columns)
        self._waiting += len(columns.line.start)
        names = (self._clients, self._agents)
        if self._waiting > _MOST_LINES or self._kinds.is_full or any(name.is_full for name in names):
            self.flush()
        for codes in (self._seconds, *(shape.codes for shape in self._shapes.values())):
            if codes.is_full:
                codes.clear()
        return others

    def flush(self) -> None:
        """Hand over everything that was counted."""
        self._kinds.hand_over(self._traffic)
        self._clients.hand_over(self._traffic.clients)
        self._agents.hand_over(self._traffic.agents)
        self._waiting = 0

    def _count(self, block: Block, columns: Columns) -> list[bytes]:
        """Count the lines whose values are what they should be, and return the others."""
        facts, good = self._facts(block, columns)
        keep = good & self._is_wanted(facts)
        line = columns.line
        if self._wanted.record.grep is not None:
            rows = np.flatnonzero(keep)
            texts = block.texts(line.pick(rows))
            keep[rows] = [self._wanted.wants_line(text.decode("utf-8", "surrogateescape")) for text in texts]
        self._traffic.lines += int(good.sum())
        self._traffic.left_out += int((good & ~keep).sum())
        others = [] if good.all() else block.texts(line.pick(np.flatnonzero(~good)))
        if not keep.all():
            rows = np.flatnonzero(keep)
            facts, line = facts.pick(rows), line.pick(rows)
        if len(facts.second):
            self._kinds.add(facts.kind, facts.status_column, facts.size)
            if facts.client is not None:
                self._clients.add(facts.client, facts.size)
            if facts.agent is not None:
                self._agents.add(facts.agent, facts.size)
            self._add_times(facts)
            if facts.duration is not None:
                self._add_slowest(block, line, facts.second, facts.duration)
        return others

    def _facts(self, block: Block, columns: Columns) -> tuple["_Facts", Flags]:
        """Return what the lines say, and which of them are surely what the parser would read."""
        values = {fact: columns.values[name] for fact, name in self._plan.facts.items()}
        second, good = self._when(block, values["time"])
        status, are_numbers = block.digits(values["status"].start, values["status"].length)
        status[~are_numbers] = 0
        facts = _Facts(
            second=second,
            status=status,
            status_column=self._kinds.columns(status),
            kind=self._kinds.rows(block, values["request"]),
        )
        good &= are_numbers & (facts.status_column != REFUSED) & (facts.kind != REFUSED)
        if "remote_addr" in values:
            facts.client = self._clients.at(block, values["remote_addr"])
            good &= facts.client != REFUSED
        if "http_user_agent" in values:
            facts.agent = self._agents.at(block, values["http_user_agent"])
        if "body_bytes_sent" in values:
            facts.size, are_numbers = block.numbers(values["body_bytes_sent"])
            good &= are_numbers
        if "request_time" in values:
            facts.duration, are_numbers = block.thousandths(values["request_time"])
            good &= are_numbers
        for name, shape in self._shapes.items():
            good &= shape.fits(block, columns.values[name])
        return facts, good

    def _when(self, block: Block, time: Span) -> tuple[Ints, Flags]:
        if self._time == "msec":
            second, good = block.thousandths(time)
            second //= 1000
            return second, good & (second <= _LAST_SECOND)
        second = block.codes_of_runs(time, self._seconds.of)
        return second, second != _NO_TIME

    def _is_wanted(self, facts: "_Facts") -> Flags:
        wanted: Flags = self._statuses[facts.status] & (facts.kind != LEFT_OUT)
        if self._wanted.since is not None:
            wanted &= facts.second >= self._wanted.since
        if self._wanted.until is not None:
            wanted &= facts.second < self._wanted.until
        if facts.client is not None:
            wanted &= facts.client != LEFT_OUT
        elif not self._wanted.wants_client(None):
            wanted[:] = False
        return wanted

    def _add_times(self, facts: "_Facts") -> None:
        traffic = self._traffic
        traffic.add_time(int(facts.second.min()), int(facts.second.max()))
        minutes, place = _runs_of(facts.second // 60)
        hundreds = facts.status // 100
        hundreds[hundreds > 5] = 0
        classes = np.bincount(place * 6 + hundreds, minlength=6 * len(minutes)).reshape(-1, 6)
        sizes = np.zeros(len(minutes), np.int64)
        np.add.at(sizes, place, facts.size)
        for minute, counts, size in zip(minutes.tolist(), classes.tolist(), sizes.tolist(), strict=True):
            traffic.add_bucket(minute * 60, Bucket(sum(counts), size, counts))

    def _add_slowest(self, block: Block, line: Span, second: Ints, duration: Ints) -> None:
        rows = np.flatnonzero(duration >= self._traffic.slow_from_ms)
        if len(rows) > SLOWEST:
            # Of those that took as long, the newest: a log in which all took no time must not cost much of it.
            rows = rows[np.lexsort((second[rows], duration[rows]))[-SLOWEST:]]
        for at, text in zip(second[rows].tolist(), block.texts(line.pick(rows)), strict=True):
            entry = self._format.feed(text.decode("utf-8", "surrogateescape"))
            if not isinstance(entry, Rejected):
                self._traffic.add_slow(slow_request(entry.request, at))


class _Shape:
    """Tells which values a variable can have, of one that nothing is read from: the parser asks for that too."""

    def __init__(self, name: str) -> None:
        fits = SHAPES[name].pattern.fullmatch
        self.codes = ShortCodes(lambda raw: 0 if fits(raw.decode("latin-1")) else REFUSED, words=3, slot_bits=12)
        self._takes_seconds = all(fits(text) for text in ("0.000", "123456789012.999"))

    def fits(self, block: Block, span: Span) -> Flags:
        """Return which values are of this shape."""
        if not self._takes_seconds:
            known: Flags = self.codes.at(block, span) != REFUSED
            return known
        # There are too many of them to be remembered one by one.
        _, good = block.thousandths(span)
        rows = np.flatnonzero(~good)
        if len(rows):
            good[rows] = self.codes.at(block, span.pick(rows)) != REFUSED
        return good


@dataclass(slots=True)
class _Facts:
    """What some lines say, a row each; client, agent, kind and status_column are numbers of names."""

    second: Ints
    status: Ints
    status_column: Ints
    kind: Ints
    size: Ints = field(init=False)
    client: Ints | None = None
    agent: Ints | None = None
    duration: Ints | None = None

    def __post_init__(self) -> None:
        self.size = np.zeros_like(self.second)

    def pick(self, rows: Ints) -> "_Facts":
        """Return some of the rows."""
        picked = _Facts(self.second[rows], self.status[rows], self.status_column[rows], self.kind[rows])
        picked.size = self.size[rows]
        picked.client = None if self.client is None else self.client[rows]
        picked.agent = None if self.agent is None else self.agent[rows]
        picked.duration = None if self.duration is None else self.duration[rows]
        return picked


def _client_reader(access_format: AccessFormat) -> Callable[[str], str | None]:
    fits = SHAPES["remote_addr"].pattern.fullmatch

    def read(text: str) -> str | None:
        if fits(text) is None:
            raise ValueError(text)
        return access_format.value(text)

    return read


def _second_reader(access_format: AccessFormat, variable: str) -> Callable[[bytes], int]:
    """Return what turns a time into seconds since 1970. It remembers the last minute: logs are nearly in order."""
    place = 18 if variable == "time_local" else 17
    fits = SHAPES[variable].pattern.fullmatch
    known, begins = "", 0

    def read(raw: bytes) -> int:
        nonlocal known, begins
        text = raw.decode("latin-1")
        if fits(text) is None or text[place] > "5":
            return _NO_TIME
        minute = f"{text[:place]}00{text[place + 2 :]}"
        if minute != known:
            stamp = access_format.time(variable, minute)
            known, begins = minute, _NO_TIME if stamp is None else whole_seconds(stamp)
        return begins if begins == _NO_TIME else begins + int(text[place : place + 2])

    return read


def _runs_of(values: Ints) -> tuple[Ints, Ints]:
    """Return the values that follow each other, and for each row the place of its value among them."""
    starts = np.flatnonzero(np.diff(values, prepend=values[0] - 1))
    place = np.zeros(len(values), np.int64)
    place[starts[1:]] = 1
    return values[starts], np.cumsum(place)
