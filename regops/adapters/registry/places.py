"""Where a request may go: what an operator may type, and where a server may send us."""

import contextlib
import ipaddress
from dataclasses import replace

from parsers.errors import ParseError
from parsers.http_url import HttpUrl, parse_http_url, parse_location
from regops.adapters.registry.dial import is_near
from regops.errors import ConfigurationError, Refused
from regops.model.http import Cause, HttpFailure
from regops.secret import mask_url


def parse_target(text: str) -> HttpUrl:
    """Return the address an operator gave, without a trailing slash or /v1, /v2. Raises ConfigurationError."""
    try:
        found = parse_http_url(text, source="the address")
    except ParseError as error:
        raise ConfigurationError(
            f"{error.text!r} is no address of a registry: {error.reason}",
            hint="give it like https://registry.example.com:5000",
        ) from None
    if found.query:
        raise ConfigurationError(f"the address {mask_url(str(found))} has a query", hint="give it without the ?")
    path = found.path.rstrip("/")
    for known in ("/v1", "/v2"):
        path = path.removesuffix(known)
    return replace(found, path=path)


def may_fall_back(error: HttpFailure, base: HttpUrl) -> bool:
    """Return whether plain HTTP is worth a try: on loopback, where TLS found no TLS or, without a port, nothing."""
    try:
        near = ipaddress.ip_address(error.address).is_loopback
    except ValueError:
        return False
    no_tls = error.cause is Cause.CLOSED or (error.cause is Cause.TLS and error.tls is None)
    return near and not error.redirects and (no_tls or (base.port is None and error.cause is Cause.REFUSED))


def check_redirect(location: str, url: HttpUrl, *, guarded: bool) -> HttpUrl:
    """Return where a redirect leads. Raises Refused where nobody should be led."""
    try:
        onward = parse_location(location, url, source=str(url))
    except ParseError as error:
        raise Refused(f"{url} redirects to what is no address of a registry: {error.reason}: {error.text!r}") from error
    if url.scheme == "https" and onward.scheme == "http":
        raise Refused(
            f"{url} redirects from https to http, to {mask_url(str(onward))}",
            hint="let nginx tell the registry its scheme (X-Forwarded-Proto), or set relativeurls",
        )
    if guarded:
        check_place(onward)
    return replace(onward, username=None, password=None)


def check_place(url: HttpUrl) -> None:
    """Refuse an address that names this machine; names that merely lead to it are refused when they are resolved."""
    near = url.host == "localhost" or url.host.endswith(".localhost")
    with contextlib.suppress(ValueError):
        near = near or is_near(ipaddress.ip_address(url.host))
    if near:
        raise Refused(
            f"the registry sends us to {mask_url(str(url))}, on this machine or its own link",
            hint="if that is where it lives, give that address yourself",
        )
