"""A lab as it is now."""

from collections.abc import Callable

from parsers.docker_inspect import Container
from regops.errors import NotFound
from regops.lab.containers import (
    HTTP,
    HTTPS,
    SWIFT_KEY,
    SWIFT_USER,
    TARBALL_CONTAINER,
    VARIANT_LABEL,
    find,
    published,
    swift_name,
)
from regops.lab.health import registry_fault, swift_fault
from regops.lab.place import certificate_file
from regops.lab.tools import Tools
from regops.model.answer import Target
from regops.model.lab import Lab, LabRegistry, LabSwift
from regops.ports import Registry

DEFAULT_NAME = "regops-lab"
ABSENT = "absent"


def describe(tools: Tools, name: str) -> Lab:
    """Return a lab and how it is. Raises NotFound when there is none of that name."""
    container = find(tools.engine, name, name)
    swift = find(tools.engine, swift_name(name), name)
    if container is None:
        raise NotFound(
            f"there is no lab {name} on the engine at {tools.engine.address}", hint="`regops lab up` makes one"
        )
    return Lab(
        target=Target(
            url=_loopback(container, HTTP), container=name, swift_container=container.environment.get("OS_CONTAINER")
        ),
        name=name,
        registry=_registry(tools, container),
        swift=_swift(tools, swift_name(name), swift) if swift or "OS_CONTAINER" in container.environment else None,
        commands=_commands(name, container, with_swift=swift is not None),
    )


def _registry(tools: Tools, container: Container) -> LabRegistry:
    url = _loopback(container, HTTP)
    detail = _detail(tools, container, registry_fault, url)
    copied = certificate_file(tools.folder, container.name)
    return LabRegistry(
        container=container.name,
        state=container.status,
        ready=not detail,
        detail=detail,
        image=container.image,
        variant=container.labels.get(VARIANT_LABEL, ""),
        flavor=container.environment.get("SETTINGS_FLAVOR", ""),
        http_url=url,
        https_url=_loopback(container, HTTPS, "https"),
        ca_file=str(copied) if copied.is_file() else None,
        swift_container=container.environment.get("OS_CONTAINER"),
    )


def _swift(tools: Tools, name: str, container: Container | None) -> LabSwift:
    url = _loopback(container, HTTP) if container else None
    detail = _detail(tools, container, swift_fault, url)
    return LabSwift(
        container=name,
        state=container.status if container else ABSENT,
        ready=not detail,
        detail=detail,
        image=container.image if container else "",
        auth_url=url and f"{url}/auth/v1.0",
        user=SWIFT_USER,
        key=SWIFT_KEY,
        swift_container=TARBALL_CONTAINER,
    )


def _detail(tools: Tools, container: Container | None, fault: Callable[[Registry], str], url: str | None) -> str:
    """Return why a server of the lab is not well, "" when it is."""
    if container is None:
        return "the container is not there"
    if container.status != "running":
        return f"the container is {container.status}"
    return fault(tools.registry(url)) if url else "no port of it is published"


def _loopback(container: Container, inside: int, scheme: str = "http") -> str | None:
    outside = published(container).get(inside)
    return f"{scheme}://127.0.0.1:{outside}" if outside else None


def _commands(name: str, container: Container, *, with_swift: bool) -> tuple[str, ...]:
    address = f"127.0.0.1:{published(container).get(HTTP)}"
    option = "" if name == DEFAULT_NAME else f" --name {name}"
    return (
        f'eval "$(regops lab env{option})"',
        "regops ping",
        "regops status",
        f"regops nginx-status --container {name}",
        f"regops logs {name}",
        f"docker tag {container.image} {address}/try/it:1",
        f"docker push {address}/try/it:1",
        *(("regops bootstrap list",) if with_swift else ()),
        f"regops lab down{option}",
    )
