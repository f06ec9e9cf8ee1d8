"""Makes the JSON Schema of what `--output json` prints, from the dataclasses that are printed."""

import dataclasses
import types
import typing
from datetime import datetime
from enum import Enum
from pathlib import PurePath
from typing import Any

from parsers.log_record import HttpRequest
from parsers.registry_request import Operation
from regops.errors import RegopsError
from regops.model.answer import Target
from regops.model.built_image import Images, PushedImage, SavedTarballs
from regops.model.instance import Instances
from regops.model.lab import Lab, LabRemoved
from regops.model.load import Loaded
from regops.model.log_source import LogSources
from regops.model.nginx_status import NginxSample, NginxStatus
from regops.model.probe import PingAnswer
from regops.model.search import Search
from regops.model.start import Started
from regops.model.status import RegistryHealth
from regops.model.tarball import Downloads, Tarballs
from regops.model.traffic_report import TrafficReport
from regops.model.upload import Uploaded
from regops.model.verification import Verifications
from regops.render.json import SCHEMA_VERSION

ANSWERS: dict[str, type] = {
    "ping": PingAnswer,
    "status": RegistryHealth,
    "nginx-status": NginxStatus,
    "ps": Instances,
    "logs": LogSources,
    "traffic": TrafficReport,
    "search": Search,
    "bootstrap list": Tarballs,
    "bootstrap download": Downloads,
    "bootstrap verify": Verifications,
    "bootstrap load": Loaded,
    "bootstrap start": Started,
    "bootstrap upload": Uploaded,
    "image build": Images,
    "image list": Images,
    "image save": SavedTarballs,
    "image push": PushedImage,
    "lab up": Lab,
    "lab status": Lab,
    "lab down": LabRemoved,
}
"""What each command answers."""

_NULL = {"type": "null"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_PLAIN: dict[type, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": ["number", "null"], "description": "null where it is no number"},
    datetime: {"type": "string", "format": "date-time"},
}


def schema() -> dict[str, Any]:
    """Return the schema: of a document, and under $defs of the objects that streams print, a line each."""
    definitions: dict[str, Any] = {}
    envelope = {
        "schema_version": {"const": SCHEMA_VERSION},
        "tool": {"const": "regops"},
        "version": {"type": "string"},
        "command": {"type": "string"},
        "generated_at": {"type": "string", "format": "date-time"},
        "target": _either(_NULL, _of(Target, definitions)),
        "ok": {"type": "boolean"},
        "exit_code": {"type": "integer"},
        "data": {
            "type": ["object", "null"],
            "description": "null when there is no answer; then errors says why, and else what failed in it",
        },
        "errors": {"type": "array", "items": _error()},
    }
    answers = [
        {
            "if": {"properties": {"command": {"const": command}}},
            "then": {"properties": {"data": _either(_NULL, _of(answer, definitions, without="target"))}},
        }
        for command, answer in ANSWERS.items()
    ]
    _of(NginxSample, definitions)
    definitions["LogRecord"] = _log_record(definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What regops prints with --output json",
        **_object(envelope),
        "allOf": answers,
        "$defs": dict(sorted(definitions.items())),
    }


def _of(kind: Any, definitions: dict[str, Any], *, without: str = "") -> dict[str, Any]:
    """Return the schema of a type as regops.render.json.plain prints it; dataclasses go to definitions."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind is type(None):
        return _NULL
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in {types.UnionType, typing.Union}:
        return _either(*(_of(one, definitions) for one in arguments))
    if origin is tuple and arguments[-1] is not Ellipsis:
        items = [_of(one, definitions) for one in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if origin is tuple:
        return {"type": "array", "items": _of(arguments[0], definitions)}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    if isinstance(kind, type) and issubclass(kind, PurePath):
        return _PLAIN[str]
    if not dataclasses.is_dataclass(kind):
        raise TypeError(f"no JSON form for {kind}")
    name = kind.__name__
    known = definitions.get(name)
    if known is None:
        definitions[name] = {}  # for those that hold themselves
        hints = typing.get_type_hints(kind)
        fields = [field.name for field in dataclasses.fields(kind) if field.name != without]
        definitions[name] = {
            "description": f"{kind.__module__}.{name}",
            **_object(dict(_field(field, _of(hints[field], definitions)) for field in fields)),
        }
    elif known and known["description"] != f"{kind.__module__}.{name}":
        raise TypeError(f"two kinds of {name}: {known['description']} and {kind.__module__}")
    return {"$ref": f"#/$defs/{name}"}


def _field(name: str, kind: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a field as JSON has it: seconds become milliseconds."""
    is_duration = name.endswith("_seconds") and "$ref" not in kind
    return (f"{name.removesuffix('_seconds')}_ms", kind) if is_duration else (name, kind)


def _either(*kinds: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of what is one of several."""
    simple = [kind["type"] for kind in kinds if set(kind) == {"type"} and isinstance(kind["type"], str)]
    return {"type": simple} if len(simple) == len(kinds) else {"anyOf": list(kinds)}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object that has all of these; fields may be added within a schema version."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _error() -> dict[str, Any]:
    kinds = sorted({kind.kind for kind in _below(RegopsError)})
    return _object({"kind": {"enum": kinds}, "message": {"type": "string"}, "hint": _TEXT_OR_NULL})


def _below(kind: type[RegopsError]) -> list[type[RegopsError]]:
    return [kind, *(found for child in kind.__subclasses__() for found in _below(child))]


def _log_record(definitions: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(HttpRequest)
    request = {field: _of(hints[field], definitions) for field in HttpRequest._fields}
    request |= {
        "repository": _TEXT_OR_NULL,
        "kind": _either(_NULL, {"enum": [operation.value for operation in Operation]}),
    }
    return {
        "description": "a line of `regops logs CONTAINER --output json`",
        **_object(
            {
                "time": _TEXT_OR_NULL,
                "at": _TEXT_OR_NULL,
                "source": {"type": "string"},
                "level": _TEXT_OR_NULL,
                "text": {"type": "string"},
                "message": _TEXT_OR_NULL,
                "request": _either(_NULL, _object(request)),
                "fields": {"type": "object"},
                "unread": _TEXT_OR_NULL,
                "continued": {"type": "boolean"},
                "cut_bytes": {"type": "integer"},
            }
        ),
    }
