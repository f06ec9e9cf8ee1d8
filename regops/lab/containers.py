"""The lab's two containers: how they are made, and how one that is there is told from one that was asked for."""

import hashlib
import json
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from parsers.docker_inspect import Container, parse_docker_inspect
from parsers.errors import ParseError
from regops.errors import NotFound, PortTaken, Refused, UnexpectedAnswer
from regops.lab.recipe import DEV, MAIN, SWIFT, LabImage
from regops.lab.tools import Wanted
from regops.model.lab import Variant
from regops.ports import Engine

# Known to everybody: this Swift answers on the loopback, and there is nothing in it but the lab's own images.
SWIFT_USER, SWIFT_KEY = "lab:operator", "practice"
STORE_CONTAINER, TARBALL_CONTAINER = "docker-registry", "docker-registry.bootstrap"
# Inside: Swift's proxy listens where the registry's nginx does.
HTTP, HTTPS = 8080, 8443

LAB_LABEL = "regops.lab"
VARIANT_LABEL = "regops.lab.variant"
# Everything else a container was made with, ports apart: another value means another container.
SETUP_LABEL = "regops.lab.setup"
# `regops ps` goes by it before any other sign.
REGISTRY_LABEL = "regops.registry"


@dataclass(frozen=True, slots=True)
class Part:
    """One container of a lab as it shall be.

    ports maps the container's to the loopback's, 0 for any; volumes maps a volume's name to where it is mounted.
    """

    container: str
    image: LabImage
    ports: Mapping[int, int]
    environment: Mapping[str, str]
    volumes: Mapping[str, str]
    labels: Mapping[str, str]
    arguments: tuple[str, ...] = ()


def registry_part(wanted: Wanted) -> Part:
    """Return the registry's container."""
    dev = wanted.variant is Variant.DEV
    flavor = "devel" if dev else "qa" if wanted.swift else "local"
    store = {
        "OS_AUTH_URL": f"http://{swift_name(wanted.name)}:{HTTP}/auth/v1.0",
        "OS_USERNAME": SWIFT_USER,
        "OS_PASSWORD": SWIFT_KEY,
        "OS_CONTAINER": STORE_CONTAINER,
    }
    return Part(
        container=wanted.name,
        image=DEV if dev else MAIN,
        ports={HTTP: wanted.http_port, HTTPS: wanted.https_port},
        environment={
            "SETTINGS_FLAVOR": flavor,
            "TLS_NAMES": wanted.name,
            # One door without a certificate to trust first, and one page that has to be asked for from the inside.
            "PLAIN_HTTP": "yes",
            "NGINX_STATUS_ALLOW": "none",
            **(store if wanted.swift else {}),
        },
        volumes={} if wanted.swift else {files_volume(wanted.name): "/var/lib/docker-registry"},
        labels={REGISTRY_LABEL: "true", VARIANT_LABEL: str(wanted.variant)},
    )


def swift_part(wanted: Wanted) -> Part:
    """Return Swift's container."""
    return Part(
        container=swift_name(wanted.name),
        image=SWIFT,
        ports={HTTP: wanted.swift_port},
        environment={"SWIFT_KEY": SWIFT_KEY},
        volumes={swift_name(wanted.name): "/srv/swift"},
        labels={REGISTRY_LABEL: "false"},
        arguments=("--user", SWIFT_USER),
    )


def swift_name(name: str) -> str:
    """Return the name of a lab's Swift: its container's, and its volume's."""
    return f"{name}-swift"


def files_volume(name: str) -> str:
    """Return the name of the volume where a lab without Swift keeps its layers."""
    return f"{name}-files"


def swift_environment(url: str) -> dict[str, str]:
    """Return the variables with which clients speak to a lab's Swift at an address."""
    return {"ST_AUTH": f"{url}/auth/v1.0", "ST_USER": SWIFT_USER, "ST_KEY": SWIFT_KEY}


def find(engine: Engine, container: str, lab: str) -> Container | None:
    """Return a container of a lab, None when it is not there.

    Raises Refused when a container of that name is somebody else's.
    """
    try:
        found = parse_docker_inspect(engine.inspect(container), f"the engine's answer about {container}")
    except NotFound:
        return None
    except ParseError as error:
        raise UnexpectedAnswer(f"the engine at {engine.address} says what cannot be read: {error}") from error
    if found.labels.get(LAB_LABEL) != lab:
        raise Refused(
            f"the container {container} is there and is not the lab's", hint="choose another name for the lab: --name"
        )
    return found


def images_in_use(engine: Engine) -> frozenset[str]:
    """Return the ids of the images that the engine's containers were made of, whosever they are."""
    found: set[str] = set()
    for container in engine.containers():
        try:
            found.add(parse_docker_inspect(engine.inspect(container), container).image_id)
        except (NotFound, ParseError):
            continue  # gone since, or not to be read: the engine itself refuses what must not be removed
    return frozenset(found)


def fits(found: Container | None, part: Part, image_id: str | None) -> bool:
    """Return whether a container runs and is what was asked for, the image included."""
    if found is None or not found.running or found.paused or found.image_id != image_id:
        return False
    bound = published(found)
    same_ports = all(bound.get(inside) == outside or not outside for inside, outside in part.ports.items())
    return same_ports and found.labels.get(SETUP_LABEL) == _setup(part)


def published(container: Container) -> dict[int, int]:
    """Return the loopback ports a container was made to publish, by the port inside."""
    return {port.container_port: port.host_port for port in container.asked_ports if port.host_port}


def choose_ports(parts: Mapping[str, Part], found: Mapping[str, Container | None]) -> dict[str, dict[int, int]]:
    """Return for each container the ports to publish: those asked for, its own of before, else free ones.

    The engine could choose as well, but would choose anew whenever the container is started again. Raises Failed for
    one that somebody else has, before anything is built.
    """
    chosen: dict[str, dict[int, int]] = {}
    with ExitStack() as held:
        for name, part in parts.items():
            container = found[name]
            before = published(container) if container else {}
            chosen[name] = {inside: _port(wanted, before.get(inside, 0), held) for inside, wanted in part.ports.items()}
    return chosen


def run_options(part: Part, lab: str, ports: Mapping[int, int]) -> dict[str, Any]:
    """Return what the engine needs to make a container of a part."""
    return {
        "name": part.container,
        "network": lab,
        "ports": {f"{inside}/tcp": ("127.0.0.1", outside) for inside, outside in ports.items()},
        "environment": dict(part.environment),
        "volumes": {volume: {"bind": place, "mode": "rw"} for volume, place in part.volumes.items()},
        "labels": {LAB_LABEL: lab, SETUP_LABEL: _setup(part), **part.labels},
        **({"command": list(part.arguments)} if part.arguments else {}),
    }


def _setup(part: Part) -> str:
    made_with = (dict(part.environment), dict(part.volumes), dict(part.labels), part.arguments)
    return hashlib.sha256(json.dumps(made_with).encode()).hexdigest()


def _port(wanted: int, before: int, held: ExitStack) -> int:
    if before and wanted in (0, before):
        return before
    listener = held.enter_context(socket.socket())
    # As the engine's own proxy does: connections of a lab that was just taken down do not hold its port.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", wanted))
    except OSError as error:
        raise PortTaken(
            "127.0.0.1",
            wanted,
            error.strerror or str(error),
            hint="choose other ports (--http-port, --https-port, --swift-port); 0 takes a free one",
        ) from error
    port: int = listener.getsockname()[1]
    return port
