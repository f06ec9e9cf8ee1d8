"""Where nginx logs to and in which format, from the directives of its configuration.

    log_format main escape=json '{"t":"$time_iso8601"}';      access_log logs/access.log main buffer=32k if=$loggable;
    error_log stderr info;                                    include /etc/nginx/conf.d/*.conf;

Source: ngx_http_log_module.c, ngx_log.c.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from parsers.log_format import Escape
from parsers.nginx_conf import Directive, walk

# Modules with logs and formats of their own, under the same names: they are other logs.
_OTHERS = {"stream", "mail"}


@dataclass(frozen=True, slots=True)
class LogFormat:
    """One log_format: text is all of its words put together. Its escape is DEFAULT where nginx would not know it."""

    name: str
    text: str
    escape: Escape
    line: int


@dataclass(frozen=True, slots=True)
class AccessLog:
    """One access_log that is written: path as the directive has it, and the name of its log_format.

    The path may be relative to nginx's prefix, hold variables, or be `syslog:…`. Where several directives name one,
    their formats are mixed in one file.
    """

    path: str
    format_name: str
    line: int


@dataclass(frozen=True, slots=True)
class ErrorLog:
    """One error_log: path is `stderr`, `syslog:…`, `memory:…` or a file; level is nginx's word, `error` by default."""

    path: str
    level: str
    line: int


@dataclass(frozen=True, slots=True)
class Include:
    """Files that belong in here: a path or glob, relative to the folder of nginx's first file; context is around it."""

    pattern: str
    context: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class NginxLogs:
    """What one file says of logs, each in the order of the file."""

    formats: tuple[LogFormat, ...]
    access_logs: tuple[AccessLog, ...]
    error_logs: tuple[ErrorLog, ...]
    includes: tuple[Include, ...]


def find_logs(directives: Iterable[Directive], context: tuple[str, ...] = ()) -> NginxLogs:
    """Return the logs of a file that was included in context; those of nginx's stream and mail modules are left out."""
    formats: list[LogFormat] = []
    access_logs: list[AccessLog] = []
    error_logs: list[ErrorLog] = []
    includes: list[Include] = []
    for around, directive in walk(tuple(directives), *context):
        if _OTHERS & {*around}:
            continue
        match directive.name, directive.args:
            case "log_format", (name, *words) if words:
                formats.append(_log_format(name, words, directive.line))
            case "access_log", (path, *options) if path != "off":
                chosen = options[0] if options and "=" not in options[0] and options[0] != "gzip" else "combined"
                access_logs.append(AccessLog(path, chosen, directive.line))
            case "error_log", (path, *levels):
                error_logs.append(ErrorLog(path, levels[0] if levels else "error", directive.line))
            case "include", (pattern,):
                includes.append(Include(pattern, around, directive.line))
            case _:
                pass
    return NginxLogs(tuple(formats), tuple(access_logs), tuple(error_logs), tuple(includes))


def _log_format(name: str, words: list[str], line: int) -> LogFormat:
    escape = Escape.DEFAULT
    if words[0].startswith("escape="):
        named = words[0].removeprefix("escape=")
        escape = Escape(named) if named in {*Escape} else Escape.DEFAULT
        words = words[1:]
    return LogFormat(name, "".join(words), escape, line)
