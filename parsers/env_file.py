"""A file of environment variables, as `docker run --env-file` takes them.

    # the store
    SETTINGS_FLAVOR=qa
    OS_AUTH_URL=http://swift.example:8080/auth/v1.0
    OS_PASSWORD

A name without a value takes it from the environment; it may also be a value that was pasted without its name, so no
message quotes it. Everything after the `=` is the value, blanks and quotes and `#` included. Source: docker's
reference, `docker run --env-file`; docker/cli, opts/file.go.
"""

import re
from dataclasses import dataclass

from parsers.errors import ParseError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Variable:
    """What a file says of one name: its value, None for one without, and on which line, from 1."""

    value: str | None
    line: int


def parse_env_file(text: str, *, source: str) -> dict[str, Variable]:
    """Return the variables by their names; the last of equal names counts.

    Raises ParseError, which quotes nothing of the line, for a line that is none, and for two that docker would take and
    nobody means: a shell's `export`, and a value in quotes, which would become part of it.
    """
    found: dict[str, Variable] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        entry = line.removesuffix("\r").lstrip(" \t")
        if not entry or entry.startswith("#"):
            continue
        name, equals, value = entry.partition("=")
        if name.startswith("export "):
            raise ParseError("this is a shell's; an env file has NAME=VALUE alone", source=source, line=number, text="")
        if not _NAME.fullmatch(name if equals else name.rstrip()):
            raise ParseError("expected NAME=VALUE", source=source, line=number, text="")
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            raise ParseError(
                "the value is in quotes, which would become part of it", source=source, line=number, text=""
            )
        if "\0" in value:
            raise ParseError("the value holds a NUL", source=source, line=number, text="")
        found[name if equals else name.rstrip()] = Variable(value if equals else None, number)
    return found
