"""What the container was told to be: its environment, read and judged. Nothing else is read here, nothing written.

SETTINGS_FLAVOR  prod, qa  objects in Swift, an index where INDEX_URL names one, no redis
                 qa-noes   as qa, with no index
                 local     files under /var/lib/docker-registry, no index, no redis
                 devel     as qa, with redis as a cache, for one instance alone; files when OS_AUTH_URL is not set
OS_*             Swift: see swift_settings
INDEX_URL        the index's address: https://index.example:9200; INDEX_USERNAME, INDEX_PASSWORD where it asks for them
INDEX_NAME       what the index is called there, `docker-registry` when not set: registries of one store have one,
                 of other stores another
HTTP_SECRET      signs uploads under way, so it is the same on every registry that serves one store. Made from the
                 Swift password when not set, which does as long as all instances have the same one

How nginx is told what to do is in nginx_settings.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from settings_error import SettingsError, http_address, printable
from swift_settings import Swift, read_swift

FILES = "/var/lib/docker-registry"
REDIS = "127.0.0.1:6379"
# Each of them may come from a file instead, whose name is in NAME_FILE; no program started later gets them.
SECRETS = ("OS_PASSWORD", "HTTP_SECRET", "INDEX_PASSWORD")

# The engine lets REGISTRY_SECTION_KEY override its configuration: with one of these a cache could be put where there
# must be none. What an orchestrator says of a service that happens to be called registry looks alike, and is no harm.
_OVERRIDES = re.compile(
    r"REGISTRY_(?:AUTH|CATALOG|COMPATIBILITY|HEALTH|HTTP|LOG|LOGLEVEL|MIDDLEWARE|NOTIFICATIONS|POLICY|PROXY|REDIS"
    r"|REPORTING|STORAGE|VALIDATION|VERSION)(?:_(?!SERVICE_|PORT(?:_|$)).*)?"
)
_INDEX_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_SCRYPT = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}


@dataclass(frozen=True)
class Flavor:
    """What a flavor has: swift is None where OS_AUTH_URL decides."""

    swift: bool | None
    index: bool
    redis: bool


FLAVORS = {
    "devel": Flavor(swift=None, index=True, redis=True),
    "local": Flavor(swift=False, index=False, redis=False),
    "prod": Flavor(swift=True, index=True, redis=False),
    "qa": Flavor(swift=True, index=True, redis=False),
    "qa-noes": Flavor(swift=True, index=False, redis=False),
}


@dataclass(frozen=True)
class Index:
    """Where repositories and tags can be searched for; username and password are "" where it asks for none."""

    url: str
    name: str
    username: str
    password: str


@dataclass(frozen=True)
class Settings:
    """A registry's settings: swift is None for one that keeps files, index for one that has none."""

    flavor: str
    version: str
    swift: Swift | None
    index: Index | None
    redis: bool
    http_secret: str


def read_settings(environ: Mapping[str, str], *, version: str, has_redis: bool) -> Settings:
    """Return what the environment asks for.

    Raises SettingsError.
    """
    name = environ.get("SETTINGS_FLAVOR", "")
    flavor = FLAVORS.get(name)
    if flavor is None:
        raise SettingsError(f"SETTINGS_FLAVOR is {name!r}; it must be one of {', '.join(FLAVORS)}")
    if flavor.redis and not has_redis:
        raise SettingsError(f"SETTINGS_FLAVOR is {name}, and this image has no redis; use the development image")
    overrides = sorted(key for key in environ if _OVERRIDES.fullmatch(key))
    if overrides:
        raise SettingsError(f"{overrides[0]!r} is set; this image takes none of the engine's own REGISTRY_ settings")
    in_swift = bool(environ.get("OS_AUTH_URL")) if flavor.swift is None else flavor.swift
    swift = read_swift(environ, name) if in_swift else None
    return Settings(
        flavor=name,
        version=version,
        swift=swift,
        index=_index(environ) if flavor.index and environ.get("INDEX_URL") else None,
        redis=flavor.redis,
        http_secret=printable("HTTP_SECRET", environ.get("HTTP_SECRET", "")) or _http_secret(swift),
    )


def _http_secret(swift: Swift | None) -> str:
    """Return the same secret for all who know a Swift container's password, and one that does not tell it.

    What it signs is handed to clients, who could try passwords against it as long as they like: so each try is slow.
    """
    if swift is None:
        return secrets.token_hex(32)
    salt = f"docker-registry http.secret {swift.container}".encode()
    return hashlib.scrypt(swift.password.encode(), salt=salt, **_SCRYPT).hex()


def _index(environ: Mapping[str, str]) -> Index:
    url = http_address("INDEX_URL", environ["INDEX_URL"], "https://HOST:9200")
    username, password = (printable(name, environ.get(name, "")) for name in ("INDEX_USERNAME", "INDEX_PASSWORD"))
    if bool(username) != bool(password):
        raise SettingsError("of INDEX_USERNAME and INDEX_PASSWORD one is set and the other is not")
    name = environ.get("INDEX_NAME", "") or "docker-registry"
    if not _INDEX_NAME.fullmatch(name):
        raise SettingsError(
            f"INDEX_NAME is {name!r}; it must be of a-z, 0-9, - and _, and begin with a letter or digit"
        )
    return Index(url.rstrip("/"), name, username, password)
