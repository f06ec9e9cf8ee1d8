"""A v2 registry's `/debug/health`: the checks that fail, with the reason of each.

    {"storagedriver_swift":"swift: Authorization Failed"}

`{}` means that nothing fails, not that everything was looked at: the storage check only reads, and needs some rounds.
Source: distribution 2.8, health/health.go.
"""

from dataclasses import dataclass

from parsers.errors import ParseError
from parsers.json_text import as_object, parse_json

_MOST = 100


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """One check that fails: `storagedriver_swift`, and why."""

    name: str
    reason: str


def parse_debug_health(text: str, *, source: str) -> tuple[FailedCheck, ...]:
    """Return the failing checks, at most 100. Raises ParseError when the text is no object of texts."""
    checks = as_object(parse_json(text, source=source).value)
    if checks is None or not all(isinstance(reason, str) for reason in checks.values()):
        raise ParseError("expected an object of check names and reasons", source=source, line=1, text=text)
    return tuple(FailedCheck(name=name, reason=str(reason)) for name, reason in list(checks.items())[:_MOST])
