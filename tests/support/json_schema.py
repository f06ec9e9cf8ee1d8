"""The published schema of regops' JSON, and documents held against it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/reference/schema.json").read_text())
_DOCUMENT = Draft202012Validator(SCHEMA)


def check_document(document: Any) -> None:
    """Raise ValidationError for what is no document."""
    _DOCUMENT.validate(document)


def check_line(line: Any, name: str) -> None:
    """Raise ValidationError for what is not the object of a stream that has this name under $defs."""
    Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]}).validate(line)


def checked(make: Callable[..., str]) -> Callable[..., str]:
    """Return what makes a document, which then also checks it."""

    def made(*arguments: Any, **options: Any) -> str:
        text = make(*arguments, **options)
        check_document(json.loads(text))
        return text

    return made
