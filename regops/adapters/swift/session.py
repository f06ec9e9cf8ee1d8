"""requests' sessions for Keystone's library that cannot be led astray: no redirects, no netrc, bounds, our trust."""

import ssl
from collections.abc import Callable
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from regops.adapters.swift.connection import check_size, read_limit, refuse_redirect


class SafeSession(requests.Session):
    """A session that hands our password or token to the host we named, and to nobody it points at.

    requests follows redirects with every header but Authorization, so a password in the body and X-Auth-Token would
    travel; it reads a redirect's whole body into memory even when told not to follow; and what it reads, it unpacks.
    """

    def __init__(self, url: str, context: ssl.SSLContext) -> None:
        super().__init__()
        self.mount("https://", _TrustingAdapter(context))
        if context.verify_mode is ssl.CERT_NONE:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # whoever asked for it knows
        self.trust_env = False  # a netrc has no say here; proxies are asked for, by name
        self.proxies = get_environ_proxies(url)
        self.headers["Accept-Encoding"] = "identity"

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - requests' signature
        """Let requests follow nothing, and read nothing of what it would follow."""
        return

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request; raises UnexpectedAnswer for a redirect, and for a body beyond the bound."""
        options: dict[str, Any] = {**kwargs, "stream": True, "allow_redirects": False}
        response = super().send(request, **options)
        url = request.url or ""
        try:
            refuse_redirect(url, response.status_code, response.headers.get("location"))
        except BaseException:
            response.close()
            raise
        raw: Any = response.raw
        raw.read = _bounded(raw.read, url)
        response._content = raw.read(decode_content=False)  # pyright: ignore[reportPrivateUsage]  # or it unpacks
        return response


class _TrustingAdapter(HTTPAdapter):
    """Trusts whom a context trusts, and nobody else; requests itself would trust the authorities of certifi."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Have connections use the context."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Have connections through a proxy use the context."""
        return super().proxy_manager_for(proxy, **kwargs, ssl_context=self._context)

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """Leave to the context what requests would set on a connection."""


def _bounded(read: Callable[..., bytes], url: str) -> Callable[..., bytes]:
    """Return a read that never takes in more than the bound when it is asked for everything."""

    def bounded(amt: int | None = None, **kwargs: Any) -> bytes:
        try:
            body = read(read_limit() if amt is None else amt, **kwargs)
        except urllib3.exceptions.HTTPError as error:
            raise requests.ConnectionError(error) from error
        if amt is None:
            check_size(body, url)
        return body

    return bounded
