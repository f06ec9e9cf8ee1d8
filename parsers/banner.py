r"""The greeting of the classic registry on `/`, and its answer on `/_ping`.

    "docker-registry server (qa) (v0.8.1)"

Source: docker-registry, docker_registry/app.py. 0.6 to 0.8 name flavor and version; 0.9 greets with a sentence of its
configuration, `"\"docker-registry server\""` as it comes. `/_ping` is `true`, from 0.9 on `{}` or an object.
"""

import re
from dataclasses import dataclass

from parsers.errors import ParseError
from parsers.json_text import parse_json

_GREETING = re.compile(
    r"docker-registry server(?: \((?P<flavor>[^()]{1,80})\))?(?: \(v(?P<version>[^()]{1,40})\))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Banner:
    """The greeting; flavor and version are None where it names none."""

    flavor: str | None
    version: str | None


def parse_banner(text: str, *, source: str) -> Banner:
    """Return the greeting. Raises ParseError when the text is not one."""
    value = parse_json(text, source=source).value
    greeting = value.strip('"') if isinstance(value, str) else ""
    found = _GREETING.fullmatch(greeting)
    if found is None:
        raise ParseError("expected the registry's greeting", source=source, line=1, text=text)
    return Banner(flavor=found["flavor"], version=found["version"])


def is_ping_answer(text: str) -> bool:
    """Return whether the text is what a classic registry answers on `/_ping`."""
    try:
        value = parse_json(text, source="_ping").value
    except ParseError:
        return False
    return value is True or isinstance(value, dict)
