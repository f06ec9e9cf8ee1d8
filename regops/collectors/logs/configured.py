"""The logs that a container's own configurations name: nginx's and supervisord's, wherever they put them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from parsers.supervisord_conf import SupervisordLogs, find_supervisord_logs
from regops.collectors.logs.nginx_formats import NginxLogs, nginx_logs
from regops.errors import NotFound, RegopsError
from regops.model.log_source import Notice
from regops.ports import ContainerFiles

# Where supervisord itself looks, and where distributions have it.
_SUPERVISORD = ("/etc/supervisor/supervisord.conf", "/etc/supervisord.conf", "/etc/supervisord/supervisord.conf")
_MOST_INCLUDED = 100
# Of the first file, and of all that it includes.
_MOST_BYTES = 1024 * 1024
# A configuration that names more is not one that somebody wrote.
_MOST_PATHS = 100
_LONGEST_PATH = 4096
_OUTPUT = "it goes to its program's own output"
_OUTPUTS = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/self/fd/", "/proc/1/fd/")
_REASONS = {"syslog": "it goes to syslog", "memory": "nginx keeps it in its memory"}


@dataclass(frozen=True, slots=True)
class ConfiguredLogs:
    """The logs that configurations name.

    paths are those of files. elsewhere are the others, each with the reason why it is no file that can be read.
    auto_directory is where supervisord gives names to logs itself, "" where it gives none. problems is what could not
    be read of the configurations.
    """

    nginx: NginxLogs = field(default_factory=NginxLogs)
    paths: tuple[str, ...] = ()
    elsewhere: tuple[tuple[str, str], ...] = ()
    auto_directory: str = ""
    problems: tuple[Notice, ...] = ()


def configured_logs(files: ContainerFiles) -> ConfiguredLogs:
    """Return the logs that a container's nginx and supervisord are configured to write."""
    nginx = nginx_logs(files)
    supervisord = list(_supervisord_logs(files))
    problems = [found for found in supervisord if isinstance(found, Notice)]
    said = [found for found in supervisord if isinstance(found, SupervisordLogs)]
    named = [*(log.path for log in nginx.access_logs), *nginx.error_logs, *(path for one in said for path in one.paths)]
    paths: list[str] = []
    elsewhere: list[tuple[str, str]] = []
    for path in dict.fromkeys(named):
        if not 0 < len(path) <= _LONGEST_PATH or "\0" in path:
            continue  # no file is called so
        if reason := _reason(path):
            elsewhere.append((path, reason))
        else:
            paths.append(path)
    if len(paths) > _MOST_PATHS:
        problems.append(Notice(f"configurations name {len(paths)} logs: the first {_MOST_PATHS} of them count"))
    directories = [one.child_directory for one in said if one.child_directory]
    is_auto = any(one.is_auto for one in said)
    auto_directory = next((each for each in directories if not _reason(each)), "") if is_auto else ""
    return ConfiguredLogs(
        nginx,
        tuple(paths[:_MOST_PATHS]),
        tuple(elsewhere[:_MOST_PATHS]),
        auto_directory.rstrip("/"),
        (*nginx.problems, *problems),
    )


def _reason(path: str) -> str:
    """Return why what a configuration names is no file that can be read, "" where it is one."""
    kind = path.partition(":")[0]
    if kind in _REASONS:
        return _REASONS[kind]
    if path == "stderr" or path.startswith(_OUTPUTS):
        return _OUTPUT
    if path == "/dev/null":
        return "it is thrown away"
    if "$" in path or "%(" in path:
        return "its path has variables"
    return "" if path.startswith("/") else "its path is relative to a folder that is not known"


def _supervisord_logs(files: ContainerFiles) -> Iterator[SupervisordLogs | Notice]:
    for path in _SUPERVISORD:
        try:
            found = find_supervisord_logs(_text(files, path))
        except NotFound:
            continue
        except RegopsError as error:
            yield Notice(f"supervisord's configuration is not read: {error.message}")
            return
        yield found
        yield from _included(files, path.rpartition("/")[0], found.includes)
        return


def _included(files: ContainerFiles, folder: str, patterns: Iterable[str]) -> Iterator[SupervisordLogs | Notice]:
    """Yield what included files say; they include no others."""
    read, left = 0, _MOST_BYTES
    globs = list(dict.fromkeys(patterns))
    if len(globs) > _MOST_INCLUDED:
        yield Notice(f"supervisord's configuration: only {_MOST_INCLUDED} of its includes count")
    for pattern in globs[:_MOST_INCLUDED]:
        whole = pattern if pattern.startswith("/") else f"{folder}/{pattern}"
        directory, _, glob = whole.rpartition("/")
        try:
            names = files.names(directory or "/", limit=_MOST_INCLUDED).names
        except NotFound:
            continue
        except RegopsError as error:
            yield Notice(f"supervisord's configuration: {error.message}")
            continue
        for name in names:
            if not fnmatchcase(name, glob) or read >= _MOST_INCLUDED:
                continue
            read += 1
            try:
                text = _text(files, f"{directory}/{name}", left)
            except RegopsError as error:
                yield Notice(f"supervisord's configuration: {error.message}")
                continue
            left -= len(text)
            yield find_supervisord_logs(text)


def _text(files: ContainerFiles, path: str, size_bytes: int = _MOST_BYTES) -> str:
    file = files.open(path)
    try:
        return file.read(0, size_bytes).decode("utf-8", "surrogateescape")
    finally:
        file.close()
