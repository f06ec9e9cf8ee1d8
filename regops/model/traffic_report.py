"""The answer of `regops traffic`: totals of some logs, as a document that can be read back and added up."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from regops.errors import ExitStatus
from regops.model.answer import Target
from regops.model.ranking import Ranking
from regops.model.traffic import Bucket, SlowRequest, Traffic


class SourceKind(StrEnum):
    """What was read: a log of this machine, one of a container, or the totals of another host."""

    FILE = "file"
    CONTAINER = "container"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class TrafficSource:
    """One log, or what another regops said of one.

    name is its path, with the container's name before it. log_format is what it was read by, None where it was not
    read; is_guessed tells that its lines told the format. problem is what kept it from being read, or to its end.
    """

    name: str
    kind: SourceKind
    log_format: str | None = None
    is_guessed: bool = False
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class UnreadLines:
    """Lines that are counted but could not be read, for one reason; examples are the first of them, secrets masked."""

    reason: str
    lines: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StatusCount:
    """Requests that got one status."""

    status: int
    requests: int


@dataclass(frozen=True, slots=True)
class MethodCount:
    """Requests by one method; `-` is what was no HTTP, `other` what HTTP does not know."""

    method: str
    requests: int


@dataclass(frozen=True, slots=True)
class OperationCount:
    """Requests for one operation of a registry's API of generation 1 or 2."""

    api: int
    operation: str
    requests: int


@dataclass(frozen=True, slots=True)
class TrafficBucket:
    """The requests from one moment on, for as long as the report's every; class_other had no status of HTTP."""

    at: datetime
    requests: int
    sent_bytes: int
    class_1xx: int
    class_2xx: int
    class_3xx: int
    class_4xx: int
    class_5xx: int
    class_other: int

    @property
    def classes(self) -> tuple[int, ...]:
        """The classes from 1xx to 5xx, and the others."""
        return (self.class_1xx, self.class_2xx, self.class_3xx, self.class_4xx, self.class_5xx, self.class_other)


@dataclass(frozen=True, slots=True)
class NameCount:
    """A client or a user agent; `-` is one that the log does not tell, `(unclear)` one it tells in several ways."""

    name: str | None
    requests: int
    sent_bytes: int


@dataclass(frozen=True, slots=True)
class RepositoryCount:
    """A repository; pulls and pushes are those that succeeded, of manifests or a classic list of layers."""

    name: str | None
    requests: int
    sent_bytes: int
    pulls: int
    pushes: int


@dataclass(frozen=True, slots=True)
class Names:
    """Clients or agents, most requests first.

    rest, without a name, is what belongs to names beyond those that are kept; missed is how many requests any name may
    lack because of that, 0 where all names are here.
    """

    names: tuple[NameCount, ...]
    rest: NameCount
    missed: int


@dataclass(frozen=True, slots=True)
class Repositories:
    """Repositories, most requests first; rest and missed as in Names."""

    names: tuple[RepositoryCount, ...]
    rest: RepositoryCount
    missed: int


@dataclass(frozen=True, slots=True)
class SlowestRequest:
    """One of the requests that took longest. target is its request target with secrets masked."""

    took_seconds: float
    at: datetime
    method: str
    target: str
    status: int
    sent_bytes: int
    client: str


@dataclass(frozen=True, slots=True)
class TrafficReport:
    """What the logs say, in exact numbers; times have the zone that they are shown in.

    lines is everything that was there: requests, left_out by a filter, and unread. first_at and last_at are of requests
    that were counted, None where there is none. top is how many names a table shows.
    """

    target: Target
    sources: tuple[TrafficSource, ...]
    lines: int
    requests: int
    left_out: int
    unread: tuple[UnreadLines, ...]
    sent_bytes: int
    pulls: int
    pushes: int
    first_at: datetime | None
    last_at: datetime | None
    statuses: tuple[StatusCount, ...]
    methods: tuple[MethodCount, ...]
    operations: tuple[OperationCount, ...]
    every_seconds: int
    buckets: tuple[TrafficBucket, ...]
    repositories: Repositories
    clients: Names
    agents: Names
    slowest: tuple[SlowestRequest, ...]
    top: int

    @property
    def exit_status(self) -> ExitStatus:
        """OK when anything could be read, UNKNOWN when all lines there were are in no format that was tried."""
        unread = sum(unread.lines for unread in self.unread)
        return ExitStatus.UNKNOWN if self.lines and unread == self.lines else ExitStatus.OK


def traffic_report(
    traffic: Traffic, *, target: Target, sources: tuple[TrafficSource, ...], zone: tzinfo, top: int
) -> TrafficReport:
    """Return totals as an answer, its times in a zone."""
    return TrafficReport(
        target=target,
        sources=sources,
        lines=traffic.lines,
        requests=traffic.requests,
        left_out=traffic.left_out,
        unread=tuple(
            UnreadLines(reason, count, tuple(traffic.examples.get(reason, ())))
            for reason, count in traffic.unread.most_common()
        ),
        sent_bytes=traffic.sent_bytes,
        pulls=traffic.pulls,
        pushes=traffic.pushes,
        first_at=None if traffic.first_time is None else _moment(traffic.first_time, zone),
        last_at=None if traffic.last_time is None else _moment(traffic.last_time, zone),
        statuses=tuple(StatusCount(*item) for item in sorted(traffic.statuses.items())),
        methods=tuple(MethodCount(*item) for item in traffic.methods.most_common()),
        operations=tuple(OperationCount(*key, count) for key, count in traffic.operations.most_common()),
        every_seconds=traffic.bucket_seconds,
        buckets=tuple(_bucket(_moment(start, zone), bucket) for start, bucket in sorted(traffic.buckets.items())),
        repositories=Repositories(
            tuple(RepositoryCount(name, *counts) for name, counts in traffic.repositories.top()),
            RepositoryCount(None, *traffic.repositories.rest),
            traffic.repositories.missed,
        ),
        clients=_names(traffic.clients),
        agents=_names(traffic.agents),
        slowest=tuple(_slowest(slow, zone) for slow in sorted(traffic.slowest, reverse=True)),
        top=top,
    )


def _names(ranking: Ranking) -> Names:
    return Names(
        tuple(NameCount(name, *counts) for name, counts in ranking.top()),
        NameCount(None, *ranking.rest),
        ranking.missed,
    )


def _bucket(at: datetime, bucket: Bucket) -> TrafficBucket:
    other, first, second, third, fourth, fifth = bucket.classes
    return TrafficBucket(at, bucket.requests, bucket.sent_bytes, first, second, third, fourth, fifth, other)


def _slowest(slow: SlowRequest, zone: tzinfo) -> SlowestRequest:
    at = _moment(slow.time, zone)
    return SlowestRequest(
        slow.duration_ms / 1000, at, slow.method, slow.target, slow.status, slow.sent_bytes, slow.client
    )


def _moment(seconds: int, zone: tzinfo) -> datetime:
    """Return a second since 1970 in a zone; in UTC at the ends of the calendar, where a zone leads beyond them."""
    try:
        return datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(seconds, UTC)
