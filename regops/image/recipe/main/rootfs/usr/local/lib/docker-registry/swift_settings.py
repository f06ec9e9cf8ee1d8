"""Where the objects are, and who we are there, from the names OpenStack's own clients use.

OS_AUTH_URL          Swift's v1 (http://swift.example:8080/auth/v1.0), or Keystone's, version 2.0 or 3
OS_IDENTITY_API_VERSION  2 or 3, for an address that names no version; 3 when not set
OS_USERNAME, OS_PASSWORD, OS_CONTAINER
OS_TENANT_NAME or OS_PROJECT_NAME, or OS_TENANT_ID or OS_PROJECT_ID     with Keystone
OS_USER_DOMAIN_NAME or _ID, OS_PROJECT_DOMAIN_NAME or _ID               with Keystone 3; its domain `default` else
OS_REGION_NAME       with Keystone: one of several regions; the first in the catalog when not set
OS_INTERFACE         with Keystone: public (as when not set), internal or admin
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from settings_error import SettingsError, http_address, printable

_NEEDED = ("OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD", "OS_CONTAINER")
_PATHS = {
    1: re.compile(r"/(?:auth/)?v1(?:\.0)?/?"),
    2: re.compile(r"(?:/[^/]+)*/v2\.0/?"),
    3: re.compile(r"(?:/[^/]+)*/v3/?"),
}
_BARE = re.compile(r"/?|(?:/[^/]+)*/(?:identity|keystone)/?")
_INTERFACES = ("public", "internal", "admin")
_EXAMPLE = "http://HOST:PORT/auth/v1.0 or https://HOST:5000/v3"


@dataclass(frozen=True)
class Named:
    """Something of Keystone's, by its name or by its id; both "" for nothing."""

    name: str = ""
    id: str = ""

    def __bool__(self) -> bool:
        return bool(self.name or self.id)


@dataclass(frozen=True)
class Swift:
    """One Swift container, and how to get there; version is the authentication's: 1, 2 or 3."""

    auth_url: str
    version: int
    username: str
    password: str
    container: str
    project: Named = Named()
    user_domain: Named = Named()
    project_domain: Named = Named()
    region: str = ""
    interface: str = "public"


def read_swift(environ: Mapping[str, str], flavor: str) -> Swift:
    """Return what the environment says of Swift. Raises SettingsError."""
    told = {name: value for name, value in environ.items() if name.startswith("OS_") and value}
    missing = [name for name in _NEEDED if name not in told]
    if missing:
        raise SettingsError(f"the flavor {flavor} stores in Swift and needs {', '.join(missing)}, not set")
    for name, value in told.items():
        printable(name, value)
    auth_url, version = _address(told)
    if "/" in told["OS_CONTAINER"] or len(told["OS_CONTAINER"].encode()) > 256:
        raise SettingsError("OS_CONTAINER cannot be a Swift container: at most 256 bytes, no slash")
    if version == 1:
        return Swift(auth_url, version, told["OS_USERNAME"], told["OS_PASSWORD"], told["OS_CONTAINER"])
    project = _named(told, "OS_PROJECT", "OS_TENANT")
    if not project:
        raise SettingsError("Keystone needs OS_TENANT_NAME or OS_PROJECT_NAME, not set")
    interface = told.get("OS_INTERFACE", "public").removesuffix("URL")
    if interface not in _INTERFACES:
        raise SettingsError(f"OS_INTERFACE must be one of {', '.join(_INTERFACES)}")
    domains = (Named(), Named())
    if version == 3:
        user_domain = _named(told, "OS_USER_DOMAIN") or Named(id="default")
        # As OpenStack's own clients: a project told by its id needs no domain.
        domains = (user_domain, _named(told, "OS_PROJECT_DOMAIN") or (Named() if project.id else user_domain))
    return Swift(
        auth_url,
        version,
        told["OS_USERNAME"],
        told["OS_PASSWORD"],
        told["OS_CONTAINER"],
        project,
        *domains,
        told.get("OS_REGION_NAME", ""),
        interface,
    )


def _address(told: Mapping[str, str]) -> tuple[str, int]:
    auth_url = http_address("OS_AUTH_URL", told["OS_AUTH_URL"], _EXAMPLE)
    path = urlsplit(auth_url).path
    for version, pattern in _PATHS.items():
        if pattern.fullmatch(path):
            return auth_url.rstrip("/"), version
    wanted = told.get("OS_IDENTITY_API_VERSION", "3").removesuffix(".0")
    if not _BARE.fullmatch(path) or wanted not in ("2", "3"):
        raise SettingsError(
            f"OS_AUTH_URL is {auth_url}, which is neither Swift's v1 nor Keystone's 2.0 or 3 ({_EXAMPLE})"
        )
    return f"{auth_url.rstrip('/')}/{'v3' if wanted == '3' else 'v2.0'}", int(wanted)


def _named(told: Mapping[str, str], *prefixes: str) -> Named:
    """Return what is told by its id, else by its name, under the first prefix that has it."""
    for prefix in prefixes:
        if found := told.get(f"{prefix}_ID"):
            return Named(id=found)
    return Named(name=next((told[f"{prefix}_NAME"] for prefix in prefixes if f"{prefix}_NAME" in told), ""))


def swift_from(document: Mapping[str, Any]) -> Swift:
    """Return what dataclasses.asdict made a document of."""
    named = {key: Named(**document[key]) for key in ("project", "user_domain", "project_domain")}
    return Swift(**{**document, **named})
