"""The versioned JSON document: the same envelope around every command's answer, and around its failure."""

import dataclasses
import ipaddress
import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import Enum
from pathlib import PurePath
from typing import Any, cast

from regops import __version__
from regops.errors import RegopsError
from regops.model.answer import Answer, PartFailure, Target, part_failures
from regops.secret import Secret

SCHEMA_VERSION = 1
_SECONDS = "_seconds"


def answer_document(answer: Answer, *, command: str, now: float) -> str:
    """Return the document of an answer and of what failed in it, one indented JSON object and a newline."""
    data = plain(answer)
    errors = [_error(one) for one in part_failures(answer)]
    target = data.pop("target", None) or plain(answer.target)
    return _document(command, now, target=target, exit_status=int(answer.exit_status), data=data, errors=errors)


def error_document(error: RegopsError, *, command: str, now: float, target: Target | None = None) -> str:
    """Return the document of a failure: no data, one error with its kind, message and hint, and the target if known."""
    known = plain(target) if target and target != Target() else None
    return _document(command, now, target=known, exit_status=int(error.exit_status), data=None, errors=[_error(error)])


def json_line(value: Any) -> str:
    """Return one compact JSON object on one line, for streams (`logs -f`, `--watch`)."""
    return json.dumps(plain(value), separators=(",", ":"), allow_nan=False)


def plain(value: Any) -> Any:
    """Return dataclasses, enums, dates, paths and addresses as what JSON knows.

    A field whose name ends in `_seconds` becomes milliseconds under `_ms`; NaN and infinities become null. Text is
    kept as it is: the encoder escapes everything that is not ASCII.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dict(_field(field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
    if isinstance(value, Mapping):
        pairs = cast("dict[Any, Any]", value)
        return dict(_field(str(key), item) for key, item in pairs.items())
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        items = cast("Iterable[Any]", value)
        return [plain(item) for item in items]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, PurePath | Secret | ipaddress.IPv4Address | ipaddress.IPv6Address):
        return str(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")


def _error(error: RegopsError | PartFailure) -> dict[str, str | None]:
    return {"kind": error.kind, "message": error.message, "hint": error.hint or None}


def _field(name: str, value: Any) -> tuple[str, Any]:
    if name.endswith(_SECONDS) and (value is None or isinstance(value, int | float)):
        return f"{name.removesuffix(_SECONDS)}_ms", None if value is None else round(value * 1000, 3)
    return name, plain(value)


def _document(command: str, now: float, *, target: Any, exit_status: int, data: Any, errors: list[Any]) -> str:
    document = {
        "schema_version": SCHEMA_VERSION,
        "tool": "regops",
        "version": __version__,
        "command": command,
        "generated_at": datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "target": target,
        "ok": exit_status == 0,
        "exit_code": exit_status,
        "data": data,
        "errors": errors,
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"
