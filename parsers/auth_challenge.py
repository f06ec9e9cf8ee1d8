"""`WWW-Authenticate`: how a registry asks for credentials.

    Bearer realm="https://auth.example.com/token",service="registry.example.com",scope="repository:team/app:pull"

Grammar: RFC 9110, section 11. One header may hold several challenges, told apart only by a word without `=`.
"""

import re
from dataclasses import dataclass

from parsers.errors import ParseError

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_SCHEME = re.compile(rf"(?P<scheme>{_WORD})(?: +(?P<token68>[A-Za-z0-9._~+/-]+=*)(?=\s*(?:,|$)))?")
_PARAMETER = re.compile(rf'(?P<name>{_WORD})\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>{_WORD}))')
_BETWEEN = re.compile(r"[\s,]*")
_MOST_CHARACTERS = 8192


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge: scheme in lower case, parameters in their order with lower-case names, None for a missing one."""

    scheme: str
    parameters: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        """Return the first parameter of that name, or None."""
        return next((value for key, value in self.parameters if key == name), None)


def parse_auth_challenge(text: str, *, source: str) -> tuple[Challenge, ...]:
    """Return the challenges of a header, at least one. Raises ParseError when it is no list of challenges."""
    if len(text) > _MOST_CHARACTERS:
        raise ParseError(
            f"expected at most {_MOST_CHARACTERS} characters of challenges", source=source, line=1, text=text
        )
    challenges: list[Challenge] = []
    position = _skip(text, 0)
    while position < len(text):
        found = _SCHEME.match(text, position)
        if found is None or _PARAMETER.match(text, position):
            raise ParseError("expected an authentication scheme", source=source, line=1, text=text[position:])
        parameters, position = _parameters(text, found.end())
        challenges.append(Challenge(scheme=found["scheme"].lower(), parameters=parameters))
    if not challenges:
        raise ParseError("expected an authentication challenge", source=source, line=1, text=text)
    return tuple(challenges)


def _parameters(text: str, position: int) -> tuple[tuple[tuple[str, str], ...], int]:
    parameters: list[tuple[str, str]] = []
    position = _skip(text, position)
    while found := _PARAMETER.match(text, position):
        quoted = found["quoted"]
        value = found["plain"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        parameters.append((found["name"].lower(), value))
        position = _skip(text, found.end())
    return tuple(parameters), position


def _skip(text: str, position: int) -> int:
    found = _BETWEEN.match(text, position)
    return found.end() if found else position
