"""The error document of a v2 registry.

    {"errors":[{"code":"UNAVAILABLE","message":"service unavailable",
                "detail":"health check failed: please see /debug/health"}]}

Source: distribution specification, section "Error Codes"; distribution 2.8, registry/api/errcode.
"""

import json
from dataclasses import dataclass

from parsers.errors import ParseError
from parsers.json_text import as_list, as_object, parse_json

_MOST = 20
_DETAIL_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class RegistryFault:
    """One error; code is upper case, message may be empty; detail is a text, or JSON as text, cut at 500 characters."""

    code: str
    message: str
    detail: str


def parse_registry_errors(text: str, *, source: str) -> tuple[RegistryFault, ...]:
    """Return the errors of a v2 registry's answer, at most 20. Raises ParseError when the text is no such document."""
    body = as_object(parse_json(text, source=source).value)
    listed = as_list(body.get("errors")) if body is not None else None
    if listed is None:
        raise ParseError("expected an object with a list of errors", source=source, line=1, text=text)
    faults = [fault for fault in map(_fault, listed[:_MOST]) if fault is not None]
    if listed and not faults:
        raise ParseError("expected errors with a code", source=source, line=1, text=text)
    return tuple(faults)


def _fault(value: object) -> RegistryFault | None:
    item = as_object(value)
    code = item.get("code") if item is not None else None
    if item is None or not isinstance(code, str):
        return None
    message, detail = item.get("message"), item.get("detail")
    shown = detail if isinstance(detail, str) else "" if detail is None else json.dumps(detail)
    return RegistryFault(
        code=code, message=message if isinstance(message, str) else "", detail=shown[:_DETAIL_CHARACTERS]
    )
