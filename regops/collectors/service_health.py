"""What `/_status` says about each service, in words for whoever has to act on it."""

import re

from parsers.registry_status import UNCONFIGURED, RegistryStatus
from regops.model.status import Health, Part
from regops.secret import mask_url

_WORKS = {
    "index": "answers",
    "instances": "none beside it that must run alone",
    "redis": "takes and gives back a key",
    "storage": "writes, reads and deletes an object",
}
_LOGS = "the cause is in the registry's log: `regops logs CONTAINER`"
_STORAGE_HINTS = {
    "check the container's OS_USERNAME, OS_PASSWORD and OS_TENANT_NAME, and the Swift account": re.compile(
        r"\b(?:401|403)\b|unauthori[sz]ed|forbidden|authorization failed", re.IGNORECASE
    ),
    "the store is full: raise the Swift quota, or make room on the disk": re.compile(
        r"\b413\b|quota|too large|no space left|enospc|disk full", re.IGNORECASE
    ),
    "is Swift up, and is OS_AUTH_URL right as seen from inside the container?": re.compile(
        r"refused|unreachable|timed out|name or service|resolve|reset", re.IGNORECASE
    ),
    "the registry may not write its storage folder: check the owner of the volume": re.compile(
        r"permission denied|read-only|errno 13\b|errno 30\b", re.IGNORECASE
    ),
}


def is_development(flavor: str | None) -> bool:
    """Return whether a flavor is one of the images that carry a redis (`dev`, `devel`, `development`)."""
    return flavor is not None and flavor.lower().startswith("dev")


def service_parts(status: RegistryStatus, flavor: str | None) -> tuple[Part, ...]:
    """Return one part for each service the registry names, in its order; then those that only fail."""
    names = dict.fromkeys([*status.services, *(failure.service for failure in status.failures)])
    return tuple(_part(name, status.failure(name), flavor) for name in names)


def _part(name: str, failure: str | None, flavor: str | None) -> Part:
    if failure is None:
        return Part(name, Health.WELL, _WORKS.get(name, "works"))
    said = mask_url(failure)  # drivers quote the address they were given, with its password
    if said.strip().lower() == UNCONFIGURED:
        if name == "redis" and is_development(flavor):
            words = f"not configured, though the flavor {flavor} is the one that has a redis"
            return Part(name, Health.FAILING, words, said, "did redis start? `regops logs CONTAINER` shows its log")
        return Part(name, Health.UNCONFIGURED, "this registry has none, and needs none", said)
    if name == "redis":
        hint = "redis runs inside the container: `regops logs CONTAINER` shows its log; pushes and pulls go on, slower"
        return Part(name, Health.FAILING, "does not answer as it should", said, hint)
    if name == "storage":
        steps = (hint for hint, pattern in _STORAGE_HINTS.items() if pattern.search(said))
        words = "cannot be written and read; images are not served reliably"
        return Part(name, Health.FAILING, words, said, next(steps, _LOGS))
    if name == "instances":
        hint = "a development registry runs alone: stop it, or give it a Swift container (OS_CONTAINER) of its own"
        return Part(name, Health.FAILING, "another one keeps images here, and this cache misses them", said, hint)
    if name == "index":
        hint = "pushes and pulls go on, searches do not: is the index up, and is INDEX_URL right as seen from inside?"
        return Part(name, Health.FAILING, "does not answer as it should", said, hint)
    return Part(name, Health.FAILING, "fails", said, _LOGS)
