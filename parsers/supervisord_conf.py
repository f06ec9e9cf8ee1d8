"""Where supervisord and its programs log to, from supervisord's configuration.

    [supervisord]                                   [program:nginx]
    logfile=/var/log/supervisor/supervisord.log     command=/usr/sbin/nginx ; in the foreground
    childlogdir=/var/log/supervisor                 stdout_logfile=/srv/log/%(program_name)s.log
                                                    stderr_logfile=AUTO
    [include]
    files = conf.d/*.conf
        more/*.conf

A comment is a line that begins with `;` or `#`, or what follows a blank and one of them. Sources: options.py of
supervisor 4.2, and configparser of Python.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SECTION = re.compile(r"\[([^\]]+)\]")
_PAIR = re.compile(r"([^=:\s][^=:]*?)\s*[=:]\s*(.*)", re.DOTALL)
_COMMENT = re.compile(r"(?:^|\s)[;#].*", re.DOTALL)
_PROGRAMS = ("program:", "fcgi-program:", "eventlistener:")
_LOGS = ("stdout_logfile", "stderr_logfile")
_EXPRESSION = re.compile(r"%(?:(%)|\(program_name\)s)")


@dataclass(frozen=True, slots=True)
class SupervisordLogs:
    """What one file says of logs, each in the order of the file.

    paths are as they are written, but for a program's own name, which is filled in; what is thrown away is none.
    is_auto says that some program's log gets a name from supervisord, below child_directory ("" where that is not
    said). includes are globs, relative to the folder of the file.
    """

    paths: tuple[str, ...]
    is_auto: bool
    child_directory: str
    includes: tuple[str, ...]


def find_supervisord_logs(text: str) -> SupervisordLogs:
    """Return what a configuration says of logs; what is no line of one is passed over."""
    paths: list[str] = []
    includes: list[str] = []
    child_directory, is_auto = "", False
    for section, values in _sections(text):
        if section == "supervisord":
            paths.append(values.get("logfile", ""))
            child_directory = values.get("childlogdir", "")
        elif section == "include":
            includes += values.get("files", "").split()
        elif section.startswith(_PROGRAMS):
            name = section.partition(":")[2]
            for key in _LOGS:
                value = values.get(key, "AUTO")
                is_auto = is_auto or value.upper() == "AUTO"
                paths.append("" if value.upper() in {"AUTO", "NONE"} else _expanded(value, name))
    found = tuple(dict.fromkeys(path for path in paths if path))
    return SupervisordLogs(found, is_auto, child_directory, tuple(includes))


def _expanded(value: str, program: str) -> str:
    return _EXPRESSION.sub(lambda found: "%" if found[1] else program, value)


def _sections(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    section, key = "", ""
    values: dict[str, str] = {}
    for line in text.split("\n"):
        said = _COMMENT.sub("", line, count=1).rstrip()
        if not said:
            continue
        if said[0] in " \t" and key:
            values[key] += f"\n{said.strip()}"
        elif found := _SECTION.match(said.strip()):
            yield section, values
            section, key, values = found[1].strip(), "", {}
        elif found := _PAIR.fullmatch(said.strip()):
            key = found[1].lower()
            values[key] = found[2]
    yield section, values
