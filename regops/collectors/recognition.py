"""Telling a registry's container from others, by signs, for nothing in the engine says what a container is for.

In this order, the first that speaks decides:

1. The label `regops.registry`: `true` or `false`, for whoever knows better than the signs.
2. The image's own name (not its host, not its path) has the word `registry`: `registry:2`, `docker-registry-main`.
3. A variable that only a registry reads: SETTINGS_FLAVOR and DOCKER_REGISTRY_CONFIG (the classic one),
   REGISTRY_STORAGE… and REGISTRY_HTTP_… (distribution).
4. Two of these weak signs: the container's name has the word `registry`; it stores in Swift (OS_CONTAINER or
   STORAGE_PATH is set); it has one of the ports a registry is usually given.

Names of tools around registries (`registry-ui`, `schema-registry`) do not count as registries.
"""

import re

from parsers.docker_inspect import Container

REGISTRY_LABEL = "regops.registry"
REGISTRY_PORTS = frozenset({5000, 5001, 8080, 8443})

_ONLY_REGISTRIES_READ = re.compile(r"SETTINGS_FLAVOR|DOCKER_REGISTRY_CONFIG|REGISTRY_STORAGE(_.*)?|REGISTRY_HTTP_.*")
_STORAGE_VARIABLES = frozenset({"OS_CONTAINER", "STORAGE_PATH"})
_TOOL = re.compile(r"admin|auth|browser|cleaner|cli|exporter|frontend|gui|model|npm|operator|schema|service|ui|web")


def recognise(container: Container) -> tuple[bool, str]:
    """Return whether a container looks like a registry, and the sign that says so (or what spoke against it)."""
    label = container.labels.get(REGISTRY_LABEL, "").lower()
    if label in {"true", "false"}:
        return label == "true", f"label {REGISTRY_LABEL}={label}"
    name = _image_name(container.image)
    if _is_registry_name(name):
        return True, f"image {name}"
    variables = sorted(filter(_ONLY_REGISTRIES_READ.fullmatch, container.environment_names))
    if variables:
        return True, f"environment {variables[0]}"
    weak = _weak_signs(container)
    if len(weak) > 1:
        return True, " and ".join(weak)
    return False, f"only {weak[0]}" if weak else "no sign of a registry"


def _weak_signs(container: Container) -> list[str]:
    storage = sorted(_STORAGE_VARIABLES & container.environment_names)
    ports = sorted(REGISTRY_PORTS & {port.container_port for port in (*container.exposed_ports, *container.ports)})
    signs = [f"name {container.name}"] if _is_registry_name(container.name) else []
    signs += [f"environment {storage[0]}"] if storage else []
    signs += [f"port {ports[0]}"] if ports else []
    return signs


def _image_name(reference: str) -> str:
    """Return the last part of an image reference without tag and digest: `host:5000/team/registry:2` is `registry`."""
    return reference.rpartition("/")[2].partition("@")[0].partition(":")[0]


def _is_registry_name(name: str) -> bool:
    words = re.split(r"[-_.\d]+", name.lower())
    return "registry" in words and not any(map(_TOOL.fullmatch, words))
