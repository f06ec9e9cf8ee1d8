"""Credentials from where Docker keeps them: its configuration file, or the helper programs that the file names."""

import os
import re
import selectors
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from parsers.docker_config import DockerAuth, DockerConfig, parse_docker_config
from parsers.errors import ParseError
from parsers.json_text import as_object, parse_json
from regops.errors import ConfigurationError
from regops.secret import Secret

_LIMIT_BYTES = 1 << 20
_HELPER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# What a helper needs to find its store; ours and OpenStack's secrets are none of its business.
_HELPER_ENVIRONMENT = re.compile(
    r"PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TMPDIR|TERM|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|XDG_\w+|DBUS_SESSION_BUS_ADDRESS"
    r"|GNUPGHOME|GPG_TTY|PASSWORD_STORE_\w+|DOCKER_CONFIG|(?:AWS|GOOGLE|CLOUDSDK|AZURE)_\w+|(?:HTTPS?|NO)_PROXY",
    re.IGNORECASE,
)
_INSTEAD_OF_A_USER = "<token>"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and a password, or an identity token in the password's place.

    source says in words where they come from; by_hand that the operator gave them for this very registry, now.
    """

    username: str
    password: Secret
    source: str
    is_identity_token: bool = False
    by_hand: bool = False


def docker_credentials(
    names: tuple[str, ...], environ: Mapping[str, str], *, timeout_seconds: float
) -> Credentials | None:
    """Return what Docker knows for the first of some names of a registry (`host:port`, `host`), None when nothing.

    Raises ConfigurationError when the file cannot be read or its helper fails.
    """
    path = _config_path(environ)
    config = _load(path)
    if config is None:
        return None
    for name in names:
        helper = config.helper(name)
        found = _ask_helper(helper, name, environ, timeout_seconds) if helper else None
        found = found or _from_file(config.auths.get(name), path)
        if found:
            return found
    return None


def _config_path(environ: Mapping[str, str]) -> Path:
    folder = environ.get("DOCKER_CONFIG")
    return Path(folder) / "config.json" if folder else Path(environ.get("HOME", "/")) / ".docker" / "config.json"


def _load(path: Path) -> DockerConfig | None:
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            raw = file.read(_LIMIT_BYTES)
    except OSError as error:
        said = f"cannot read Docker's configuration {path}: {error.strerror}"
        raise ConfigurationError(said, hint="set DOCKER_CONFIG to the folder that holds config.json") from error
    try:
        return parse_docker_config(raw.decode("utf-8", "backslashreplace"), source=str(path))
    except ParseError as error:
        said = f"Docker's configuration {path} cannot be used: {error.reason}"
        raise ConfigurationError(said, hint=f"see its line {error.line}") from error


def _from_file(found: DockerAuth | None, path: Path) -> Credentials | None:
    if found is None:
        return None
    if found.identity_token:
        return Credentials(found.username, Secret(found.identity_token), str(path), is_identity_token=True)
    return Credentials(found.username, Secret(found.password), str(path))


def _ask_helper(helper: str, name: str, environ: Mapping[str, str], timeout_seconds: float) -> Credentials | None:
    """Run `docker-credential-HELPER get`: the name on its stdin, JSON on its stdout.

    Source: docker/docker-credential-helpers, client and credentials packages. A helper that knows no such registry
    says so on stdout and exits with 1.
    """
    program = f"docker-credential-{helper}"
    hint = f"try `echo {name} | {program} get`"
    if not _HELPER_NAME.fullmatch(helper):
        raise ConfigurationError(f"Docker's configuration names a helper {helper!r}, which is no program's name")
    kept = {key: value for key, value in environ.items() if _HELPER_ENVIRONMENT.fullmatch(key)}
    try:
        # stderr goes nowhere: helpers put all they have to say on stdout, and what they quote there may be secret.
        process = subprocess.Popen(
            [program, "get"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=kept,
        )
    except FileNotFoundError as error:
        raise ConfigurationError(f"Docker's credential helper {program} is not on the PATH", hint=hint) from error
    except OSError as error:
        raise ConfigurationError(f"cannot run {program}: {error.strerror}", hint=hint) from error
    deadline = time.monotonic() + timeout_seconds
    with process:
        try:
            text = _converse(process, name, deadline).decode("utf-8", "backslashreplace")
            status = process.wait(max(0.0, deadline - time.monotonic()))
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            said = f"Docker's credential helper {program} did not finish within {timeout_seconds:.1f} s"
            raise ConfigurationError(said, hint=hint) from error
        finally:
            process.kill()
    if status == 0:
        return _read_answer(text, program, hint)
    if "credentials not found" in text:
        return None
    raise ConfigurationError(f"{program} ended with status {status}: {text.strip()[:200]}", hint=hint)


def _converse(process: subprocess.Popen[bytes], name: str, deadline: float) -> bytes:
    """Give the helper the name, and return what it writes, at most 1 MiB. Raises TimeoutError at the deadline."""
    if process.stdin is None or process.stdout is None:
        raise TypeError("the process was started without pipes")
    try:
        process.stdin.write(name.encode())
        process.stdin.close()
    except BrokenPipeError:
        pass  # it does not read; what it writes decides
    written = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while len(written) < _LIMIT_BYTES:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            chunk = os.read(process.stdout.fileno(), 65536)
            if not chunk:
                break
            written += chunk
    return written


def _read_answer(text: str, program: str, hint: str) -> Credentials | None:
    try:
        answer = as_object(parse_json(text, source=program).value) or {}
    except ParseError as error:
        raise ConfigurationError(f"{program} answered with something else than JSON", hint=hint) from error
    user, secret = answer.get("Username"), answer.get("Secret")
    if not isinstance(user, str) or not isinstance(secret, str) or not secret:
        return None
    return Credentials(user, Secret(secret), program, is_identity_token=user == _INSTEAD_OF_A_USER)
