"""Whether a registry may be started beside those that run: two on one store, one with a redis of its own, lose images.

A redis cache remembers which layers the store has. What another registry deletes, it goes on remembering: a push of
such a layer is answered "already exists", ends well, and the image cannot be pulled any more. Registries without a
cache may share a store.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from parsers.docker_inspect import Container
from regops.collectors.bootstrap.start_environment import LOCAL
from regops.collectors.recognition import recognise
from regops.errors import Refused, UnexpectedAnswer

# Settings of distribution (2: ADDR, 3: ADDRS) and of the classic registry that lead to a redis; and the one that says
# what remembers the layers.
_REDIS_SETTINGS = frozenset({"REGISTRY_REDIS_ADDR", "REGISTRY_REDIS_ADDRS", "CACHE_REDIS_HOST", "CACHE_LRU_REDIS_HOST"})
_CACHE_SETTING, _REDIS = "REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR", "redis"
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class StoreUse:
    """Which Swift container a registry uses, and why it has a cache: "" for one that has none.

    A registry that keeps files uses none, whatever it was given. account is the project or the v1 account, "" where
    nothing tells.
    """

    swift_container: str
    auth_url: str
    account: str
    cache: str


def store_use(environment: Mapping[str, str], names: Iterable[str], image: str) -> StoreUse:
    """Return what the variables of a registry's container and its image's name tell."""
    flavor = environment.get("SETTINGS_FLAVOR", "")
    settings = sorted(_REDIS_SETTINGS & set(names))
    words = re.split(r"[-_.]", image.rpartition("/")[2].partition(":")[0])
    cache = ""
    if settings:
        cache = f"{settings[0]} is set"
    elif environment.get(_CACHE_SETTING, "").lower() == _REDIS:
        cache = f"{_CACHE_SETTING} is {_REDIS}"
    elif flavor.startswith("dev"):
        cache = f"its flavor is {flavor}"
    elif not flavor and "dev" in words:
        cache = f"its image is {image}"
    container = environment.get("OS_CONTAINER") or environment.get("REGISTRY_STORAGE_SWIFT_CONTAINER", "")
    return StoreUse(
        swift_container="" if flavor == LOCAL else container,
        auth_url=_normal(environment.get("OS_AUTH_URL") or environment.get("REGISTRY_STORAGE_SWIFT_AUTHURL", "")),
        account=_account(environment),
        cache=cache,
    )


def check_conflicts(new: StoreUse, running: Iterable[tuple[str, Container | UnexpectedAnswer]], engine: str) -> None:
    """Raise Refused when one of the containers that run must not share its store with a new registry."""
    if not new.swift_container or not new.auth_url:
        return
    for _, container in running:
        if isinstance(container, UnexpectedAnswer) or not recognise(container)[0]:
            continue
        other = store_use(container.environment, container.environment_names, container.image)
        if not _same_store(new, other) or not (new.cache or other.cache):
            continue
        whose = "the new one" if new.cache else container.name
        raise Refused(
            f"the registry {container.name} on {engine} uses the Swift container {new.swift_container} as well, and "
            f"{whose} has a redis cache ({new.cache or other.cache}): what one deletes, the cache of the other goes on "
            "knowing, and a later push loses layers without an error",
            hint=("start it without a cache (SETTINGS_FLAVOR=qa), " if new.cache and not other.cache else "start it ")
            + f"on another OS_CONTAINER, or stop {container.name} first",
        )


def _same_store(one: StoreUse, other: StoreUse) -> bool:
    if (one.swift_container, one.auth_url) != (other.swift_container, other.auth_url):
        return False
    return not one.account or not other.account or one.account == other.account


def _account(environment: Mapping[str, str]) -> str:
    project = environment.get("OS_PROJECT_NAME") or environment.get("OS_TENANT_NAME")
    account, colon, _ = environment.get("OS_USERNAME", "").partition(":")
    return project or (account if colon else "")


def _normal(url: str) -> str:
    """Return whose address it is: one Keystone has paths for each of its versions."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        return url
    return f"{parts.scheme}://{parts.hostname or ''}:{port}"
