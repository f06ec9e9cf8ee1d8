"""Where a started registry is published: which of its ports, how they are reached, and who has one that is taken."""

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from parsers.docker_inspect import Container
from regops.collectors.instances import each_container
from regops.errors import PortTaken, Refused
from regops.model.image import ImageFacts
from regops.ports import Clock, Engine

_HTTP_PORTS, _HTTPS_PORTS = (8080, 5000, 80), (8443, 443)
_ENGINE_SECONDS = 10.0


def host_of(engine: Engine, address: str) -> str:
    """Return where this machine reaches what the engine publishes at an IP address. Raises Refused where it cannot."""
    parsed = ip_address(address)
    everywhere = parsed.is_unspecified
    if engine.is_local:
        loopback = "127.0.0.1" if parsed.version == 4 else "::1"
        return _in_url(loopback if everywhere else address)
    host = urlsplit(engine.address).hostname or ""
    if not everywhere and parsed.is_loopback:
        raise Refused(
            f"the engine is on {host or engine.address}, and would publish the registry on the loopback there alone",
            hint="--address 0.0.0.0 publishes it there for all, --address ADDRESS on one of its addresses",
        )
    return _in_url(host if everywhere else address)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def ports_of(image: str, facts: ImageFacts, http_port: int, https_port: int) -> dict[str, tuple[int, int]]:
    """Return for http, and https if there is one, the port inside and the one to publish."""
    http = next((port for port in _HTTP_PORTS if port in facts.ports), None)
    https = next((port for port in _HTTPS_PORTS if port in facts.ports), None)
    if http is None:
        served = f"the ports {', '.join(map(str, facts.ports))}" if facts.ports else "no port"
        raise Refused(
            f"{image} is no registry that can be started: it serves {served}, and a registry's HTTP is on "
            f"{', '.join(map(str, _HTTP_PORTS))}",
            hint="`regops bootstrap load` says which images came",
        )
    return {"http": (http, http_port), **({"https": (https, https_port)} if https else {})}


def published(container: Container, inside: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """Return for each scheme the port at which the engine's host publishes it."""
    bound = {port.container_port: port.host_port for port in container.ports if port.host_port}
    # One that ended at once has no ports any more; what it said is told when it is waited for.
    return {scheme: bound.get(port, outside) for scheme, (port, outside) in inside.items()}


def port_taken(engine: Engine, error: PortTaken, clock: Clock) -> PortTaken:
    """Return the error with who has the port, where that is a container, and what to do about it."""
    if "assign" in error.reason:
        hint = f"is {error.address} an address of the engine's host? --address names another"
        return PortTaken(error.address, error.port, error.reason, hint=hint)
    running = each_container(engine, clock, everything=False, timeout_seconds=_ENGINE_SECONDS)
    holders = (
        f"; the container {container.name} publishes it"
        for _, container in running
        if isinstance(container, Container) and error.port in {port.host_port for port in container.ports}
    )
    hint = "choose other ports (--http-port, --https-port); 0 takes a free one"
    return PortTaken(error.address, error.port, error.reason + next(holders, ""), hint=hint)
