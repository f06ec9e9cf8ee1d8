"""The logs of a container as one stream of records, merged by time: the part of it that a window asks for."""

import heapq
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import chain, islice
from operator import attrgetter
from typing import TypeAlias

from regops.collectors.logs.configured import ConfiguredLogs, configured_logs
from regops.collectors.logs.container_zone import container_zone
from regops.collectors.logs.files import open_files
from regops.collectors.logs.followed_file import about
from regops.collectors.logs.one_source import Place, SourceReading
from regops.collectors.logs.opening import Opening
from regops.collectors.logs.parser_choice import Readers
from regops.collectors.logs.patience import OutOfTime, Patience
from regops.collectors.logs.placement import Placed, is_open
from regops.collectors.logs.records import count, passes
from regops.errors import Refused, RegopsError
from regops.model.log_record import LogRecord
from regops.model.log_request import LogRequest
from regops.model.log_source import LogSource, Notice
from regops.model.log_summary import LogTally
from regops.ports import Clock, ContainerFiles, LogDoors

__all__ = ["Place", "Window", "read_logs", "read_window"]

Event: TypeAlias = LogRecord | Notice


@dataclass(frozen=True, slots=True)
class Window:
    """What reading the window of some sources has left: their places, and what following them needs to know.

    readers make readers for sources that appear, configured are those that configurations name.
    """

    places: tuple[Place, ...]
    readers: Readers
    configured: ConfiguredLogs


def read_logs(doors: LogDoors, clock: Clock, request: LogRequest, tally: LogTally) -> Iterator[Event]:
    """Yield the records a request asks for, merged by time; each that was read is counted, shown or not.

    Raises an error when not one source could be read, NotFound for a pattern that chooses nothing.
    """
    with open_files(doors, request.container, request.via) as (files, notices):
        yield from notices
        yield from read_window(doors, clock, files, request, tally, follow=False)


def read_window(
    doors: LogDoors, clock: Clock, files: ContainerFiles, request: LogRequest, tally: LogTally, *, follow: bool
) -> Generator[Event, None, Window]:
    """Yield what read_logs does, and return where it ended; with follow, the newest files stay open."""
    reading = _Reading(doors, clock, files, request, follow=follow)
    try:
        return (yield from reading.run(tally))
    finally:
        reading.close()


class _Reading:
    """The sources of one request while their window is read."""

    def __init__(
        self, doors: LogDoors, clock: Clock, files: ContainerFiles, request: LogRequest, *, follow: bool
    ) -> None:
        self._files = files
        self._request = request
        self._follow = follow
        self._patience = Patience(clock, request.timeout_seconds)
        self._wanted = partial(passes, request=request)
        self._opening = Opening(doors, files, request, self._patience, follow=follow)
        self._said = self._opening.said
        self._readings: dict[str, SourceReading] = {}
        self._ended = False
        # Whether the time has ended before a source did.
        self._is_cut = False

    def run(self, tally: LogTally) -> Generator[Event, None, Window]:
        """Yield the records, and return where they ended."""
        configured = configured_logs(self._files)
        chosen = yield from self._opening.chosen(configured)
        tally.expect(source.name for source in chosen)
        readers = Readers(container_zone(self._files, self._opening.time_zone()), configured.nginx)
        yield from configured.problems
        yield from self._open_all(chosen, readers)
        some = False
        for event in self._merged(tally):
            some = some or isinstance(event, LogRecord)
            yield event
            self._patience.renew()
        for name, reading in self._readings.items():
            tally.count_hidden(name, reading.hidden)
            if reading.untimed:
                yield Notice(f"{name}: {reading.untimed} lines have no time, nor has one near them: they are left out")
        if (self._is_cut or self._opening.is_cut) and not some and not self._follow:
            raise OutOfTime(
                f"nothing was found in the {self._request.timeout_seconds:g} s that there were",
                hint="--timeout gives more time; --since and --until, or -s, need less",
            )
        if not some and not self._follow and self._request.window.lines != 0:
            asked = self._request.filter or not is_open(self._request.window)
            such = "such lines" if asked else "lines"
            yield Notice(f"there are no {such} in {', '.join(source.name for source in chosen)}")
        self._ended = True
        places = [self._place(source) for source in chosen]
        return Window(tuple(places), readers, configured)

    def close(self) -> None:
        """Close all files; those that are followed stay open when all went well."""
        for reading in self._readings.values():
            reading.close(keep_newest=self._follow and self._ended)

    def _open_all(self, chosen: list[LogSource], readers: Readers) -> Iterator[Notice]:
        """Open the sources; one that cannot be read costs a notice, an error is for none."""
        errors: list[RegopsError] = []
        for left, source in _small_ones_first(chosen):
            self._patience.share(left)
            try:
                self._readings[source.name] = self._opening.open(source, readers)
            except RegopsError as error:
                errors.append(error)
                if len(chosen) > 1:
                    yield about(source, error.message)
            yield from self._take_said()
        self._patience.renew()
        self._readings = {each.name: self._readings[each.name] for each in chosen if each.name in self._readings}
        for name, reading in self._readings.items():
            if reading.is_cut:
                yield self._cut(name, "it was searched back to {} only", "--until {} goes on from there", later=1)
        if errors and len(errors) == len(chosen):
            if len(errors) == 1:
                raise errors[0]
            raise Refused(
                f"none of the {len(errors)} log sources of the container {self._request.container} could be read",
                hint=errors[0].hint,
            )

    def _cut(self, name: str, done: str, go_on: str, *, later: int = 0) -> Notice:
        """Return what to say of a source for which the time did not suffice: how far it got, and how to go on."""
        self._is_cut = True
        self._patience.renew()
        told = f"{name}: in {self._request.timeout_seconds:g} s "
        try:
            time = self._readings[name].reached()
        except RegopsError:
            time = None
        if time is None:
            return Notice(f"{told}it was not read to its end; --timeout gives more time")
        moment = f"{time + timedelta(seconds=later):%Y-%m-%dT%H:%M:%SZ}"
        return Notice(f"{told}{done.format(moment)}; {go_on.format(moment)}, --timeout gives more time")

    def _merged(self, tally: LogTally) -> Iterator[Event]:
        """Yield the records of all sources by their moments: the last ones that are wanted, or all."""
        lines = self._request.window.lines
        skip = 0 if lines is None else max(sum(reading.wanted for reading in self._readings.values()) - lines, 0)
        for found in heapq.merge(*self._begun(), key=attrgetter("at")):
            yield from self._take_said()
            if skip:
                skip -= self._wanted(found.record)
            elif count(found.record, self._request, tally):
                yield found.record
        yield from self._take_said()

    def _begun(self) -> list[Iterator[Placed]]:
        """Return the records of each source, read up to the first one, so that each has its share of the time."""
        records = {name: self._records(name) for name in self._readings}
        begun: dict[str, Iterator[Placed]] = {}
        for left, source in _small_ones_first(self._readings[name].source for name in records):
            self._patience.share(left)
            begun[source.name] = chain(list(islice(records[source.name], 1)), records[source.name])
        self._patience.renew()
        return [begun[name] for name in records]

    def _records(self, name: str) -> Iterator[Placed]:
        """Yield the records of a source; what goes wrong with it costs no other source anything."""
        try:
            yield from self._readings[name].records()
        except OutOfTime:
            self._said.append(self._cut(name, "it was read up to {} only", "--since {} goes on from there"))
        except RegopsError as error:
            self._said.append(Notice(f"{name}: {error.message}"))

    def _place(self, source: LogSource) -> Place:
        reading = self._readings.get(source.name)
        return reading.place() if reading else Place(source, None, 0, None)

    def _take_said(self) -> Iterator[Notice]:
        while self._said:
            yield self._said.popleft()


def _small_ones_first(sources: Iterable[LogSource]) -> Iterator[tuple[int, LogSource]]:
    """Yield sources by their sizes, each with how many there are with it and behind it."""
    ordered = sorted(sources, key=lambda source: source.size_bytes or 0)
    return zip(range(len(ordered), 0, -1), ordered, strict=True)
