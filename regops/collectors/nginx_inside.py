"""The container behind an address of this machine, and the addresses nginx may have within it."""

from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from parsers.docker_inspect import Container
from regops.collectors.instances import each_container
from regops.errors import NotFound, Refused
from regops.model.http import HttpReply
from regops.ports import Clock, Engine

_DEFAULT_PORTS = {"http": 80, "https": 443}
# Where nginx usually listens: tried first, and where a container declares no port at all.
_USUAL_PORTS = (80, 8080)
_ON_ITS_HOST = "run regops on the registry's own host, or name its container: --container NAME"


def find_publisher(
    engine: Engine, reply: HttpReply, clock: Clock, *, is_own_address: Callable[[str], bool], timeout_seconds: float
) -> Container:
    """Return the running container that gave a reply, by the address and the port that answered.

    Raises NotFound when no container of this engine serves them, Refused when they are not this machine's or the
    engine is not: a port number alone would lead to some container that has nothing to do with the registry.
    """
    address, port = reply.address, _port(urlsplit(reply.url))
    if reply.via:
        raise Refused(f"the proxy {reply.via} answered, so its container is not known", hint=_ON_ITS_HOST)
    if not engine.is_local:
        raise Refused(f"the engine at {engine.address} is another machine's", hint=_ON_ITS_HOST)
    for _, container in each_container(engine, clock, everything=False, timeout_seconds=timeout_seconds):
        if isinstance(container, Container) and _serves(container, address, port, is_own_address):
            return container
    where = f"port {port} of {address}"
    if not is_own_address(address):
        raise NotFound(f"{where} is not this machine's", hint=_ON_ITS_HOST)
    raise NotFound(
        f"no container of {engine.address} publishes {where}",
        hint="name the container: --container NAME; an nginx outside containers must `allow` this machine's address",
    )


def addresses_inside(container: Container, denied: HttpReply | None) -> tuple[str, ...]:
    """Return the addresses of nginx as the container itself would call them, the likeliest first.

    After a reply from outside, the same address with the container's own port comes first: the same scheme and host
    name lead to the same server of nginx. Then every TCP port the container declares, and nginx's usual ones.
    """
    declared = {port.container_port for port in (*container.ports, *container.exposed_ports) if port.protocol == "tcp"}
    ports = sorted(declared, key=lambda port: (port not in _USUAL_PORTS, port))
    plain = [f"http://127.0.0.1:{port}" for port in (*ports, *_USUAL_PORTS)]
    if denied is None:
        return tuple(dict.fromkeys(plain))
    outside = urlsplit(denied.url)
    host = f"[{outside.hostname}]" if outside.hostname and ":" in outside.hostname else outside.hostname
    behind = {port.container_port for port in container.ports if port.host_port == _port(outside)} or {_port(outside)}
    return tuple(dict.fromkeys([f"{outside.scheme}://{host}:{port}" for port in sorted(behind)] + plain))


def _serves(container: Container, address: str, port: int, is_own_address: Callable[[str], bool]) -> bool:
    peer = ip_address(address)
    if any(network.address == peer for network in container.networks):
        return True
    return any(
        published.protocol == "tcp"
        and published.host_port == port
        and (published.host_ip == peer or (published.host_ip is None and is_own_address(address)))
        for published in container.ports
    )


def _port(url: SplitResult) -> int:
    return url.port or _DEFAULT_PORTS.get(url.scheme, 80)
