"""Docker's `config.json`: which credentials it holds, or which helper program does.

    {"auths": {"registry.example.com": {"auth": "dXNlcjpwYXNz"}}, "credHelpers": {"other.example": "pass"}}

Source: docker/cli, cli/config/configfile/file.go and cli/config/types/authconfig.go.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

from parsers.errors import ParseError
from parsers.json_text import as_object, parse_json


@dataclass(frozen=True, slots=True)
class DockerAuth:
    """The credentials for one registry; empty where there are none. identity_token stands in for a password."""

    username: str
    password: str = field(repr=False)
    identity_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DockerConfig:
    """What the file says about credentials: by host name, and by the name of a helper program."""

    auths: Mapping[str, DockerAuth]
    helpers: Mapping[str, str]
    store: str | None

    def helper(self, host: str) -> str | None:
        """Return the helper that keeps the credentials for a host, None when the file itself does."""
        return self.helpers.get(host) or self.store


def parse_docker_config(text: str, *, source: str) -> DockerConfig:
    """Return what the file says; entries of a wrong shape are left out. Raises ParseError when it is no JSON object.

    The error's text is empty: the file holds passwords.
    """
    try:
        body = as_object(parse_json(text, source=source).value)
    except ParseError as error:
        raise ParseError(error.reason, source=source, line=error.line, text="") from None
    if body is None:
        raise ParseError("expected an object", source=source, line=1, text="")
    auths = {_host(key): _auth(value) for key, value in (as_object(body.get("auths")) or {}).items()}
    helpers = as_object(body.get("credHelpers")) or {}
    store = body.get("credsStore")
    return DockerConfig(
        auths={host: auth for host, auth in auths.items() if auth is not None},
        helpers={_host(key): value for key, value in helpers.items() if isinstance(value, str) and value},
        store=store if isinstance(store, str) and store else None,
    )


def _host(key: str) -> str:
    """Return `host[:port]` of a key, which may be a whole address: `https://index.docker.io/v1/`."""
    return key.partition("://")[2].partition("/")[0] if "://" in key else key.partition("/")[0]


def _auth(value: object) -> DockerAuth | None:
    entry = as_object(value)
    if entry is None:
        return None
    username, password = _text(entry, "username"), _text(entry, "password")
    packed = _text(entry, "auth")
    if packed:
        try:
            username, _, password = base64.b64decode(packed, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
    token = _text(entry, "identitytoken")
    # Docker pads the password of old files with NUL bytes.
    password = password.rstrip("\x00")
    return DockerAuth(username=username, password=password, identity_token=token) if password or token else None


def _text(entry: Mapping[str, object], name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""
