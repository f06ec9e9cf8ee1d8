"""What the operator asked for: the configuration file, and how to speak to a registry."""

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from regops.errors import ConfigurationError
from regops.secret import Secret


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """How to speak to a registry.

    timeout_seconds bounds a whole request, redirects and body included. Without username or token, credentials come
    from Docker's configuration file, if it knows the host. insecure accepts any certificate, for this target only.
    auth_hosts are token servers on other hosts that may see the credentials; of a body, body_limit_bytes are kept.
    """

    timeout_seconds: float = 10.0
    cacert: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    insecure: bool = False
    username: str | None = None
    password: Secret | None = None
    token: Secret | None = None
    auth_hosts: tuple[str, ...] = ()
    body_limit_bytes: int = 1 << 20


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """What is said on the command line about Swift; the rest is told by variables.

    cloud is one of clouds.yaml. cacert and insecure are as in HttpOptions, and win over variables and clouds.yaml.
    """

    cloud: str | None = None
    cacert: Path | None = None
    insecure: bool = False


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
    home = environ.get("XDG_CONFIG_HOME") or (str(Path(environ["HOME"]) / ".config") if environ.get("HOME") else None)
    candidate = Path(home) / "regops" / "config.toml" if home else None
    return candidate if candidate and _is_file(candidate) else None


def is_left_out(environ: Mapping[str, str], explicit: Path | None) -> bool:
    """Return whether there is a file in the working directory that config_path does not trust."""
    here = Path(".regops.toml")
    return not explicit and not environ.get("REGOPS_CONFIG") and os.path.lexists(here) and not _is_ours(here)


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


def option_defaults(command: Any, table: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """Return what a configuration file says about the options of a command and those below it, as Typer wants it.

    command is Typer's. A table named after a command holds for that command; any other key holds for every option of
    its name below. Raises ConfigurationError for a key that no option has.
    """
    return _spread(command, {}, table, where)[0]


def _spread(
    command: Any, inherited: Mapping[str, Any], table: Mapping[str, Any], where: str
) -> tuple[dict[str, Any], set[str]]:
    """Return the defaults of one command, and which keys some option took."""
    below: Mapping[str, Any] = getattr(command, "commands", {})
    own = {key.replace("-", "_"): value for key, value in table.items() if key not in below}
    defaults: dict[str, Any] = {}
    taken: set[str] = set()
    for name, sub in below.items():
        part: Any = table.get(name, {})
        if not isinstance(part, Mapping):
            raise ConfigurationError(f"{where} [{name}] is a command and must be a table")
        defaults[name], taken_there = _spread(
            sub, {**inherited, **own}, cast("Mapping[str, Any]", part), f"{where} [{name}]"
        )
        taken |= taken_there
    if not below:
        parameters = {parameter.name: parameter for parameter in command.params}
        # In a command's own table an option goes by its long name too, where that differs: --container of Swift's.
        long_names = {
            spelled.removeprefix("--").replace("-", "_"): parameter.name
            for parameter in command.params
            for spelled in parameter.opts
            if spelled.startswith("--")
        }
        own = {key if key in parameters else long_names.get(key, key): value for key, value in own.items()}
        taken = set(parameters)
        for key, value in {**inherited, **own}.items():
            if key in parameters:
                several = parameters[key].nargs == -1 or getattr(parameters[key], "multiple", False)
                defaults[key] = [value] if several and not isinstance(value, list) else value
    unknown = sorted(set(own) - taken)
    if unknown:
        raise ConfigurationError(
            f"{where} no option is called {', '.join(unknown)}", hint="`regops COMMAND --help` lists the options"
        )
    return defaults, taken


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False  # HOME is another user's, as under sudo


def _is_ours(path: Path) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    shared = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not shared
