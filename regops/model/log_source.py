"""Where a container's log lines come from, and the lines themselves."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from regops.errors import ExitStatus
from regops.model.answer import Target

# The name of the container's own output among the sources.
OUTPUT_NAME = "docker"


def short_name(name: str) -> str:
    """Return what a source is called on a screen: `nginx/access`, `nginx-stderr`, `docker-registry`, `docker`."""
    short = name.removeprefix("supervisor/").removesuffix(".log")
    return short.removeprefix("nginx/") if short.startswith("nginx/nginx") else short


class Via(StrEnum):
    """How to get at a container's files."""

    AUTO = "auto"
    FILES = "files"
    ENGINE = "engine"
    NSENTER = "nsenter"


class SourceKind(StrEnum):
    """What a source is: log is written to now, rotated and compressed (by their names) were once.

    output is the container's own output, which the engine keeps; streamed is a file's name that is a link to the
    output of the program that writes there; elsewhere is what a configuration names as a log and is no file to read.
    """

    LOG = "log"
    STREAMED = "streamed"
    ROTATED = "rotated"
    COMPRESSED = "compressed"
    OUTPUT = "output"
    DIRECTORY = "directory"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class LogSource:
    """One place that a container's log lines come from.

    name is unique among the sources of a container and stays the same when supervisord gives the file a new random
    one: `nginx/access.log`, `supervisor/nginx-stdout.log`, `docker`. path is the file inside the container, "" for the
    container's own output. size_bytes and modified are None where they cannot be known. link_target is the text of a
    link at path, None where it is none. problem says why it cannot be read, None if it can.
    """

    name: str
    path: str
    kind: SourceKind
    size_bytes: int | None = None
    modified: datetime | None = None
    link_target: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class LogSources:
    """The log sources of a container, and the road they were found by."""

    target: Target
    via: Via
    sources: tuple[LogSource, ...]

    @property
    def exit_status(self) -> ExitStatus:
        """OK when at least one file can be read or there is none, UNKNOWN when none of those there are can be read."""
        others = {SourceKind.OUTPUT, SourceKind.ELSEWHERE}
        problems = [source.problem for source in self.sources if source.kind not in others]
        return ExitStatus.UNKNOWN if problems and all(problems) else ExitStatus.OK


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a source without its newline, as the bytes it was written in; cut_bytes more of it were left out."""

    source: str
    text: bytes
    cut_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Looked:
    """All that has come so far was given: what was written of it is to be shown now."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What regops has to say about the sources while it reads them, for stderr."""

    text: str
