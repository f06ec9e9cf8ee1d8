"""What access logs say about a registry's traffic: totals that can be added up over files, containers and hosts."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappush, heapreplace
from typing import NamedTuple

from parsers.log_record import HttpRequest
from parsers.registry_request import Operation, parse_registry_request
from parsers.secret_text import mask_secrets
from regops.model.ranking import Ranking

# A week of minutes; beyond that, minutes become hours, and hours days.
MOST_BUCKETS = 10_080
COARSER = {60: 3600, 3600: 86_400, 86_400: 86_400 * 365}
SLOWEST = 20
# Of lines that were not read, for each reason.
_EXAMPLES = 3
_EXAMPLE_CHARACTERS = 200
_LOOKED_AT = 4096
_NAME_CHARACTERS = 200
_TARGET_CHARACTERS = 1000
# The longest line that is looked at: nginx takes request headers of 8 KiB each and makes four bytes of one at most.
LONGEST_LINE = 256 * 1024

# Why a line was not read.
EMPTY, TOO_LONG, CUT_OFF, DIFFERENT = "empty", "too long", "cut off", "not in the log's format"
# What stands for a client, an agent or a method that a line does not tell; UNCLEAR for a client of whom it tells in
# several ways, because another value beside it was made to look like one.
NOTHING, UNCLEAR = "-", "(unclear)"

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PRI"})
_OTHER_METHOD = "other"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class RequestKind(NamedTuple):
    """What requests are counted by: few kinds, whatever clients send.

    method is `-` for what is no HTTP at all, such as TLS on a plain port, and `other` for what HTTP does not know; api
    and operation are None outside a registry's API, repository is None where none is named.
    """

    method: str
    api: int | None = None
    operation: Operation | None = None
    repository: str | None = None
    is_pull: bool = False
    is_push: bool = False


@dataclass(frozen=True, slots=True, order=True)
class SlowRequest:
    """One request that took long; time is in seconds since 1970, target has its secrets masked."""

    duration_ms: int
    time: int
    method: str
    target: str
    status: int
    sent_bytes: int
    client: str


@dataclass(slots=True)
class Bucket:
    """The requests of one stretch of time; classes counts statuses by their first digit, those beyond 1 to 5 as 0."""

    requests: int = 0
    sent_bytes: int = 0
    classes: list[int] = field(default_factory=lambda: [0] * 6)

    def merge(self, other: "Bucket") -> None:
        """Add another bucket's counts to this one."""
        self.requests += other.requests
        self.sent_bytes += other.sent_bytes
        self.classes = [a + b for a, b in zip(self.classes, other.classes, strict=True)]


@dataclass(slots=True)
class Traffic:
    """The totals of the lines that were read. All are exact; see Ranking for names beyond the first hundred thousand.

    lines is everything that was there: requests, those a filter left out, and those that could not be read, by reason,
    with a few examples of each. buckets are keyed by their first second since 1970 and are bucket_seconds long.
    operations are counted by API generation and Operation. Repositories are ranked by requests and count requests,
    bytes, pulls, pushes; clients and agents requests and bytes. A pull or push is one that succeeded.
    """

    lines: int = 0
    requests: int = 0
    sent_bytes: int = 0
    left_out: int = 0
    pulls: int = 0
    pushes: int = 0
    first_time: int | None = None
    last_time: int | None = None
    unread: Counter[str] = field(default_factory=Counter[str])
    examples: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    statuses: Counter[int] = field(default_factory=Counter[int])
    methods: Counter[str] = field(default_factory=Counter[str])
    operations: Counter[tuple[int, str]] = field(default_factory=Counter[tuple[int, str]])
    bucket_seconds: int = 60
    buckets: dict[int, Bucket] = field(default_factory=dict[int, Bucket])
    repositories: Ranking = field(default_factory=lambda: Ranking(4))
    clients: Ranking = field(default_factory=lambda: Ranking(2))
    agents: Ranking = field(default_factory=lambda: Ranking(2, most=20_000))
    slowest: list[SlowRequest] = field(default_factory=list[SlowRequest])

    def add_unread(self, reason: str, line: bytes) -> None:
        """Count a line that was not read."""
        self.lines += 1
        self.unread[reason] += 1
        examples = self.examples.setdefault(reason, [])
        if len(examples) < _EXAMPLES and reason != EMPTY:
            examples.append(_cut(_masked(line), _EXAMPLE_CHARACTERS))

    def add_time(self, first: int, last: int) -> None:
        """Widen the stretch of time that was seen."""
        self.first_time = first if self.first_time is None else min(self.first_time, first)
        self.last_time = last if self.last_time is None else max(self.last_time, last)

    def add_bucket(self, start: int, bucket: Bucket) -> None:
        """Add the counts of some time within one minute."""
        start -= start % self.bucket_seconds
        self.buckets.setdefault(start, Bucket()).merge(bucket)
        while len(self.buckets) > MOST_BUCKETS and self.bucket_seconds in COARSER:
            self.coarsen(COARSER[self.bucket_seconds])

    def add_requests(self, kind: RequestKind, status: int, count: int, sent_bytes: int) -> None:
        """Add requests of one kind that got one status."""
        succeeded = count if 200 <= status <= 299 else 0
        pulls, pushes = succeeded * kind.is_pull, succeeded * kind.is_push
        self.requests += count
        self.sent_bytes += sent_bytes
        self.pulls += pulls
        self.pushes += pushes
        self.statuses[status] += count
        self.methods[kind.method] += count
        if kind.api is not None and kind.operation is not None:
            self.operations[kind.api, str(kind.operation)] += count
        if kind.repository is not None:
            self.repositories.add(kind.repository, (count, sent_bytes, pulls, pushes))

    def add_slow(self, slow: SlowRequest) -> None:
        """Keep a request if it is one of the slowest."""
        if len(self.slowest) < SLOWEST:
            heappush(self.slowest, slow)
        elif self.slowest[0] < slow:
            heapreplace(self.slowest, slow)

    @property
    def slow_from_ms(self) -> int:
        """The duration from which a request can be one of the slowest."""
        return self.slowest[0].duration_ms if len(self.slowest) == SLOWEST else 0

    def merge(self, other: "Traffic") -> None:
        """Add the totals of another log to these."""
        self.lines += other.lines
        self.requests += other.requests
        self.sent_bytes += other.sent_bytes
        self.left_out += other.left_out
        self.pulls += other.pulls
        self.pushes += other.pushes
        if other.first_time is not None and other.last_time is not None:
            self.add_time(other.first_time, other.last_time)
        self.unread.update(other.unread)
        self.methods.update(other.methods)
        self.statuses.update(other.statuses)
        self.operations.update(other.operations)
        for reason, examples in other.examples.items():
            self.examples[reason] = [*self.examples.get(reason, ()), *examples][:_EXAMPLES]
        if other.bucket_seconds > self.bucket_seconds:
            self.coarsen(other.bucket_seconds)
        for start, bucket in other.buckets.items():
            self.add_bucket(start, bucket)
        self.repositories.merge(other.repositories)
        self.clients.merge(other.clients)
        self.agents.merge(other.agents)
        for slow in other.slowest:
            self.add_slow(slow)

    def coarsen(self, seconds: int) -> None:
        """Put buckets together to longer ones, a multiple of what they are."""
        finer, self.buckets, self.bucket_seconds = self.buckets, {}, seconds
        for start, bucket in finer.items():
            self.buckets.setdefault(start - start % seconds, Bucket()).merge(bucket)


def request_kind(method: str | None, uri: str | None) -> RequestKind:
    """Return what a request is counted by; both are None for what is no HTTP."""
    if method is None:
        return RequestKind(NOTHING)
    method = method if method in _METHODS else _OTHER_METHOD
    found = parse_registry_request(method, uri)
    if found is None:
        return RequestKind(method)
    return RequestKind(method, found.api, found.operation, found.repository, found.is_pull, found.is_push)


def slow_request(request: HttpRequest, time: int) -> SlowRequest:
    """Return one of the slowest requests; its request_time and status are known."""
    return SlowRequest(
        duration_ms=duration_ms(request.request_time or 0.0),
        time=time,
        method=request.method or NOTHING,
        target=_cut(mask_secrets(request.uri or NOTHING), _TARGET_CHARACTERS),
        status=request.status or 0,
        sent_bytes=request.body_bytes_sent or 0,
        client=shown_name(request.remote_addr),
    )


def duration_ms(seconds: float) -> int:
    """Return a $request_time as whole milliseconds, which is what nginx measures."""
    return round(seconds * 1000)


def status_class(status: int) -> int:
    """Return the first digit of a status, 0 for what is no status of HTTP."""
    return status // 100 if 100 <= status <= 599 else 0


def whole_seconds(time: datetime) -> int:
    """Return a time as the second since 1970 that it is in."""
    return (time - _EPOCH) // _SECOND


def shown_name(name: str | None) -> str:
    """Return a client's or agent's name, cut to what can be shown; what differs only beyond that is one."""
    return NOTHING if name is None else _cut(name, _NAME_CHARACTERS)


def _masked(line: bytes) -> str:
    text = line[:_LOOKED_AT].decode("utf-8", "surrogateescape")
    return mask_secrets(text, cut=len(line) > _LOOKED_AT)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"
