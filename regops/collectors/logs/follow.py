"""The logs of a container as they are written: its last lines, then the new ones, until somebody stops it."""

from collections.abc import Generator, Iterator
from contextlib import suppress
from datetime import UTC, datetime

from parsers.docker_inspect import Container
from regops.collectors.logs.configured import ConfiguredLogs, configured_logs
from regops.collectors.logs.container_life import START_SECONDS, ContainerLife
from regops.collectors.logs.files import open_files
from regops.collectors.logs.flow import FileFlow, Flow, StreamFlow, take
from regops.collectors.logs.lines import LineSplitter
from regops.collectors.logs.merge import Window, read_window
from regops.collectors.logs.records import count
from regops.collectors.logs.sources import collect_sources, directories, select_sources
from regops.collectors.logs.stream import FollowedStream, OutputPlace, Waker
from regops.errors import NotFound, NotRunning, RegopsError, Unreachable
from regops.model.container_file import Happened
from regops.model.log_record import LogRecord
from regops.model.log_request import LogRequest
from regops.model.log_source import LogSource, Looked, Notice, SourceKind, Via
from regops.model.log_summary import LogTally
from regops.ports import Clock, ContainerFiles, LogDoors

Event = LogRecord | Notice | Looked

# Lines that come within this are taken in one look: it costs less, and nobody reads faster.
_BATCH_SECONDS = 0.005
# Everything is looked at this often even where the kernel tells: it does not tell of mounts, nor of folders' folders.
_LOOK_SECONDS = 2.0
# The engine sends a directory with all that is in it to tell its names.
_ENGINE_LOOK_SECONDS = 10.0
# However many names come and go, all paths are looked at no more often than this.
_NAMES_SECONDS = 0.02
# More is not held at once: the other sources wait for the next look.
_MOST_RECORDS = 20_000
# All names are listed this often at the most, however many come and go.
_DISCOVER_SECONDS = 0.2
# The engine ends a stream when its container ends; this is for one that does not.
_STREAM_END_SECONDS = 2.0


def follow_logs(doors: LogDoors, clock: Clock, request: LogRequest, tally: LogTally) -> Iterator[Event]:
    """Yield what read_logs does, and then new records as they come: through rotations, restarts and recreation.

    Looked comes after all that one look gave. Records that are hidden are in the tally alone. Ends only by an error: as
    read_logs at the start, later when the engine or the kernel does not let us go on.
    """
    life = ContainerLife(doors, clock, request.container)
    found: Container | None = life.inspect()
    following = _Following(doors, clock, request, tally, life.name)
    with open_files(doors, request.container, request.via) as (files, notices):
        yield from notices
        following.begin((yield from read_window(doors, clock, files, request, tally, follow=True)))
        yield Looked()
        yield from following.until_end(files)
    while True:
        found, is_another = yield from life.wait_for_start(found)
        try:
            with open_files(doors, found.name, request.via) as (files, notices):
                yield from notices
                following.resume(files, is_another=is_another)
                yield from following.until_end(files)
        except (NotRunning, NotFound, Unreachable) as error:
            if request.via is Via.NSENTER:
                raise
            # It has ended while it was opened, or the engine has: that is what is waited for.
            yield Notice(error.message)
            clock.sleep(START_SECONDS)
            found = None


class _Following:
    """The sources of one request, and where in them we are."""

    def __init__(self, doors: LogDoors, clock: Clock, request: LogRequest, tally: LogTally, name: str) -> None:
        self._doors = doors
        self._clock = clock
        self._request = request
        self._tally = tally
        # It stays open to the end: the threads of streams wake it when nobody waits for them any more.
        self._waker = Waker()
        self._name = name
        self._files: dict[str, FileFlow] = {}
        self._streams: list[StreamFlow] = []
        self._directories: dict[str, int | None] = {}
        self._window: Window
        self._configured = ConfiguredLogs()

    def begin(self, window: Window) -> None:
        """Go on where the window of what was there has ended."""
        self._window = window
        self._configured = window.configured
        for place in window.places:
            if place.source.kind is SourceKind.OUTPUT or self._request.via is Via.NSENTER:
                flow = StreamFlow(place.source, place.reader, window.readers.of, self._clock.now, place.output)
                self._streams.append(flow)
                self._open(flow, anew=False)
            else:
                self._files[place.source.path] = FileFlow(
                    place.source, place.reader, window.readers.of, self._clock.now, place.file, place.offset
                )

    def resume(self, files: ContainerFiles, *, is_another: bool) -> None:
        """Take the streams up again after a restart; the files resume by themselves, and there may be others."""
        if self._request.via is Via.NSENTER:
            raise NotRunning(
                f"the container {self._name} has ended, and so has the tail inside",
                hint="without --via nsenter, regops follows through restarts",
            )
        self._configured = configured_logs(files)
        for flow in self._streams:
            if is_another and flow.output is not None:
                flow.output = OutputPlace()
            self._open(flow, anew=True)

    def until_end(self, files: ContainerFiles) -> Iterator[Event]:
        """Yield new records until the container ends."""
        self._directories = dict.fromkeys(directories(self._configured))
        # When everything is looked at next, when it may be again, and when the directories may be listed again.
        look_at = again_at = discover_at = 0.0
        renamed = unlisted = True
        look_seconds = _LOOK_SECONDS if files.via == "files" else _ENGINE_LOOK_SECONDS
        happened = Happened()
        while not happened.ended:
            self._waker.calm()
            now = self._clock.monotonic()
            renamed = renamed or happened.lost or not happened.moved.isdisjoint(self._directories.values())
            everything = now >= (again_at if renamed else look_at)
            if everything:
                look_at, again_at, renamed, unlisted = now + look_seconds, now + _NAMES_SECONDS, False, True
                self._watch_directories(files)
            if unlisted and now >= discover_at:
                discover_at, unlisted = now + _DISCOVER_SECONDS, False
                yield from self._discover(files)
            room = _MOST_RECORDS
            for flow in self._files.values():
                if room > 0:
                    flow.look(files, now, happened, everything=everything)
                    room -= len(flow.records)
                else:
                    flow.more = True
            for stream in self._streams:
                if now >= stream.again_at:
                    self._open(stream, anew=True)
                stream.look(now)
            came = yield from self._give()
            if (came and not self._more) or happened.moved:
                self._clock.sleep(_BATCH_SECONDS)
            try:
                due = (again_at if renamed else look_at, discover_at if unlisted else look_at)
                happened = files.wait(self._wait_seconds(min(due)), [self._waker.fd])
            except (NotFound, Unreachable) as error:
                yield Notice(error.message)
                happened = Happened(ended=True)
        yield from self._drain(files)

    def _give(self) -> Generator[Event, None, bool]:
        """Yield what came in one look, and return whether anything did."""
        flows: list[Flow] = [*self._files.values(), *self._streams]
        notices, records = take(flows)
        yield from notices
        came = False
        for record in records:
            came = True
            if count(record, self._request, self._tally):
                yield record
        if came:
            yield Looked()
        return came

    @property
    def _more(self) -> bool:
        return any(flow.more for flow in self._files.values())

    def _wait_seconds(self, latest: float) -> float:
        if self._more:
            return 0.0
        due = [latest, *(flow.silent_at for flow in (*self._files.values(), *self._streams))]
        due += [flow.due_at for flow in self._files.values()]
        due += [flow.again_at for flow in self._streams]
        return max(min(due) - self._clock.monotonic(), 0.0)

    def _drain(self, files: ContainerFiles) -> Iterator[Event]:
        """Yield what is left when the container has ended."""
        now = self._clock.monotonic()
        for flow in self._files.values():
            for _ in flow.drain(files, now):
                yield from self._give()
        for stream in self._streams:
            stream.look(now, wait_seconds=_STREAM_END_SECONDS)
            stream.flush(float("inf"))
        yield from self._give()

    def _watch_directories(self, files: ContainerFiles) -> None:
        for directory in self._directories:
            with suppress(RegopsError):
                # The one that is watched already gets its number again; one that stands in its place does not.
                self._directories[directory] = files.watch(directory)

    def _discover(self, files: ContainerFiles) -> Iterator[Notice]:
        """Begin to follow files that were not there before."""
        if self._request.via is Via.NSENTER:
            return
        found = collect_sources(files, self._name, self._configured)
        try:
            chosen = select_sources(found, self._request.patterns)
        except NotFound:
            return
        there = {source.path for source in found.sources}
        for source in chosen:
            if source.kind is not SourceKind.LOG or source.path in self._files or source.problem:
                continue
            renamed = self._renamed(source, there)
            if renamed is not None:
                flow = self._files[source.path] = self._files.pop(renamed)
                flow.go_on_at(source)
            else:
                self._files[source.path] = FileFlow(source, None, self._window.readers.of, self._clock.now)
                yield Notice(f"{source.name} is new")

    def _renamed(self, source: LogSource, there: set[str]) -> str | None:
        """Return the path at which a source was that has a new one: supervisord gives new names at each start."""
        for path, flow in self._files.items():
            if flow.source.name == source.name and path not in there:
                return path
        return None

    def _open(self, flow: StreamFlow, *, anew: bool) -> None:
        lines = self._request.window.lines
        if flow.output is None:
            wanted = "+1" if lines is None else str(lines)
            command = ("tail", "-n", wanted, "-F", flow.source.path)
            chunks = self._doors.output_inside(self._name, command, timeout_seconds=None)
            flow.open(FollowedStream(chunks, LineSplitter(), self._waker))
            return
        since = flow.output.resume(datetime.fromtimestamp(self._clock.now(), UTC))
        chunks = self._doors.engine().logs(
            self._name,
            # Whoever wants none of what is there has not read how far it goes.
            lines=0 if lines == 0 and since is None and not anew else None,
            follow=True,
            since=None if since is None else since.timestamp(),
            timestamps=True,
        )
        flow.open(FollowedStream(chunks, flow.output, self._waker))
