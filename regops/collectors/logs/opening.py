"""The sources that a request asks for: which they are, and each opened by its own road."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TypeAlias

from parsers.docker_inspect import parse_docker_inspect
from parsers.errors import ParseError
from regops.collectors.logs.configured import ConfiguredLogs
from regops.collectors.logs.followed_file import about
from regops.collectors.logs.one_source import FileReading, SourceReading, StreamReading
from regops.collectors.logs.parser_choice import Readers
from regops.collectors.logs.patience import OutOfTime, Patience
from regops.collectors.logs.records import passes
from regops.collectors.logs.sources import DIRECTORIES, collect_sources, select_sources
from regops.collectors.logs.stream import OutputPlace, output_lines, stream_lines
from regops.errors import Refused, RegopsError
from regops.model.log_request import LogRequest
from regops.model.log_source import OUTPUT_NAME, LogLine, LogSource, Notice, SourceKind, Via
from regops.ports import ContainerFiles, LogDoors

StampedLine: TypeAlias = tuple[datetime | None, LogLine]

# Of a stream, so many lines more are asked for, so that folded ones make no entry less; and so much earlier ones, for
# the engine's clock is not that of the container's programs.
_MORE_LINES = 500
_MORE_SECONDS = 300.0


class Opening:
    """Chooses and opens the sources of one request; with follow, the newest files are left as they grow.

    said is what there is to say about what was opened, to be taken by whoever reads. is_cut says that a stream did not
    end in time.
    """

    def __init__(
        self, doors: LogDoors, files: ContainerFiles, request: LogRequest, patience: Patience, *, follow: bool
    ) -> None:
        self.said: deque[Notice] = deque()
        self.is_cut = False
        self._doors = doors
        self._files = files
        self._request = request
        self._patience = patience
        self._follow = follow
        self._wanted = partial(passes, request=request)

    def chosen(self, configured: ConfiguredLogs) -> Generator[Notice, None, list[LogSource]]:
        """Return the sources to read; links to a program's output stand for the container's output."""
        sources = collect_sources(self._files, self._request.container, configured)
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

    def time_zone(self) -> str | None:
        """Return the container's TZ, None where it is not set or not known."""
        with suppress(RegopsError, ParseError):
            found = parse_docker_inspect(self._doors.engine().inspect(self._request.container), "")
            return found.environment.get("TZ")
        return None

    def open(self, source: LogSource, readers: Readers) -> SourceReading:
        """Return a source that is read. Raises what opening and reading raise."""
        request, window = self._request, self._request.window
        if source.kind is SourceKind.OUTPUT:
            place = OutputPlace()
            lines = output_lines(
                self._doors.engine(),
                request.container,
                place,
                lines=None if window.lines is None or request.filter else window.lines + _MORE_LINES,
                since=window.since.timestamp() - _MORE_SECONDS if window.since is not None else None,
            )
            return StreamReading(
                source, self._patiently(source, lines), window, readers, wanted=self._wanted, output=place
            )
        unread = {SourceKind.COMPRESSED, SourceKind.ELSEWHERE}
        if source.problem and (source.kind in unread or request.via is Via.NSENTER):
            raise Refused(f"{request.container}:{source.path} is not read: {source.problem}")
        if request.via is Via.NSENTER:
            inside = self._patiently(source, () if self._follow else self._inside(source))
            return StreamReading(source, inside, window, readers, wanted=self._wanted, output=None)
        return FileReading(
            self._files,
            source,
            window,
            readers,
            wanted=self._wanted,
            asked=request.filter,
            check=partial(self._patience.check, source.name),
            say=lambda text: self.said.append(about(source, text)),
            follow=self._follow,
        )

    def _inside(self, source: LogSource) -> Iterator[tuple[None, LogLine]]:
        """Yield what the container's own tail prints."""
        lines = self._request.window.lines
        whole = lines is None or self._request.filter
        count = "+1" if lines is None or whole else str(lines + _MORE_LINES)
        chunks = self._doors.output_inside(
            self._request.container, ("tail", "-n", count, source.path), timeout_seconds=self._request.timeout_seconds
        )
        for line in stream_lines(source.name, chunks, partial(self._patience.check, source.name)):
            yield None, line

    def _patiently(self, source: LogSource, lines: Iterable[StampedLine]) -> Iterator[StampedLine]:
        """Yield the lines of a stream as far as they come in time."""
        try:
            for line in lines:
                self._patience.check(source.name)
                yield line
        except OutOfTime as error:
            self.is_cut = True
            self.said.append(Notice(f"{error.message}; {error.hint}"))
