"""What the operator asked for: the configuration file, and how to speak to a registry."""

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regops.errors import ConfigurationError
from regops.secret import Secret


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """How to speak to a registry.

    timeout_seconds bounds a whole request, redirects and body included. Without username or token, credentials come
    from Docker's configuration file, if it knows the host. insecure accepts any certificate, for this target only.
    """

    timeout_seconds: float = 10.0
    cacert: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    insecure: bool = False
    username: str | None = None
    password: Secret | None = None
    token: Secret | None = None


def config_path(environ: Mapping[str, str], explicit: Path | None) -> Path | None:
    """Return the configuration file to read: the option, REGOPS_CONFIG, ./.regops.toml, then XDG's; None if none is.

    A file that was named must exist. The one in the working directory counts only when it belongs to this user and
    nobody else may write to it, for regops runs as root in directories of other people.
    """
    named = explicit or (Path(environ["REGOPS_CONFIG"]) if environ.get("REGOPS_CONFIG") else None)
    if named:
        return named
    here = Path(".regops.toml")
    if _is_ours(here):
        return here
    home = environ.get("XDG_CONFIG_HOME") or (
        str(Path(environ["HOME"]) / ".config") if environ.get("HOME") else None
    )
    candidate = Path(home) / "regops" / "config.toml" if home else None
    return candidate if candidate and candidate.is_file() else None


def load_config(path: Path | None) -> dict[str, Any]:
    """Return the tables of a configuration file, {} for None.

    Raises ConfigurationError, naming the file, when it cannot be read or is not TOML.
    """
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"cannot read the configuration file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the configuration file {path} is not TOML: {error}") from error


def _is_ours(path: Path) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    shared = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not shared
