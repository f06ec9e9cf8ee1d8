"""The log sources of a container: what is in its log directories, what configurations name, and its own output."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import PurePosixPath
from typing import NamedTuple

from regops.collectors.logs.configured import ConfiguredLogs
from regops.collectors.logs.history import GZIP, is_generation
from regops.errors import NotFound, RegopsError
from regops.model.answer import Target
from regops.model.container_file import FileFacts, FileKind
from regops.model.log_source import OUTPUT_NAME, LogSource, LogSources, SourceKind, Via, short_name
from regops.ports import ContainerFiles

DIRECTORIES = ("/var/log/nginx", "/var/log/supervisor", "/var/log/redis")
# More is no log directory any more; each name costs a question.
_MOST_FILES = 500
# Through the engine, the names in a folder cost all that is in it.
_MOST_FOLDERS = 20

# supervisord's own names for a log it was not given one for: new at every start of the container.
_AUTO = re.compile(r"(?P<program>.+)---supervisor-\w+(?P<rest>\.log.*)", re.DOTALL)
_BACKUP = (".old", ".bak")
_FILES = {SourceKind.LOG, SourceKind.STREAMED}
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst")


class _Found(NamedTuple):
    """A source, and what is the same for the same file by whatever path; None where that is not known."""

    source: LogSource
    identity: tuple[int, int] | None = None
    is_there: bool = True


def collect_sources(files: ContainerFiles, container: str, configured: ConfiguredLogs | None = None) -> LogSources:
    """Return the sources of a container, its own output last; what cannot be looked at comes with the reason.

    With configured, those that configurations name are among them, each file once.
    """
    found = [found for directory in DIRECTORIES for found in _directory(files, directory)]
    if configured is not None:
        found += _named(files, configured, found)
    sources = [each.source for each in found]
    taken = Counter(source.name for source in sources)
    sources = [
        replace(source, name=_full_name(source.path)) if taken[source.name] > 1 else source for source in sources
    ]
    output = LogSource(name=OUTPUT_NAME, path="", kind=SourceKind.OUTPUT)
    return LogSources(Target(container=container), Via(files.via), (*sources, output))


def directories(configured: ConfiguredLogs) -> tuple[str, ...]:
    """Return the directories in which sources can appear."""
    named = {path.rpartition("/")[0] or "/": None for path in configured.paths}
    auto = [configured.auto_directory] if configured.auto_directory else []
    return tuple(dict.fromkeys((*DIRECTORIES, *named, *auto)))


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


def _directory(files: ContainerFiles, directory: str) -> list[_Found]:
    short = f"{PurePosixPath(directory).name}/"
    try:
        listing = files.names(directory, limit=_MOST_FILES)
    except NotFound:
        return []
    except RegopsError as error:
        return [_Found(LogSource(short, directory, SourceKind.DIRECTORY, problem=error.message))]
    found = [_found(files, f"{directory}/{name}") for name in listing.names]
    if listing.more:
        problem = f"{directory} holds more than can be looked at: only {len(listing.names)} of its files are listed"
        found.append(_Found(LogSource(short, directory, SourceKind.DIRECTORY, problem=problem)))
    return found


def _named(files: ContainerFiles, configured: ConfiguredLogs, known: Iterable[_Found]) -> list[_Found]:
    """Return what configurations name and is not known, with its rotated files."""
    paths = {each.source.path for each in known}
    identities = {each.identity for each in known} - {None}
    found: list[_Found] = []
    for path in _candidates(files, configured):
        if path in paths:
            continue
        each = _found(files, path)
        if not each.is_there:
            # It may be some day, or was meant for a program that was never started.
            gone = LogSource(each.source.name, path, SourceKind.ELSEWHERE, problem="there is no such file")
            found.append(_Found(gone))
        elif each.identity not in identities:
            found.append(each)
        paths.add(path)
        identities |= {each.identity} - {None}
    elsewhere = [LogSource(name, name, SourceKind.ELSEWHERE, problem=reason) for name, reason in configured.elsewhere]
    return [*found, *map(_Found, elsewhere)]


def _candidates(files: ContainerFiles, configured: ConfiguredLogs) -> Iterator[str]:
    """Yield the paths that configurations name, each with those of its rotated files behind it."""
    names: dict[str, tuple[str, ...]] = {}
    left = _MOST_FILES
    for path in configured.paths:
        yield path
        directory, _, name = path.rpartition("/")
        if directory not in names:
            names[directory] = _names(files, directory or "/") if len(names) < _MOST_FOLDERS else ()
        rotated = (each for each in names[directory] if each.startswith(name) and is_generation(each))
        for each in islice(rotated, left):
            left -= 1
            yield f"{directory}/{each}"
    if configured.auto_directory:
        listed = _names(files, configured.auto_directory)
        yield from (f"{configured.auto_directory}/{each}" for each in listed if _AUTO.fullmatch(each))


def _names(files: ContainerFiles, directory: str) -> tuple[str, ...]:
    try:
        return files.names(directory, limit=_MOST_FILES).names
    except RegopsError:
        return ()


def _found(files: ContainerFiles, path: str) -> _Found:
    try:
        facts = files.look(path)
    except RegopsError as error:
        return _Found(
            LogSource(_name(path), path, _kind(path), problem=error.message), is_there=not isinstance(error, NotFound)
        )
    return _Found(_described(path, facts), facts.identity)


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
