"""From a host name to a connected socket, before the deadline of an exchange."""

import contextlib
import errno
import ipaddress
import queue
import socket
import threading
import time

from regops.adapters.registry.exchange import LOOK_INSIDE, Exchange, reason
from regops.errors import Phase, Refused
from regops.model.http import Cause, HttpFailure

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def dial(exchange: Exchange, host: str, port: int) -> socket.socket:
    """Return a connection to the first address of a host that accepts one.

    Raises HttpFailure when none does, Refused when a guarded exchange leads to this machine or its link.
    """
    addresses = resolve(exchange, host, port)
    near = next(filter(is_near, addresses), None)
    if exchange.guarded and near and not exchange.via:
        raise Refused(
            f"{exchange.url} leads to {near}, an address of this machine or of its own link, where no one sent us",
            hint="if that is where the registry lives, give its address yourself",
        )
    started = time.monotonic()
    error: OSError = OSError(errno.EHOSTUNREACH, "no address")
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        exchange.address = str(address)
        family = socket.AF_INET6 if isinstance(address, ipaddress.IPv6Address) else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            # An address that swallows packets may use its share of the time only, so that the next has its turn.
            connection.settimeout(exchange.remaining(Phase.CONNECT) / left)
            connection.connect((str(address), port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as failed:
            connection.close()
            error = failed
        except HttpFailure:
            connection.close()
            raise
        else:
            exchange.connect_seconds = time.monotonic() - started
            return connection
    raise connection_failure(exchange, error, port)


def resolve(exchange: Exchange, host: str, port: int) -> list[Address]:
    """Return the addresses of a host, at least one. Raises HttpFailure when there is none, or none in time."""
    with contextlib.suppress(ValueError):
        return [ipaddress.ip_address(host)]
    answers: queue.SimpleQueue[list[Address] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(ipaddress.ip_address(str(entry[4][0])) for entry in found)))
        except OSError as error:
            answers.put(error)
        except ValueError as error:  # a name that the resolver will not even look for
            answers.put(OSError(str(error)))

    # The resolver cannot be interrupted; a thread that nobody waits for can be left behind.
    started = time.monotonic()
    left = exchange.remaining(Phase.DNS)
    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=left)
    except queue.Empty:
        raise exchange.silent(Phase.DNS) from None
    if isinstance(answer, OSError) or not answer:
        why = (answer.strerror or str(answer)) if isinstance(answer, OSError) else "no address"
        said, hint = f"no address is known for {host}: {why}", "check the spelling, and the name servers"
        raise exchange.failure(Cause.NO_NAME, Phase.DNS, said, hint)
    exchange.dns_seconds = time.monotonic() - started
    return answer


def is_near(address: Address) -> bool:
    """Return whether an address is this machine's own, the local link's, or no single machine's."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    found = mapped or address
    return found.is_loopback or found.is_link_local or found.is_unspecified or found.is_multicast


def connection_failure(exchange: Exchange, error: OSError, port: int) -> HttpFailure:
    """Return what a failed connection means."""
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return exchange.silent(Phase.CONNECT)
    if error.errno == errno.ECONNRESET:
        return exchange.closed(Phase.CONNECT, "reset")
    if error.errno == errno.ECONNREFUSED:
        said = f"the connection was refused: nothing listens on port {port}"
        hint = f"the container is stopped, or publishes another port; {LOOK_INSIDE}"
        return exchange.failure(Cause.REFUSED, Phase.CONNECT, said, hint)
    said, hint = f"port {port} cannot be reached: {reason(error)}", "check the address, and the way there"
    return exchange.failure(Cause.NO_ROUTE, Phase.CONNECT, said, hint)
