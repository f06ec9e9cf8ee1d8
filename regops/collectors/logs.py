"""The lines of a container's logs: the last ones, and then the new ones as they come."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime

from parsers.docker_inspect import parse_docker_inspect
from parsers.errors import ParseError
from regops.collectors.log_follow import FollowedFile, about
from regops.collectors.log_sources import DIRECTORIES, collect_sources, select_sources
from regops.collectors.log_stream import FollowedStream, stream_lines
from regops.errors import NotFound, NotRunning, PermissionDenied, Refused, RegopsError, UnexpectedAnswer
from regops.model.log_source import OUTPUT_NAME, LogLine, LogSource, Notice, SourceKind, Via
from regops.ports import Clock, ContainerFiles, LogDoors

Event = LogLine | Notice

# While lines come, they are shown this often; a source that got none is looked at again after the longer time.
_BUSY_SECONDS = 0.05
_IDLE_SECONDS = 0.2
_DISCOVER_SECONDS = 1.0
_RESTART_SECONDS = 0.5
# The engine ends a stream when its container ends; this is for one that does not.
_STREAM_END_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class LogRequest:
    """Which lines of which container: the last ones of the sources that patterns choose, and by which road.

    timeout_seconds bounds the reading of the last lines; following has no end.
    """

    container: str
    patterns: tuple[str, ...]
    lines: int
    via: Via
    timeout_seconds: float


@contextmanager
def open_files(doors: LogDoors, container: str, via: Via) -> Generator[tuple[ContainerFiles, tuple[Notice, ...]]]:
    """Yield a container's files by the road that was asked for, or by the best that is open, and a word on the choice.

    Raises what the road raises.
    """
    with ExitStack() as stack:
        if via is Via.ENGINE:
            yield stack.enter_context(doors.engine_files(container)), ()
            return
        try:
            files = stack.enter_context(doors.local_files(container))
        except (PermissionDenied, Refused, NotRunning) as error:
            if via is not Via.AUTO:
                raise
            files = stack.enter_context(doors.engine_files(container))
            yield files, (Notice(f"{error.message}; going through the engine instead"),)
        else:
            yield files, ()


def read_logs(doors: LogDoors, clock: Clock, request: LogRequest) -> Iterator[Event]:
    """Yield the last lines of each source, source by source.

    Raises an error when not one source could be read, NotFound for a pattern that chooses nothing.
    """
    with open_files(doors, request.container, request.via) as (files, notices):
        yield from notices
        yield from _Session(doors, clock, request).tails(files, follow=False)


def follow_logs(doors: LogDoors, clock: Clock, request: LogRequest) -> Iterator[Event]:
    """Yield the last lines of each source, then new ones as they come, through rotations and restarts.

    Ends only by an error: as read_logs at the start, later NotFound when the container was removed.
    """
    session = _Session(doors, clock, request)
    started = False
    while True:
        try:
            with open_files(doors, request.container, request.via) as (files, notices):
                yield from notices
                if started:
                    session.resume()
                else:
                    yield from session.tails(files, follow=True)
                    started = True
                yield from session.until_end(files)
        except NotRunning:
            if not started:
                raise
        yield Notice(f"the container {request.container} is not running; waiting for it to start")
        session.since = _wait_for_start(doors, clock, request.container)
        yield Notice(f"the container {request.container} is running again")


class _Session:
    """The sources of one request, and where in them we are."""

    def __init__(self, doors: LogDoors, clock: Clock, request: LogRequest) -> None:
        self.since: datetime | None = None
        self._doors = doors
        self._clock = clock
        self._request = request
        self._files: dict[str, FollowedFile] = {}
        self._streams: dict[str, FollowedStream] = {}
        self._ends = clock.monotonic() + request.timeout_seconds

    def tails(self, files: ContainerFiles, *, follow: bool) -> Iterator[Event]:
        """Yield the last lines of all sources; one that cannot be read costs a notice, an error is for none."""
        chosen = yield from self._chosen(files)
        errors: list[RegopsError] = []
        some = False
        for source in chosen:
            try:
                for event in self._tail(files, source, follow=follow):
                    some = True
                    yield event
            except RegopsError as error:
                errors.append(error)
                if len(chosen) > 1:
                    yield about(source, error.message)
        if len(errors) == len(chosen):
            if len(errors) == 1:
                raise errors[0]
            raise Refused(
                f"none of the {len(errors)} log sources of the container {self._request.container} could be read",
                hint=errors[0].hint,
            )
        if not some and not follow and self._request.lines:
            yield Notice("there are no lines in " + ", ".join(source.name for source in chosen))

    def resume(self) -> None:
        """Take the container's output up again after a restart; the files resume by themselves."""
        for name in self._streams:
            if self._request.via is Via.NSENTER and name != OUTPUT_NAME:
                raise NotRunning(
                    f"the container {self._request.container} has ended, and so has the tail inside",
                    hint="without --via nsenter, regops follows through restarts",
                )
            self._streams[name] = FollowedStream(name, self._output(lines=None, follow=True))

    def until_end(self, files: ContainerFiles) -> Iterator[Event]:
        """Yield new lines until the container ends."""
        discovered = self._clock.monotonic()
        ended = False
        while not ended:
            now = self._clock.monotonic()
            if now - discovered >= _DISCOVER_SECONDS:
                yield from self._discover(files)
                discovered = now
            came = False
            for event in self._new(files, now):
                came = True
                yield event
            ended = files.ended_within(_BUSY_SECONDS if came else _IDLE_SECONDS)
        for file in self._files.values():
            yield from file.poll(files, self._clock.monotonic())
            file.release()
        for stream in self._streams.values():
            yield from stream.rest(_STREAM_END_SECONDS)

    def _new(self, files: ContainerFiles, now: float) -> Iterator[Event]:
        for file in self._files.values():
            yield from file.poll(files, now)
        for stream in self._streams.values():
            yield from stream.poll()

    def _chosen(self, files: ContainerFiles) -> Generator[Event, None, list[LogSource]]:
        """Return the sources to read; links to a program's output stand for the container's output."""
        sources = collect_sources(files, self._request.container)
        chosen = list(select_sources(sources, self._request.patterns))
        for source in sources.sources:
            if source.kind is SourceKind.DIRECTORY and source.path in DIRECTORIES and source.problem:
                yield about(source, source.problem)
        streamed = [source for source in chosen if source.kind is SourceKind.STREAMED]
        for source in streamed:
            yield Notice(
                f"{source.name} is a link to {source.link_target}: its lines are in the container's own output "
                f"({OUTPUT_NAME}), or in the program's stdout log where supervisord runs it"
            )
        output = [source for source in sources.sources if source.kind is SourceKind.OUTPUT]
        chosen = [source for source in chosen if source not in streamed]
        return [*chosen, *(source for source in output if streamed and source not in chosen)]

    def _tail(self, files: ContainerFiles, source: LogSource, *, follow: bool) -> Iterator[Event]:
        if source.kind is SourceKind.OUTPUT:
            yield from self._stream(source, self._output(lines=self._request.lines, follow=follow), follow=follow)
        elif source.problem and (source.kind is SourceKind.COMPRESSED or self._request.via is Via.NSENTER):
            raise Refused(f"{self._request.container}:{source.path} is not read: {source.problem}")
        elif self._request.via is Via.NSENTER:
            yield from self._stream(source, self._inside(source, follow=follow), follow=follow)
        else:
            file = FollowedFile(source)
            if follow:
                self._files[source.path] = file
            yield from file.start(files, self._request.lines, self._check)
            if not follow:
                yield from file.flush()
                file.release()

    def _stream(self, source: LogSource, chunks: Iterator[bytes], *, follow: bool) -> Iterator[Event]:
        if follow:
            self._streams[source.name] = FollowedStream(source.name, chunks)
        else:
            yield from stream_lines(source.name, chunks, self._check)

    def _output(self, *, lines: int | None, follow: bool) -> Iterator[bytes]:
        since = self.since.timestamp() if self.since else None
        return self._doors.engine().logs(self._request.container, lines=lines, follow=follow, since=since)

    def _inside(self, source: LogSource, *, follow: bool) -> Iterator[bytes]:
        command = ("tail", "-n", str(self._request.lines), *(("-F",) if follow else ()), source.path)
        timeout_seconds = None if follow else max(self._ends - self._clock.monotonic(), 0)
        return self._doors.output_inside(self._request.container, command, timeout_seconds=timeout_seconds)

    def _discover(self, files: ContainerFiles) -> Iterator[Event]:
        """Begin to follow files that were not there before."""
        if self._request.via is Via.NSENTER:
            return
        try:
            chosen = select_sources(collect_sources(files, self._request.container), self._request.patterns)
        except NotFound:
            return
        for source in chosen:
            if source.kind is SourceKind.LOG and source.path not in self._files and not source.problem:
                self._files[source.path] = FollowedFile(source)
                yield Notice(f"{source.name} is new")

    def _check(self) -> None:
        if self._clock.monotonic() > self._ends:
            raise Refused(
                f"not read to its end within {self._request.timeout_seconds:g} s", hint="--timeout gives more time"
            )


def _wait_for_start(doors: LogDoors, clock: Clock, container: str) -> datetime | None:
    """Wait until a container runs, and return when it ended before."""
    while True:
        try:
            found = parse_docker_inspect(doors.engine().inspect(container), f"the engine's answer about {container}")
        except ParseError as error:
            raise UnexpectedAnswer(str(error)) from error
        if found.running:
            # Not since it started: its first lines can be older than what the engine says about that.
            return found.finished_at
        clock.sleep(_RESTART_SECONDS)
