"""The configuration of the registry, and of what watches over it, as documents. Nothing is read or written here."""

from dataclasses import asdict
from typing import Any

from registry_settings import FILES, REDIS, Settings
from swift_settings import Swift

# Where the indexer listens for the registry's events, in a container that has an index.
INDEXER = "http://127.0.0.1:5003/events"


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
        storage["swift"] = _driver(settings.swift)
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
    if settings.index:
        config["notifications"] = {"endpoints": [_indexer()]}
    return config


def status_config(settings: Settings, *, instance: str) -> dict[str, Any]:
    """Return what the status service, and whoever starts the registry, need to know."""
    return {
        "flavor": settings.flavor,
        "version": settings.version,
        "instance": instance,
        "redis": REDIS if settings.redis else None,
        "files": None if settings.swift else FILES,
        "swift": settings.swift and asdict(settings.swift),
        "index": settings.index and asdict(settings.index),
    }


def _driver(swift: Swift) -> dict[str, Any]:
    """Return Swift in the words of the engine's storage driver; what is not set is left out."""
    section = {
        "authurl": swift.auth_url,
        "username": swift.username,
        "password": swift.password,
        "container": swift.container,
        "authversion": swift.version,
        "tenant": swift.project.name,
        "tenantid": swift.project.id,
        "domain": swift.user_domain.name,
        "domainid": swift.user_domain.id,
        "tenantdomain": swift.project_domain.name,
        "tenantdomainid": swift.project_domain.id,
        "region": swift.region,
        "endpointtype": swift.interface if swift.version > 1 else "",
    }
    return {key: value for key, value in section.items() if value}


def _indexer() -> dict[str, Any]:
    """Return where the engine sends what happened; it does so beside the request, which never waits for it."""
    return {
        "name": "index",
        "url": INDEXER,
        "timeout": "5s",
        "threshold": 5,
        "backoff": "5s",
        # Of an image's parts only its manifests are told of: layers have no name to be found by.
        "ignore": {"mediatypes": ["application/octet-stream"], "actions": ["pull", "mount"]},
    }
