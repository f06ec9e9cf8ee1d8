"""The logs that traffic is counted from: files of this machine, and the access logs of a container's nginx."""

import re
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from typing import cast

from parsers.nginx_access import AccessFormat
from regops.collectors.logs.files import open_files
from regops.collectors.logs.nginx_formats import NginxLogs, nginx_logs
from regops.collectors.logs.sources import collect_sources
from regops.errors import NotFound, PermissionDenied, Refused, RegopsError
from regops.model.log_source import OUTPUT_NAME, LogSource, Notice, SourceKind, Via
from regops.ports import ContainerFile, ContainerFiles, LogDoors

BLOCK_BYTES = 1024 * 1024
_MOST_NAMES = 500
# How often the names are looked at again, for logs that were rotated while they were opened.
_LOOKS = 3
_ROTATED = re.compile(r"(?:\.\d{1,4}|-\d{8}(?:-\d+)?|[.-]\d{4}-\d\d-\d\d.*|\.old|\.bak|\.save)?(?P<packed>\.\w+)?")
_PACKED = (".bz2", ".xz", ".zst")
# A file was written to for the last time when its last request ended, or when nginx wrote out its buffer.
_LATE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Log:
    """One log to read. formats are those that its nginx may have written it in, () where nobody says.

    chunks yields its bytes and raises RegopsError; problem is set instead for one that cannot be read. size_bytes is
    None where it is not known.
    """

    name: str
    formats: tuple[AccessFormat, ...] = ()
    chunks: Callable[[], Iterator[bytes]] = lambda: iter(())
    size_bytes: int | None = None
    problem: RegopsError | None = None


def is_file(target: str) -> bool:
    """Return whether a target is a file: `-`, a text with a slash, or the name of a file that is here."""
    return target == "-" or "/" in target or Path(target).is_file()


def file_log(target: str) -> Log:
    """Return a file of this machine, or standard input."""
    if target == "-":
        # One read at a time: several in a row would not end when Ctrl-C comes between two of them.
        stdin = cast("BufferedReader", sys.stdin.buffer)
        return Log("-", chunks=lambda: iter(lambda: stdin.read1(BLOCK_BYTES), b""))
    path = Path(target)
    try:
        size_bytes = path.stat().st_size if path.is_file() else None
    except OSError:
        size_bytes = None  # opening it says why
    return Log(target, chunks=lambda: _file_chunks(path), size_bytes=size_bytes)


def _file_chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb", buffering=0) as file:
            while chunk := file.read(BLOCK_BYTES):
                yield chunk
    except FileNotFoundError as error:
        raise NotFound(f"{path}: no such file") from error
    except PermissionError as error:
        raise PermissionDenied(f"{path} cannot be read: {error.strerror}", hint="run regops as root") from error
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from error


@contextmanager
def container_logs(
    doors: LogDoors, container: str, via: Via, *, history: bool, since: datetime | None
) -> Generator[tuple[list[Log], list[Notice]]]:
    """Yield the access logs of a container's nginx, oldest first, each once, and what there is to say about them.

    With history, rotated ones come too, except for those that were last written to before since. Raises what the road
    raises, NotFound for a container without access logs.
    """
    with ExitStack() as stack:
        files, notices = stack.enter_context(open_files(doors, container, via))
        conf = nginx_logs(files)
        finder = _Finder(doors, container, files, stack)
        current = _current(files, container, conf)
        logs = [log for source in current for log in finder.generations(source, conf, history=history, since=since)]
        if not logs:
            raise NotFound(
                f"there are no access logs of nginx in the container {container}",
                hint=f"regops logs {container} --list shows what there is; name a file to read it: /path/access.log",
            )
        yield logs, [*notices, *conf.problems]


def _current(files: ContainerFiles, container: str, conf: NginxLogs) -> list[LogSource]:
    """Return the logs that nginx writes to now: those of its configuration, or else those that are called so."""
    sources = [
        source
        for source in collect_sources(files, container).sources
        if source.kind in {SourceKind.LOG, SourceKind.STREAMED}
    ]
    known = {source.path for source in sources}
    elsewhere = [
        LogSource(path, path, SourceKind.LOG) for path in conf.paths() if path not in known and conf.formats_of(path)
    ]
    found = [source for source in (*sources, *elsewhere) if conf.formats_of(source.path)]
    if conf.access_logs:
        return found
    return [source for source in sources if "access" in source.path.rpartition("/")[2]]


class _Finder:
    """Opens logs while they may be rotated: the newest first, for a file only ever moves to an older name."""

    def __init__(self, doors: LogDoors, container: str, files: ContainerFiles, stack: ExitStack) -> None:
        self._doors = doors
        self._container = container
        self._files = files
        self._stack = stack
        self._seen: set[tuple[int, int]] = set()
        self._output = False

    def generations(
        self, source: LogSource, conf: NginxLogs, *, history: bool, since: datetime | None
    ) -> Iterator[Log]:
        """Yield a log, with its rotated files before it."""
        formats = conf.formats_of(source.path)
        if source.kind is SourceKind.STREAMED:
            if not self._output:
                self._output = True
                yield self._container_output(formats)
            return
        found: dict[str, Log] = {}
        for _ in range(_LOOKS if history else 1):
            paths = [source.path, *(self._rotated(source.path) if history else ())]
            new = [path for path in paths if path not in found]
            for path in new:
                log = self._opened(path, formats, since if path != source.path else None)
                if log is not None:
                    found[path] = log
            if not new:
                break
        yield from reversed(found.values())

    def _rotated(self, path: str) -> list[str]:
        """Return the names that a log had after it was rotated, the newest first."""
        directory, _, base = path.rpartition("/")
        try:
            listing = self._files.names(directory or "/", limit=_MOST_NAMES)
        except NotFound:
            return []
        names = [name for name in listing.names if name != base and name.startswith(base)]
        rotated = [name for name in names if _ROTATED.fullmatch(name, len(base))]
        return [f"{directory}/{name}" for name in sorted(rotated, key=_age)]

    def _opened(self, path: str, formats: tuple[AccessFormat, ...], since: datetime | None) -> Log | None:
        name = f"{self._container}:{path}"
        if path.endswith(_PACKED):
            return Log(name, problem=Refused(f"{name} is not read: of packed logs, only .gz ones are"))
        try:
            if self._files.via == Via.ENGINE:
                facts = self._files.look(path)
                if facts.problem:
                    raise Refused(f"{name} is not read: {facts.problem}")
                chunks = lambda: self._doors.engine().file_chunks(self._container, path)  # noqa: E731
            else:
                file = self._files.open(path)
                self._stack.callback(file.close)
                facts = file.facts
                chunks = lambda: _open_chunks(file)  # noqa: E731
        except NotFound:
            return None
        except RegopsError as error:
            return Log(name, problem=error)
        if facts.identity is not None and facts.identity in self._seen:
            return None
        if facts.identity is not None:
            self._seen.add(facts.identity)
        if since is not None and 0 < facts.modified_at < since.timestamp() - _LATE_SECONDS:
            return None
        return Log(name, formats, chunks, facts.size_bytes)

    def _container_output(self, formats: tuple[AccessFormat, ...]) -> Log:
        return Log(
            f"{self._container}:{OUTPUT_NAME}",
            formats,
            lambda: self._doors.engine().logs(self._container, lines=None),
        )


def _open_chunks(file: ContainerFile) -> Iterator[bytes]:
    """Yield what was in a file when it was opened: one that grows faster than it is read has no end."""
    offset, end = 0, file.facts.size_bytes
    while offset < end and (chunk := file.read(offset, min(BLOCK_BYTES, end - offset))):
        offset += len(chunk)
        yield chunk


def _age(name: str) -> tuple[int, str]:
    """Return what sorts the newest first: `.2.gz` after `.1`, dates backwards."""
    number = re.search(r"\.(\d{1,4})(?:\.\w+)?$", name)
    inverted = "".join(chr(0x10FFFF - ord(letter)) for letter in name)
    return (int(number[1]), "") if number else (0, inverted)
