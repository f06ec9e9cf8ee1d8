"""The logs that a container's own nginx writes, by its configuration: where to, and in which format."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from parsers.errors import ParseError
from parsers.nginx_access import COMBINED, AccessFormat, compile_log_format
from parsers.nginx_conf import parse_nginx_conf
from parsers.nginx_logs import AccessLog, Include, LogFormat, find_logs
from regops.errors import NotFound, RegopsError
from regops.model.log_source import Notice
from regops.ports import ContainerFiles

# Where distributions, nginx's own build and OpenResty have it.
CONFIGURATIONS = (
    "/etc/nginx/nginx.conf",
    "/usr/local/nginx/conf/nginx.conf",
    "/usr/local/openresty/nginx/conf/nginx.conf",
)
_MOST_FILES = 200
_MOST_BYTES = 1024 * 1024
_VARIABLE = re.compile(r"\$(?:\{\w+\}|\w+)")
_SPECIAL = re.compile(r"[*?[]")
_NOT_FILES = ("syslog:", "memory:", "stderr")


@dataclass(slots=True)
class NginxLogs:
    """What a configuration says of logs: formats by name, and the logs as the directives have them.

    problems is what could not be read of it. All is empty where there is no nginx.
    """

    formats: dict[str, LogFormat] = field(default_factory=dict[str, LogFormat])
    access_logs: list[AccessLog] = field(default_factory=list[AccessLog])
    error_logs: list[str] = field(default_factory=list[str])
    problems: list[Notice] = field(default_factory=list[Notice])
    _compiled: dict[str, AccessFormat | None] = field(default_factory=dict[str, AccessFormat | None])

    def formats_of(self, path: str) -> tuple[AccessFormat, ...]:
        """Return the formats in which a file is written, () for one that is no access log."""
        names = dict.fromkeys(log.format_name for log in self.access_logs if _is(log.path, path))
        return tuple(found for name in names if (found := self._format(name)) is not None)

    def all_formats(self) -> tuple[AccessFormat, ...]:
        """Return every format that is in use."""
        names = dict.fromkeys(log.format_name for log in self.access_logs)
        return tuple(found for name in names if (found := self._format(name)) is not None)

    def is_error_log(self, path: str) -> bool:
        """Return whether a file is an error log."""
        return any(_is(error_log, path) for error_log in self.error_logs)

    def paths(self) -> tuple[str, ...]:
        """Return the logs that have a whole path without variables."""
        paths = (*(log.path for log in self.access_logs), *self.error_logs)
        return tuple(dict.fromkeys(path for path in paths if path.startswith("/") and "$" not in path))

    def _format(self, name: str) -> AccessFormat | None:
        if name not in self._compiled:
            self._compiled[name] = self._compile(name)
        return self._compiled[name]

    def _compile(self, name: str) -> AccessFormat | None:
        if name == "combined":
            return compile_log_format(COMBINED)
        found = self.formats.get(name)
        try:
            return compile_log_format(found.text, escape=found.escape) if found else None
        except ParseError as error:
            self.problems.append(Notice(f"nginx's log_format {name} cannot be read: {error}"))
            return None


def nginx_logs(files: ContainerFiles) -> NginxLogs:
    """Return the logs of a container's nginx; includes are followed as nginx does, inside the container."""
    for path in CONFIGURATIONS:
        try:
            files.look(path)
        except NotFound:
            continue
        except RegopsError as error:
            return NginxLogs(problems=[Notice(f"nginx's configuration is not read: {error.message}")])
        logs = NginxLogs()
        _Reading(files, path.rpartition("/")[0], logs).read(path, ())
        return logs
    return NginxLogs()


class _Reading:
    """The files of one configuration, each read once."""

    def __init__(self, files: ContainerFiles, folder: str, logs: NginxLogs) -> None:
        self._files = files
        self._folder = folder
        self._logs = logs
        self._seen: set[tuple[str, tuple[str, ...]]] = set()

    def read(self, path: str, context: tuple[str, ...]) -> None:
        """Read a file that stands in a context, and those it includes."""
        if not self._is_next(path, context):
            return
        try:
            found = find_logs(parse_nginx_conf(self._text(path), source=path), context)
        except (ParseError, RegopsError) as error:
            self._problem(error.message if isinstance(error, RegopsError) else str(error))
            return
        for log_format in found.formats:
            self._logs.formats[log_format.name] = log_format
        self._logs.access_logs += found.access_logs
        self._logs.error_logs += [log.path for log in found.error_logs]
        for include in found.includes:
            for included in self._included(include):
                self.read(included, include.context)

    def _is_next(self, path: str, context: tuple[str, ...]) -> bool:
        """Return whether a file or a glob is to be looked at: for the first time, and not beyond the bound."""
        if (path, context) in self._seen or len(self._seen) > _MOST_FILES:
            return False
        if len(self._seen) == _MOST_FILES:
            self._problem(f"only {_MOST_FILES} of its files were read")
        self._seen.add((path, context))
        return len(self._seen) <= _MOST_FILES

    def _text(self, path: str) -> str:
        file = self._files.open(path)
        try:
            return file.read(0, _MOST_BYTES).decode("utf-8", "surrogateescape")
        finally:
            file.close()

    def _included(self, include: Include) -> Iterator[str]:
        pattern = include.pattern if include.pattern.startswith("/") else f"{self._folder}/{include.pattern}"
        folder, _, name = pattern.rpartition("/")
        if not any(mark in name for mark in "*?["):
            yield pattern
            return
        if not self._is_next(pattern, include.context):
            return
        try:
            names = self._files.names(folder or "/", limit=_MOST_FILES).names
        except NotFound:
            return
        except RegopsError as error:
            self._problem(error.message)
            return
        # As in a shell, a pattern does not find hidden files.
        yield from (f"{folder}/{each}" for each in names if fnmatchcase(each, name) and not each.startswith("."))

    def _problem(self, text: str) -> None:
        self._logs.problems.append(Notice(f"nginx's configuration: {text}"))


def _is(log: str, path: str) -> bool:
    """Tell whether what a directive names is this file; a relative one is below nginx's prefix, wherever that is."""
    if log.startswith(_NOT_FILES):
        return False
    # A variable holds no slash. Names are the container's too: this takes no longer the more variables there are.
    segments = log.count("/") + 1
    asked = "*".join(_SPECIAL.sub(r"[\g<0>]", part) for part in _VARIABLE.split(log))
    parts = path.split("/")
    if log.startswith("/"):
        return len(parts) == segments and fnmatchcase(path, asked)
    return len(parts) > segments and fnmatchcase("/".join(parts[-segments:]), asked)
