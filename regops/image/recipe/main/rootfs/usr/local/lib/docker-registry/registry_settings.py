"""What the container was told to be, and the configuration files that follow from it. Nothing is read or written here.

SETTINGS_FLAVOR  qa      objects in Swift, no redis
                 local   files under /var/lib/docker-registry, no redis
                 devel   redis as a cache; objects in Swift when OS_AUTH_URL is set, in files otherwise
OS_AUTH_URL      Swift's v1 address: http://swift.example:8080/auth/v1.0
OS_USERNAME, OS_PASSWORD, OS_CONTAINER
HTTP_SECRET      the same on every registry that serves one store; made up at each start when not set
TLS_NAMES        host names and addresses for the certificate made at start, separated by commas
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

FLAVORS = ("devel", "local", "qa")
FILES = "/var/lib/docker-registry"
REDIS = "127.0.0.1:6379"
_SWIFT = ("OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD", "OS_CONTAINER")
_V1 = re.compile(r"/(?:auth/)?v1(?:\.0)?/?")
_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?")


class SettingsError(Exception):
    """A setting this image cannot start with; the text is one line and quotes no secret."""


@dataclass(frozen=True)
class Swift:
    """Where the objects are, and who we are there."""

    auth_url: str
    username: str
    password: str
    container: str


@dataclass(frozen=True)
class Settings:
    """A registry's settings: swift is None for one that keeps files; redis says whether it has a cache."""

    flavor: str
    version: str
    swift: Swift | None
    redis: bool
    http_secret: str


def read_settings(environ: Mapping[str, str], *, version: str, has_redis: bool, http_secret: str) -> Settings:
    """Return what the environment asks for; http_secret is used when it names none.

    Raises SettingsError.
    """
    flavor = environ.get("SETTINGS_FLAVOR", "")
    if flavor not in FLAVORS:
        raise SettingsError(f"SETTINGS_FLAVOR is {flavor!r}; it must be one of {', '.join(FLAVORS)}")
    if flavor == "devel" and not has_redis:
        raise SettingsError("SETTINGS_FLAVOR is devel, and this image has no redis; use the development image")
    in_swift = flavor == "qa" or (flavor == "devel" and bool(environ.get("OS_AUTH_URL")))
    return Settings(
        flavor=flavor,
        version=version,
        swift=_swift(environ, flavor) if in_swift else None,
        redis=flavor == "devel",
        http_secret=environ.get("HTTP_SECRET") or http_secret,
    )


def _swift(environ: Mapping[str, str], flavor: str) -> Swift:
    missing = [name for name in _SWIFT if not environ.get(name)]
    if missing:
        raise SettingsError(f"the flavor {flavor} stores in Swift and needs {', '.join(missing)}, not set")
    for name in _SWIFT:
        if not environ[name].isprintable():
            raise SettingsError(f"{name} holds a character that cannot be printed")
    auth_url, container = environ["OS_AUTH_URL"], environ["OS_CONTAINER"]
    try:
        parts = urlsplit(auth_url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        raise SettingsError("OS_AUTH_URL is no address (http://HOST:PORT/auth/v1.0)") from None
    if not usable or "@" in parts.netloc:
        raise SettingsError("OS_AUTH_URL is no address without credentials (http://HOST:PORT/auth/v1.0)")
    if not _V1.fullmatch(parts.path) or parts.query or parts.fragment:
        raise SettingsError(f"OS_AUTH_URL is {auth_url}; this image speaks Swift's v1 only (…/auth/v1.0)")
    if "/" in container or len(container.encode()) > 256:
        raise SettingsError("OS_CONTAINER cannot be a Swift container: at most 256 bytes, no slash")
    return Swift(auth_url, environ["OS_USERNAME"], environ["OS_PASSWORD"], container)


def registry_config(settings: Settings) -> dict[str, Any]:
    """Return the registry's configuration; as JSON it is YAML too, with no quoting to get wrong.

    Main images have no cache of blob descriptors: one that outlives a deletion makes a later push lose layers.
    """
    storage: dict[str, Any] = {
        "delete": {"enabled": True},
        # A redirect would lead clients to Swift itself, round nginx and TLS.
        "redirect": {"disable": True},
    }
    if settings.swift:
        storage["swift"] = {
            "authurl": settings.swift.auth_url,
            "username": settings.swift.username,
            "password": settings.swift.password,
            "container": settings.swift.container,
            "authversion": 1,
        }
    else:
        storage["filesystem"] = {"rootdirectory": FILES}
    config: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "info", "fields": {"service": "registry"}},
        "storage": storage,
        "http": {
            "addr": "127.0.0.1:5000",
            "relativeurls": True,
            "secret": settings.http_secret,
            "headers": {"X-Content-Type-Options": ["nosniff"], "X-Docker-Registry-Config": [settings.flavor]},
            # It shows profiles and counters to whoever asks: never on another address.
            "debug": {"addr": "127.0.0.1:5001", "prometheus": {"enabled": True, "path": "/metrics"}},
        },
        "health": {"storagedriver": {"enabled": True, "interval": "10s", "threshold": 3}},
    }
    if settings.redis:
        storage["cache"] = {"blobdescriptor": "redis"}
        config["redis"] = {"addr": REDIS, "dialtimeout": "1s", "readtimeout": "1s", "writetimeout": "1s"}
    return config


def status_config(settings: Settings) -> dict[str, Any]:
    """Return what the status service needs to know."""
    swift = settings.swift
    return {
        "flavor": settings.flavor,
        "version": settings.version,
        "redis": REDIS if settings.redis else None,
        "files": None if swift else FILES,
        "swift": swift
        and {
            "auth_url": swift.auth_url,
            "username": swift.username,
            "password": swift.password,
            "container": swift.container,
        },
    }


def alternative_names(environ: Mapping[str, str], *, hostname: str, address: str | None) -> str:
    """Return the certificate's subjectAltName: this machine, the loopback, and TLS_NAMES.

    Raises SettingsError for a name no certificate can carry.
    """
    asked = [name.strip() for name in environ.get("TLS_NAMES", "").split(",") if name.strip()]
    names = [*asked, hostname, "localhost", "127.0.0.1", "::1", *([address] if address else [])]
    return ",".join(dict.fromkeys(_alternative_name(name) for name in names))


def _alternative_name(name: str) -> str:
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        pass
    if not _HOST_NAME.fullmatch(name):
        raise SettingsError(f"TLS_NAMES: {name!r} is neither a host name nor an address")
    return f"DNS:{name}"
