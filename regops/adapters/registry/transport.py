"""One request sent and its reply read, bounded. The only module that imports requests.

requests prepares and sends, no more: what its sessions would do by themselves is done elsewhere, for they decode the
whole body of every redirect, read passwords from netrc, and know no deadline.
"""

import contextlib
import http.client
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, cast

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies, select_proxy
from urllib3.connection import HTTPConnection

from parsers.errors import ParseError
from parsers.http_url import HttpUrl, parse_http_url
from regops import __version__
from regops.adapters.registry.connection import BoundSocket
from regops.adapters.registry.exchange import LOOK_INSIDE, Exchange
from regops.adapters.registry.line import proxy_authorization
from regops.errors import ConfigurationError, Phase
from regops.model.http import Cause, HttpReply
from regops.secret import mask_url

REDIRECTS = {301, 302, 303, 307, 308}
HEADER_ROOM_BYTES = 1 << 19
_CHUNK_BYTES = 1 << 16


def send(
    exchange: Exchange, open_line: Callable[[], BoundSocket], *, headers: Mapping[str, str], body: bytes | None = None
) -> HttpReply:
    """Return the reply to one GET, or POST if there is a body; redirects are returned, their bodies not read.

    open_line connects. Raises HttpFailure, and what open_line raises.
    """
    url, limit = exchange.url, exchange.limit_bytes - HEADER_ROOM_BYTES
    fields = {
        "Host": url.authority,
        "User-Agent": f"regops/{__version__}",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        **headers,
    }
    if exchange.via and url.scheme == "http":
        fields |= proxy_authorization(exchange.via)
    request = requests.Request("GET" if body is None else "POST", str(url), headers=fields, data=body).prepare()
    with contextlib.closing(_Adapter(exchange, open_line)) as adapter:
        try:
            response = adapter.send(request, stream=True)
            moved = response.status_code in REDIRECTS and "location" in response.headers
            content, truncated = (b"", False) if moved else _read(response.raw, limit, exchange)
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            said = f"the answer is not HTTP as it should be: {_innermost(error)}"
            raise exchange.failure(Cause.NOT_HTTP, Phase.FIRST_BYTE, said, "is this a registry's port?") from error
    return HttpReply(
        url=mask_url(str(url)),
        address=exchange.address,
        status=response.status_code,
        reason=response.reason or "",
        headers=tuple((str(name), str(value)) for name, value in response.raw.headers.items()),
        body=content,
        truncated=truncated,
        phases=exchange.phases(),
        tls=exchange.tls,
        redirects=exchange.redirects,
        via=str(exchange.via) if exchange.via else None,
        notes=(f"--insecure: {exchange.distrust}",) if exchange.distrust else (),
    )


def proxy_for(url: HttpUrl) -> HttpUrl | None:
    """Return the proxy that the environment names for an address, None for none; never one for this machine."""
    near = url.host == "localhost"
    with contextlib.suppress(ValueError):
        near = near or ipaddress.ip_address(url.host).is_loopback
    if near:
        return None
    text = select_proxy(str(url), get_environ_proxies(str(url)))
    if not text:
        return None
    try:
        proxy = parse_http_url(text, source="the environment")
    except ParseError as error:
        raise ConfigurationError(
            f"the proxy {error.text!r} cannot be used: {error.reason}", hint="see HTTP_PROXY, HTTPS_PROXY, NO_PROXY"
        ) from None
    if proxy.scheme == "https":
        raise ConfigurationError(f"the proxy {proxy} wants TLS to itself, which regops does not do")
    return replace(proxy, scheme="http")


class _Adapter(HTTPAdapter):
    """Sends one request over a line of our own; requests' own connection pools stay unused."""

    def __init__(self, exchange: Exchange, open_line: Callable[[], BoundSocket]) -> None:
        super().__init__()
        self._exchange = exchange
        self._open_line = open_line
        self._line: BoundSocket | None = None

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:  # noqa: ARG002
        """Return a pool of exactly our one connection."""
        pool = urllib3.HTTPConnectionPool(self._exchange.url.host, self._exchange.url.effective_port, maxsize=1)
        pool.ConnectionCls = cast("Any", partial(_Connection, exchange=self._exchange, open_line=self._open))
        return pool

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Do nothing: the line has seen to TLS."""

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:  # noqa: ARG002
        """Return the target of the request line: the whole address where a proxy forwards it."""
        forwarded = self._exchange.via and self._exchange.url.scheme == "http"
        return str(request.url) if forwarded else request.path_url

    def close(self) -> None:
        """Hang up."""
        super().close()
        if self._line is not None:
            self._line.hang_up()

    def _open(self) -> BoundSocket:
        self._line = self._open_line()
        return self._line


class _Connection(HTTPConnection):
    """http.client's and urllib3's protocol over our line, with their complaints put in our words."""

    def __init__(self, *args: Any, exchange: Exchange, open_line: Callable[[], BoundSocket], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._exchange = exchange
        self._open_line = open_line

    def connect(self) -> None:
        """Open the line."""
        self.sock = cast("Any", self._open_line())

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override] # urllib3's own departure from http.client
        """Return the response once its headers are there."""
        try:
            return super().getresponse()
        except http.client.RemoteDisconnected as error:
            raise self._exchange.closed(Phase.FIRST_BYTE, "closed") from error
        except http.client.BadStatusLine as error:
            said, hint = _not_http(str(error.args[0]), self._exchange.url)
            raise self._exchange.failure(Cause.NOT_HTTP, Phase.FIRST_BYTE, said, hint) from error
        except http.client.HTTPException as error:
            said = f"the answer is not HTTP as it should be: {error or type(error).__name__}"
            hint = "is this a registry's port?"
            raise self._exchange.failure(Cause.NOT_HTTP, Phase.FIRST_BYTE, said, hint) from error


def _read(raw: Any, limit: int, exchange: Exchange) -> tuple[bytes, bool]:
    """Return the body, at most limit bytes, and whether there was more."""
    body = bytearray()
    try:
        while len(body) <= limit:
            chunk = raw.read(min(_CHUNK_BYTES, limit + 1 - len(body)), decode_content=False)
            if not chunk:
                break
            body += chunk
    except (urllib3.exceptions.HTTPError, http.client.HTTPException) as error:
        said = f"the answer was cut short: {_innermost(error)}"
        raise exchange.failure(Cause.CUT, Phase.BODY, said, LOOK_INSIDE) from error
    return bytes(body[:limit]), len(body) > limit


def _not_http(line: str, url: HttpUrl) -> tuple[str, str]:
    if line.startswith(("\x15\x03", "\x16\x03")):
        return "this port speaks TLS, not plain HTTP", f"ask https://{url.authority}{url.path}"
    if line.startswith("SSH-"):
        return f"this is an SSH server: {line.strip()[:60]!r}", "see the port"
    return f"the answer is not HTTP: it begins {line.strip()[:60]!r}", "is this a registry's port?"


def _innermost(error: BaseException) -> str:
    """Return what the first of a chain of exceptions said; urllib3 and requests wrap it up to three times."""
    inner = next((part for part in reversed(error.args) if isinstance(part, BaseException)), None)
    return _innermost(inner) if inner is not None else str(error) or type(error).__name__
