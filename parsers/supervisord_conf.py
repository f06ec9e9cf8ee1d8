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
_SIGN = re.compile("[=:]")
_COMMENT = re.compile(r"(?:^|\s)[;#].*", re.DOTALL)
_PROGRAMS = ("program:", "fcgi-program:", "eventlistener:")
_LOGS = ("stdout_logfile", "stderr_logfile")
# No path of a file is longer.
_LONGEST = 4096
_EXPRESSION = re.compile(r"%(?:(%)|\(program_name\)s)")


@dataclass(frozen=True, slots=True)
class SupervisordLogs:
    """What one file says of logs, each in the order of the file.

    paths are as they are written, but for a program's own name, which is filled in; what is thrown away is none, nor is
    what is too long for one.
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
    found = tuple(dict.fromkeys(path for path in paths if 0 < len(path) <= _LONGEST))
    return SupervisordLogs(found, is_auto, child_directory, tuple(includes))


def _expanded(value: str, program: str) -> str:
    if len(value) > _LONGEST or value.count("%") * len(program) > _LONGEST:
        return ""
    return _EXPRESSION.sub(lambda found: "%" if found[1] else program, value)


def _sections(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    section, key = "", ""
    values: dict[str, list[str]] = {}
    for line in text.split("\n"):
        said = _COMMENT.sub("", line, count=1).rstrip()
        if not said:
            continue
        if said[0] in " \t" and key:
            values[key].append(said.strip())
        elif found := _SECTION.match(said.strip()):
            yield section, _joined(values)
            section, key, values = found[1].strip(), "", {}
        elif (sign := _SIGN.search(said)) and (named := said[: sign.start()].strip()):
            key = named.lower()
            values[key] = [said[sign.end() :].strip()]
    yield section, _joined(values)


def _joined(values: dict[str, list[str]]) -> dict[str, str]:
    return {key: "\n".join(lines) for key, lines in values.items()}
