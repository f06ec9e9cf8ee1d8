"""The way to a registry: straight, through a proxy, or from inside a container, with TLS on top of it for https."""

import base64
import re
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from parsers.http_url import HttpUrl
from regops.adapters.registry.connection import BoundSocket
from regops.adapters.registry.dial import connection_failure, dial
from regops.adapters.registry.exchange import Exchange
from regops.adapters.registry.tls import explain, handshake, speaks_tls
from regops.errors import Phase
from regops.model.http import Cause, HttpFailure
from regops.ports import Connect
from regops.settings import HttpOptions

_LOOK_SECONDS = 1.0
_HEAD_BYTES = 16 * 1024
_ESTABLISHED = re.compile(rb"HTTP/1\.[01] 2\d\d[ \r]")


def open_line(exchange: Exchange, options: HttpOptions, connect: Connect | None) -> BoundSocket:
    """Return a connection that is ready for the request. Raises HttpFailure, Refused or ConfigurationError."""
    tcp = _way(exchange, connect)
    connection = handshake(exchange, tcp, options) if exchange.url.scheme == "https" else tcp()
    return BoundSocket(connection, exchange, partial(explain, exchange))


def speaks_tls_instead(exchange: Exchange, error: HttpFailure, connect: Connect | None) -> HttpFailure | None:
    """Return the failure that names TLS, when that is why plain HTTP was hung up on."""
    if error.cause is not Cause.CLOSED or exchange.url.scheme != "http" or exchange.via:
        return None
    brief = replace(exchange, deadline=min(exchange.deadline, time.monotonic() + _LOOK_SECONDS))
    if not speaks_tls(brief, _way(brief, connect)):
        return None
    place = replace(exchange.url, scheme="https", port=exchange.url.effective_port)
    said = "this port speaks TLS, not plain HTTP"
    return exchange.failure(Cause.TLS, Phase.REQUEST, said, f"ask {place}")


def _way(exchange: Exchange, connect: Connect | None) -> Callable[[], socket.socket]:
    return partial(_connect_inside, exchange, connect) if connect else partial(_connect, exchange)


def proxy_authorization(proxy: HttpUrl) -> dict[str, str]:
    """Return the header with the credentials that a proxy's address holds, {} when it holds none."""
    if proxy.username is None:
        return {}
    pair = f"{proxy.username}:{proxy.password or ''}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}


def _connect(exchange: Exchange) -> socket.socket:
    place = exchange.via or exchange.url
    connection = dial(exchange, place.host, place.effective_port)
    if exchange.via and exchange.url.scheme == "https":
        try:
            _tunnel(exchange, exchange.via, connection)
        except HttpFailure:
            connection.close()
            raise
    return connection


def _connect_inside(exchange: Exchange, connect: Connect) -> socket.socket:
    port, started = exchange.url.effective_port, time.monotonic()
    exchange.address = "127.0.0.1"
    try:
        connection = connect(port, exchange.remaining(Phase.CONNECT))
    except OSError as error:
        raise connection_failure(exchange, error, port) from error
    exchange.connect_seconds = time.monotonic() - started
    return connection


def _tunnel(exchange: Exchange, proxy: HttpUrl, connection: socket.socket) -> None:
    """Ask the proxy for a connection to the registry (RFC 9110, section 9.3.6)."""
    host = f"[{exchange.url.host}]" if ":" in exchange.url.host else exchange.url.host
    place = f"{host}:{exchange.url.effective_port}"
    fields = {"Host": place, **proxy_authorization(proxy)}
    lines = [f"CONNECT {place} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    head = b""
    try:
        connection.settimeout(exchange.remaining(Phase.CONNECT))
        connection.sendall("\r\n".join(lines).encode("ascii"))
        # Byte by byte: what follows the empty line belongs to TLS.
        while not head.endswith(b"\r\n\r\n") and len(head) < _HEAD_BYTES:
            connection.settimeout(exchange.remaining(Phase.CONNECT))
            byte = connection.recv(1)
            if not byte:
                break
            head += byte
    except TimeoutError:
        raise exchange.silent(Phase.CONNECT) from None
    except OSError as error:
        said = "the proxy broke the connection off"
        raise exchange.failure(Cause.PROXY, Phase.CONNECT, said, "see HTTPS_PROXY and NO_PROXY") from error
    if not _ESTABLISHED.match(head) or not head.endswith(b"\r\n\r\n"):
        line = head.split(b"\r\n", 1)[0][:120].decode("latin-1")
        said = f"the proxy does not connect us: {line or 'no answer'}"
        raise exchange.failure(Cause.PROXY, Phase.CONNECT, said, "see HTTPS_PROXY and NO_PROXY")
