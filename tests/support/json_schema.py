"""The published schema of regops' JSON, and documents held against it."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/reference/schema.json").read_text())


@cache
def _validator(name: str) -> Any:
    # Loaded when it is needed: what is in memory here counts as the memory of the programs that benchmarks start.
    from jsonschema import Draft202012Validator

    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]} if name else SCHEMA)


def check_document(document: Any) -> None:
    """Raise ValidationError for what is no document."""
    _validator("").validate(document)


def check_line(line: Any, name: str) -> None:
    """Raise ValidationError for what is not the object of a stream that has this name under $defs."""
    _validator(name).validate(line)


def checked(make: Callable[..., str]) -> Callable[..., str]:
    """Return what makes a document, which then also checks it."""

    def made(*arguments: Any, **options: Any) -> str:
        text = make(*arguments, **options)
        check_document(json.loads(text))
        return text

    return made
