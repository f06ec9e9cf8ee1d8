"""A file that records the versions of an image's packages, so that a later build can demand the same."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from regops.errors import ConfigurationError
from regops.image.recipes import SUITE

_FORMAT = 1


def read_lock(path: Path) -> dict[str, str] | None:
    """Return the versions that a file records, by package; None where there is no file.

    Raises ConfigurationError for a file that is no such record, or of another suite.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        recorded: dict[str, str] = {str(name): str(version) for name, version in found["packages"].items()}
        origin = (found["format"], found["suite"])
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{path} is no record of package versions: {error}") from error
    if origin != (_FORMAT, SUITE):
        raise ConfigurationError(f"{path} is of format {origin[0]} and suite {origin[1]}; this is {_FORMAT}, {SUITE}")
    return recorded


def lock_text(versions: Mapping[str, str]) -> str:
    """Return the text of such a file."""
    document = {"format": _FORMAT, "suite": SUITE, "packages": dict(sorted(versions.items()))}
    return json.dumps(document, indent=2) + "\n"
