"""Totals of the traffic that access logs tell of: of files, of containers, or of what other hosts counted."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from itertools import chain
from pathlib import Path

from parsers.errors import ParseError
from parsers.json_text import parse_json
from parsers.nginx_access import AccessFormat, guess_format
from regops.collectors.traffic.access_logs import Log, container_logs, file_log, is_file
from regops.collectors.traffic.inflate import IncompleteLog, inflate
from regops.collectors.traffic.lines import BlockCounters, TrafficReader
from regops.errors import Refused, RegopsError, UnexpectedAnswer
from regops.model.answer import Target
from regops.model.log_source import Notice, Via
from regops.model.traffic import Traffic
from regops.model.traffic_document import read_traffic
from regops.model.traffic_filter import TrafficFilter
from regops.model.traffic_report import SourceKind, TrafficReport, TrafficSource, traffic_report
from regops.ports import LogDoors

# What a format is guessed from.
_SAMPLE_BYTES = 64 * 1024
_SAMPLE_LINES = 200
# A summary with all the names there is room for has a tenth of this.
_MOST_SUMMARY_BYTES = 256 * 1024 * 1024

Transfer = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]
"""Shows how far a log is read, as ports.Progress.transfer does."""


@dataclass(frozen=True, slots=True)
class TrafficRequest:
    """What to count, and how to show it.

    access_format is the format of files, None to guess it from their lines; a container's comes from its nginx.
    history asks for a container's rotated logs too; since, which wanted has as well, leaves old ones of them closed.
    zone is that of the times in the answer; top is how many names a table shows.
    """

    targets: tuple[str, ...]
    wanted: TrafficFilter
    access_format: AccessFormat | None = None
    history: bool = False
    since: datetime | None = None
    via: Via = Via.AUTO
    zone: tzinfo = UTC
    top: int = 10


@dataclass(frozen=True, slots=True)
class TrafficDoors:
    """What counting asks of the outside: containers, the counter of blocks, and where to show how far it is."""

    containers: LogDoors
    counters: BlockCounters
    notice: Callable[[Notice], None]
    transfer: Transfer = lambda _text, _total: nullcontext(lambda _count: None)


def count_traffic(doors: TrafficDoors, request: TrafficRequest) -> TrafficReport:
    """Return the totals of all targets. Raises the error of the first one when none of them could be read."""
    session = _Session(doors, request)
    for target in request.targets:
        session.count(target)
    return session.report()


def merge_traffic(paths: Iterable[str], *, zone: tzinfo, top: int) -> TrafficReport:
    """Return what the JSON documents of other runs add up to.

    One that cannot be read is an error: a sum without it would look like the whole.
    """
    total = Traffic()
    sources: list[TrafficSource] = []
    for path in paths:
        text = _summary_text(path)
        try:
            traffic, read = read_traffic(parse_json(text, source=path).value, path)
        except ParseError as error:
            raise UnexpectedAnswer(
                f"{path} is not a summary: {error}", hint="regops traffic TARGET --output json > host.json makes one"
            ) from error
        total.merge(traffic)
        sources += read
    return traffic_report(total, target=Target(), sources=tuple(sources), zone=zone, top=top)


class _Session:
    """The totals of the targets so far."""

    def __init__(self, doors: TrafficDoors, request: TrafficRequest) -> None:
        self._doors = doors
        self._request = request
        self._reader = TrafficReader(request.wanted, doors.counters)
        self._sources: list[TrafficSource] = []
        self._errors: list[RegopsError] = []
        self._containers: list[str] = []

    def count(self, target: str) -> None:
        """Add a target."""
        if is_file(target):
            self._read(file_log(target), SourceKind.FILE)
            return
        self._containers.append(target)
        request = self._request
        try:
            with container_logs(
                self._doors.containers, target, request.via, history=request.history, since=request.since
            ) as (logs, notices):
                for notice in notices:
                    self._doors.notice(notice)
                for log in logs:
                    self._read(log, SourceKind.CONTAINER)
        except RegopsError as error:
            self._fail(TrafficSource(target, SourceKind.CONTAINER), error)

    def report(self) -> TrafficReport:
        """Return the answer."""
        if len(self._errors) == len(self._sources):
            if len(self._errors) == 1:
                raise self._errors[0]
            raise Refused(
                f"none of {len(self._errors)} logs could be read; the first: {self._errors[0].message}",
                hint=self._errors[0].hint,
            )
        return traffic_report(
            self._reader.traffic,
            target=Target(container=self._containers[0] if len(self._containers) == 1 else None),
            sources=tuple(self._sources),
            zone=self._request.zone,
            top=self._request.top,
        )

    def _read(self, log: Log, kind: SourceKind) -> None:
        source = TrafficSource(log.name, kind)
        if log.problem is not None:
            self._fail(source, log.problem)
            return
        lines = self._reader.traffic.lines
        try:
            with self._doors.transfer(log.name, log.size_bytes) as advance:
                first, chunks = _begun(inflate(_told(log.chunks(), advance)))
                access_format, is_guessed = self._format(first, log.formats)
                source = replace(source, log_format=_named(access_format), is_guessed=is_guessed)
                problem = self._reader.read(chunks, access_format)
        except RegopsError as error:
            problem = error.message
            failure = error
        else:
            failure = Refused(f"{log.name} cannot be read: {problem}")
        if problem is not None and self._reader.traffic.lines == lines:
            self._fail(source, failure)
            return
        self._sources.append(replace(source, problem=problem))

    def _format(self, first: bytes, formats: tuple[AccessFormat, ...]) -> tuple[AccessFormat, bool]:
        """Return the format of a log by what is known of it, and whether its lines had to tell it."""
        known = formats or ((self._request.access_format,) if self._request.access_format else ())
        if len(known) == 1:
            return known[0], False
        lines = first[:_SAMPLE_BYTES].decode("utf-8", "surrogateescape").split("\n")
        sample = [line.removesuffix("\r") for line in lines[: min(len(lines) - 1, _SAMPLE_LINES)] or lines]
        return guess_format(sample, known), True

    def _fail(self, source: TrafficSource, error: RegopsError) -> None:
        self._errors.append(error)
        self._sources.append(replace(source, problem=error.message))


def _begun(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the first chunk, and all of them; what is wrong with a log from its start is told when it is read."""
    try:
        first = next(chunks, b"")
    except IncompleteLog as error:
        return b"", _Broken(error)
    return first, chain((first,), chunks)


class _Broken(Iterator[bytes]):
    """Chunks of a log that is broken from its start."""

    def __init__(self, error: IncompleteLog) -> None:
        self._error = error

    def __next__(self) -> bytes:
        raise self._error


def _told(chunks: Iterator[bytes], advance: Callable[[int], None]) -> Iterator[bytes]:
    for chunk in chunks:
        advance(len(chunk))
        yield chunk


def _named(access_format: AccessFormat) -> str:
    escape = "" if access_format.escape == "default" else f"escape={access_format.escape} "
    return f"{escape}{access_format.log_format}"


def _summary_text(path: str) -> str:
    try:
        if path == "-":
            raw = sys.stdin.buffer.read(_MOST_SUMMARY_BYTES + 1)
        else:
            with Path(path).open("rb") as file:
                raw = file.read(_MOST_SUMMARY_BYTES + 1)
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from error
    if len(raw) > _MOST_SUMMARY_BYTES:
        raise Refused(f"{path} is larger than any summary: {_MOST_SUMMARY_BYTES >> 20} MiB")
    return raw.decode("utf-8", "replace")
