"""The log sources of a container: what is under its log directories, and its own output."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from regops.collectors.logs.history import GZIP, is_generation
from regops.errors import NotFound, RegopsError
from regops.model.answer import Target
from regops.model.container_file import FileFacts, FileKind
from regops.model.log_source import OUTPUT_NAME, LogSource, LogSources, SourceKind, Via, short_name
from regops.ports import ContainerFiles

DIRECTORIES = ("/var/log/nginx", "/var/log/supervisor", "/var/log/redis")
# More is no log directory any more; each name costs a question.
_MOST_FILES = 500

# supervisord's own names for a log it was not given one for: new at every start of the container.
_AUTO = re.compile(r"(?P<program>.+)---supervisor-\w+(?P<rest>\.log.*)", re.DOTALL)
_BACKUP = (".old", ".bak")
_FILES = {SourceKind.LOG, SourceKind.STREAMED}
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst")


def collect_sources(files: ContainerFiles, container: str) -> LogSources:
    """Return the sources of a container, its own output last; what cannot be looked at comes with the reason."""
    found = [source for directory in DIRECTORIES for source in _directory(files, directory)]
    taken = Counter(source.name for source in found)
    sources = [replace(source, name=_full_name(source.path)) if taken[source.name] > 1 else source for source in found]
    output = LogSource(name=OUTPUT_NAME, path="", kind=SourceKind.OUTPUT)
    return LogSources(Target(container=container), Via(files.via), (*sources, output))


def select_sources(sources: LogSources, patterns: Iterable[str]) -> tuple[LogSource, ...]:
    """Return the sources that names or globs choose; without any, every log that is written to now.

    A pattern is held against the name of a source, in full and as it is shown, the name of its file and its path; where
    it is none of them, against the words of the names: `nginx` is all that nginx writes. One that chooses logs that are
    written to now leaves their rotated ones alone. Raises NotFound, naming the sources there are, for one that chooses
    nothing.
    """
    wanted = list(patterns)
    if not wanted:
        logs = tuple(source for source in sources.sources if source.kind in _FILES)
        # A container without log directories has its log in the engine.
        return logs or tuple(source for source in sources.sources if source.kind is SourceKind.OUTPUT)
    chosen = [source for pattern in wanted for source in _chosen(sources, pattern)]
    return tuple(source for source in sources.sources if source in chosen)


def _chosen(sources: LogSources, pattern: str) -> list[LogSource]:
    matching = [source for source in sources.sources if _matches(source, pattern)]
    matching = matching or [source for source in sources.sources if pattern in _words(source)]
    if not matching:
        raise NotFound(
            f"no log source of the container {sources.target.container} is called {pattern}",
            hint="there are: " + ", ".join(source.name for source in sources.sources),
        )
    return [source for source in matching if source.kind in {*_FILES, SourceKind.OUTPUT}] or matching


def _directory(files: ContainerFiles, directory: str) -> list[LogSource]:
    short = f"{PurePosixPath(directory).name}/"
    try:
        listing = files.names(directory, limit=_MOST_FILES)
    except NotFound:
        return []
    except RegopsError as error:
        return [LogSource(short, directory, SourceKind.DIRECTORY, problem=error.message)]
    found = [_source(files, directory, name) for name in listing.names]
    if listing.more:
        problem = f"{directory} holds more than can be looked at: only {len(listing.names)} of its files are listed"
        found.append(LogSource(short, directory, SourceKind.DIRECTORY, problem=problem))
    return found


def _source(files: ContainerFiles, directory: str, name: str) -> LogSource:
    path = f"{directory}/{name}"
    try:
        return _described(path, files.look(path))
    except RegopsError as error:
        return LogSource(_name(path), path, _kind(name), problem=error.message)


def _described(path: str, facts: FileFacts) -> LogSource:
    is_file = facts.kind is FileKind.FILE
    if facts.kind is FileKind.OUTPUT:
        return LogSource(_name(path), path, SourceKind.STREAMED, link_target=facts.link_target)
    kind = SourceKind.DIRECTORY if facts.kind is FileKind.DIRECTORY else _kind(path)
    problem = facts.problem or None
    if problem is None and kind is SourceKind.COMPRESSED and not path.endswith(GZIP):
        problem = "it is compressed, and not by gzip"
    return LogSource(
        name=_name(path),
        path=path,
        kind=kind,
        size_bytes=facts.size_bytes if is_file else None,
        modified=_time(facts.modified_at) if is_file else None,
        link_target=facts.link_target or None,
        problem=problem,
    )


def _kind(name: str) -> SourceKind:
    if name.endswith(_COMPRESSED):
        return SourceKind.COMPRESSED
    return SourceKind.ROTATED if is_generation(name) or name.endswith(_BACKUP) else SourceKind.LOG


def _name(path: str) -> str:
    full = _full_name(path)
    auto = _AUTO.fullmatch(full)
    return f"{auto['program']}{auto['rest']}" if auto else full


def _full_name(path: str) -> str:
    return path.removeprefix("/var/log/")


def _time(seconds: float) -> datetime | None:
    # A file's time is whatever its owner set it to, years beyond the calendar included.
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _matches(source: LogSource, pattern: str) -> bool:
    short = short_name(source.name)
    names = (source.name, source.path, PurePosixPath(source.path).name, short, PurePosixPath(short).name)
    return any(name and fnmatchcase(name, pattern) for name in names)


def _words(source: LogSource) -> list[str]:
    """Return what a source is about: `nginx` and `stderr` of nginx-stderr."""
    return re.split("[/-]", short_name(source.name))
