"""A registry at one address: whom to ask, where a redirect may lead, and who may see credentials."""

import ipaddress
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from parsers.http_url import HttpUrl, parse_http_url
from regops.adapters.registry.authentication import Login, log_in
from regops.adapters.registry.credentials import Credentials, docker_credentials
from regops.adapters.registry.dial import is_near
from regops.adapters.registry.exchange import Exchange
from regops.adapters.registry.line import open_line, speaks_tls_instead
from regops.adapters.registry.places import check_place, check_redirect, may_fall_back, parse_target
from regops.adapters.registry.transport import HEADER_ROOM_BYTES, REDIRECTS, proxy_for, send
from regops.errors import Refused, RegopsError
from regops.model.http import HttpFailure, HttpReply
from regops.ports import Connect
from regops.secret import Secret, mask_url
from regops.settings import HttpOptions

_MOST_REDIRECTS = 5
_UNAUTHORIZED = 401


class RegistryClient:
    """The registry at one address; one thread at a time.

    An address without a scheme means https; on loopback, http is tried where TLS finds none.
    """

    def __init__(self, url: str, options: HttpOptions, *, connect: Connect | None = None) -> None:
        given = parse_target(url)
        self._base = replace(given, username=None, password=None)
        self._given = given
        self._options = options
        self._connect = connect
        self._login: Login | None = None

    @property
    def url(self) -> str:
        """The address without credentials and without a trailing slash."""
        return str(self._base)

    def get(self, path: str, *, timeout_seconds: float | None = None) -> HttpReply:
        """Return the reply to GET path, whatever its HTTP status. See ports.Registry."""
        deadline = time.monotonic() + (self._options.timeout_seconds if timeout_seconds is None else timeout_seconds)
        if self._base.scheme:
            return self._get(self._base, path, deadline)
        secure = replace(self._base, scheme="https")
        try:
            reply = self._get(secure, path, deadline)
        except HttpFailure as error:
            if not may_fall_back(error, self._base):
                raise
            secure = replace(self._base, scheme="http")
            reply = self._get(secure, path, deadline)
        self._base = secure
        return reply

    def _get(self, base: HttpUrl, path: str, deadline: float) -> HttpReply:
        url = replace(base, path=base.path + path)
        reply = self._follow(url, deadline)
        if reply.status != _UNAUTHORIZED:
            return self._tell(reply)
        if reply.redirects and parse_http_url(reply.url, source="the reply").origin != url.origin:
            return self._tell(reply, "a redirect led to another place, where no credentials were sent; ask it directly")
        self._login = None
        try:
            login, notes = self._log_in(reply, url, deadline)
        except RegopsError as error:
            return self._tell(reply, f"{error.message}; {error.hint}" if error.hint else error.message)
        if login is None:
            return self._tell(reply, *notes)
        self._login = login
        again = self._follow(url, deadline)
        if again.status == _UNAUTHORIZED:
            self._login = None
            notes.append(f"the registry does not accept the credentials of {login.user}")
        return self._tell(again, *notes)

    def _tell(self, reply: HttpReply, *notes: str) -> HttpReply:
        if self._given.password is not None:
            where = "the password is in the address, where process lists and histories keep it"
            notes = (f"{where}: give --user, and REGOPS_PASSWORD", *notes)
        return replace(reply, login=self._login.user if self._login else None, notes=(*reply.notes, *notes))

    def _log_in(self, reply: HttpReply, url: HttpUrl, deadline: float) -> tuple[Login | None, list[str]]:
        """Return how to answer the challenge of a 401, if there is a way, and what to say about it."""
        notes: list[str] = []
        token = self._options.token
        credentials = None if token else self._credentials(url, deadline)
        guarded = not self._is_local(reply)
        in_clear = url.scheme == "http" and guarded
        if token and in_clear:
            notes.append("the token of REGOPS_TOKEN went over the network in clear: there is no TLS here")
        if credentials and in_clear:
            if not credentials.by_hand:
                return None, [f"the credentials of {credentials.source} were not sent, for there is no TLS here"]
            notes.append("user and password went over the network in clear: there is no TLS here")

        def ask(place: HttpUrl, headers: Mapping[str, str], body: bytes | None) -> HttpReply:
            if guarded:
                check_place(place)
            return self._send(place, deadline, headers=headers, body=body, guarded=guarded)

        login = log_in(
            reply,
            url,
            credentials=credentials,
            token=token,
            auth_hosts=self._options.auth_hosts,
            ask=ask,
        )
        return login, notes

    def _credentials(self, url: HttpUrl, deadline: float) -> Credentials | None:
        options, given = self._options, self._given
        if options.username is not None and options.password is not None:
            return Credentials(options.username, options.password, "given with --user", by_hand=True)
        if given.username is not None and given.password is not None:
            return Credentials(given.username, Secret(given.password), "given in the address", by_hand=True)
        names = dict.fromkeys((url.authority, f"{url.host}:{url.effective_port}"))
        left = max(0.1, deadline - time.monotonic())
        return docker_credentials(tuple(names), os.environ, timeout_seconds=left)

    def _is_local(self, reply: HttpReply) -> bool:
        """Return whether the operator's own target is this machine: then it may lead to other places on it."""
        if self._connect:
            return True
        if reply.via:
            return False  # the address is the proxy's
        try:
            return is_near(ipaddress.ip_address(reply.address))
        except ValueError:
            return False

    def _follow(self, start: HttpUrl, deadline: float) -> HttpReply:
        """Return the reply after at most five redirects, sending credentials to the start's own origin only."""
        url, passed = start, tuple[str, ...]()
        guarded = False
        while True:
            headers: dict[str, str] = {}
            if self._login and url.origin == start.origin:
                headers["Authorization"] = self._login.header.reveal()
            reply = self._send(url, deadline, headers=headers, redirects=passed, guarded=guarded)
            location = reply.header("location")
            if reply.status not in REDIRECTS or not location:
                return reply
            if not passed:
                guarded = not self._is_local(reply)
            onward = check_redirect(location, url, guarded=guarded)
            passed = (*passed, mask_url(str(url)))
            if len(passed) > _MOST_REDIRECTS:
                raise Refused(
                    f"{start} redirects more than {_MOST_REDIRECTS} times, last to {mask_url(str(onward))}",
                    hint="nginx and the registry probably send each other back and forth: compare http and https",
                )
            url = onward

    def _send(
        self,
        url: HttpUrl,
        deadline: float,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        redirects: tuple[str, ...] = (),
        guarded: bool = False,
    ) -> HttpReply:
        exchange = Exchange(
            url=url,
            deadline=deadline,
            limit_bytes=self._options.body_limit_bytes + HEADER_ROOM_BYTES,
            guarded=guarded,
            via=None if self._connect else proxy_for(url),
            redirects=redirects,
        )
        options = self._options
        if url.host != self._base.host:  # what was accepted of the target, and whom we are there, holds for nobody else
            options = replace(options, insecure=False, cert=None, key=None)
        line = partial(open_line, exchange, options, self._connect)
        try:
            return send(exchange, line, headers=headers, body=body)
        except HttpFailure as error:
            raise speaks_tls_instead(exchange, error, self._connect) or error from error
