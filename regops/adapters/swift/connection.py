"""HTTP to Swift that cannot be led astray: no redirects, no netrc, bounded answers, bounded time.

It is http.client's own, for each library on top of it takes longer to load than a small answer takes to come.
"""

import contextlib
import http.client
import os
import select
import socket
import ssl
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from regops import __version__
from regops.adapters.swift.environment import Tls
from regops.errors import ConfigurationError, Phase, RegopsError, UnexpectedAnswer, Unreachable
from regops.secret import mask_broken_url, mask_url

BODY_LIMIT_BYTES = 64 << 20  # a page of 10,000 names of 1,024 bytes, every one escaped
NO_ANSWER = (http.client.HTTPException, OSError, ValueError)
"""What HTTP may raise, requests' and the codecs' own included; `translate` says what it means."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CONNECT_TIMEOUTS = frozenset({"_ConnectTimeout", "ConnectTimeout", "ConnectTimeoutError"})
_READ_TIMEOUTS = frozenset({"ReadTimeout", "ReadTimeoutError"})
_T = TypeVar("_T")


class _ConnectTimeout(TimeoutError):
    """The time was over before there was a connection."""


class Response(http.client.HTTPResponse):
    """A response whose whole body is never larger than the bound, and never shorter than announced."""

    def read(self, amt: int | None = None) -> bytes:
        """Return the body, or so many bytes of it."""
        body = super().read(read_limit() if amt is None else amt)
        if amt is None:
            check_size(body, "the server")
            if self.length:  # http.client says nothing where it was given a size
                raise http.client.IncompleteRead(body, self.length)
        return body


class Connection:
    """One connection to one server, straight or through a proxy; it opens itself, and again when it was closed.

    timeout_seconds bounds each wait for the network. Its methods raise NO_ANSWER's errors, and UnexpectedAnswer for
    a redirect.
    """

    def __init__(self, url: str, tls: Tls, *, timeout_seconds: float) -> None:
        place, proxy = urlsplit(url), _proxy_for(url)
        self._url = url
        self._prefix = f"{place.scheme}://{place.netloc.rpartition('@')[2]}" if proxy and place.scheme == "http" else ""
        self._headers: dict[str, str] = {"User-Agent": f"regops/{__version__}"}
        host, port = place.hostname or "", place.port
        options: dict[str, Any] = {"timeout": timeout_seconds}
        kind: Any = http.client.HTTPConnection
        if place.scheme == "https":
            kind, options["context"] = http.client.HTTPSConnection, tls_context(tls)
        if not proxy:
            self._http: Any = kind(host, port, **options)
        elif place.scheme == "https":
            self._http = kind(proxy.hostname, proxy.port or 80, **options)
            self._http.set_tunnel(host, port, headers=_proxy_authorization(proxy))
        else:
            self._http = kind(proxy.hostname, proxy.port or 80, **options)
            self._headers |= _proxy_authorization(proxy)
        self._http.response_class = Response
        # One that the server ends with its answer belongs to the response, and is closed with it.
        self._ends: list[Callable[[], None]] = [self._http.close]
        # Of what is kept for a question that never comes. At the end of the process another thread may be in a read,
        # and closing would wait for it.
        weakref.finalize(self, _call_all, self._ends).atexit = False

    def request(self, method: str, target: str, body: Any = b"", headers: Mapping[str, str] | None = None) -> None:
        """Send a request; a body that is an iterator of bytes goes in chunks, without an announced length."""
        if self._http.sock is not None and select.select([self._http.sock], [], [], 0)[0]:
            self._http.close()  # the server has hung up meanwhile, or says what nobody asked
        if self._http.sock is None:
            try:
                self._http.connect()
            except TimeoutError as error:
                raise _ConnectTimeout from error
        fields = {name: value.encode("utf-8") for name, value in {**self._headers, **(headers or {})}.items()}
        # Who hangs up on an upload has often said why before.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._http.request(method, self._prefix + target, body or None, fields)

    def getresponse(self) -> Response:
        """Return the response once its headers are there."""
        response: Response = self._http.getresponse()
        self._ends[1:] = [response.close]
        try:
            refuse_redirect(self._url, response.status, response.getheader("location"))
        except BaseException:
            self.close()
            raise
        return response

    def close(self) -> None:
        """Hang up."""
        _call_all(self._ends)


def _call_all(calls: list[Callable[[], None]]) -> None:
    for call in calls:
        call()


def open_connection(url: str, tls: Tls, *, timeout_seconds: float) -> Connection:
    """Return a connection to the server of an address. Raises ConfigurationError for files TLS cannot use."""
    return Connection(url, tls, timeout_seconds=timeout_seconds)


def headers_of(response: http.client.HTTPResponse) -> dict[str, str]:
    """Return a response's headers, names in lower case; Swift sends UTF-8, and http.client takes it for Latin-1."""
    return {
        name.lower(): value.encode("latin-1", "replace").decode("utf-8", "replace")
        for name, value in response.getheaders()
    }


def refuse_redirect(url: str, status: int, location: str | None) -> None:
    """Raise UnexpectedAnswer for a redirect."""
    if status in _REDIRECTS and location:
        raise UnexpectedAnswer(
            f"{mask_url(url)} answered {status} and points at "
            f"{mask_url(location)}; regops sends credentials only where it was told to",
            hint="if that is the right address, put it into ST_AUTH, OS_AUTH_URL or OS_STORAGE_URL",
        )


def read_limit() -> int:
    """Return how many bytes to ask for, to see whether there are more than the bound."""
    return BODY_LIMIT_BYTES + 1


def check_size(body: bytes, url: str) -> None:
    """Raise UnexpectedAnswer for a body beyond the bound."""
    if len(body) > BODY_LIMIT_BYTES:
        raise UnexpectedAnswer(f"{mask_url(url)} sent more than {BODY_LIMIT_BYTES >> 20} MiB of an answer")


@cache
def tls_context(tls: Tls) -> ssl.SSLContext:
    """Return what TLS trusts: OS_CACERT alone, else the system's authorities, else those that come with certifi."""
    try:
        context = ssl.create_default_context(cafile=str(tls.cacert)) if tls.cacert else ssl.create_default_context()
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"{tls.cacert} is no usable CA bundle: {error}", hint="it must be PEM") from error
    # Python sets this from 3.13 on, and so refuses private authorities of an older recipe, which curl takes.
    context.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_STRICT
    paths = ssl.get_default_verify_paths()
    if not tls.cacert and not paths.cafile and not paths.capath:
        import certifi  # requests brings it: for a Python whose OpenSSL knows of no bundle of this system

        context.load_verify_locations(certifi.where())
    if tls.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert:
        try:
            # Without this, OpenSSL would ask the terminal for the password of an encrypted key.
            context.load_cert_chain(tls.cert, tls.key, password=lambda: "")
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"OS_CERT and OS_KEY are no usable client certificate: {tls.cert}", hint="both must be PEM"
            ) from error
    return context


def _proxy_for(url: str) -> Any:
    """Return the proxy that the environment names for an address, split, or None."""
    if not any(name.lower().endswith("_proxy") and value for name, value in os.environ.items()):
        return None
    from requests.utils import get_environ_proxies, select_proxy  # it reads NO_PROXY as everybody does

    text = select_proxy(url, get_environ_proxies(url))
    if not text:
        return None
    found = urlsplit(text if "://" in text else f"http://{text}")
    if found.scheme != "http" or not found.hostname:
        raise ConfigurationError(f"the proxy {mask_broken_url(text)} cannot be used", hint="it must be an http address")
    return found


def _proxy_authorization(proxy: Any) -> dict[str, str]:
    if not proxy.username:
        return {}
    import base64

    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}


def within(seconds: float, url: str, call: Callable[[], _T], *, close: Callable[[], None] = lambda: None) -> _T:
    """Return what a call returns, or raise what it raises, before a deadline. Raises Unreachable after it.

    A timeout on a socket bounds one wait, not the whole: a server that sends a byte now and then, or a name server
    that never answers, would hold us for ever. So the call runs in a thread that can be left behind. close is called
    unless the answer is returned, and in that thread: in another it would wait for the very read that is stuck.
    """
    lock, done = threading.Lock(), threading.Event()
    answers: list[_T] = []
    errors: list[BaseException] = []
    left_behind = False

    def run() -> None:
        try:
            answer = call()
        except BaseException as error:  # noqa: BLE001 - raised again, where somebody waits for it
            close()
            errors.append(error)
        else:
            with lock:
                if left_behind:
                    close()
                answers.append(answer)
        done.set()

    threading.Thread(target=run, daemon=True).start()
    done.wait(seconds)
    with lock:
        left_behind = not answers and not errors
    if errors:
        raise errors[0]
    if answers:
        return answers[0]
    raise Unreachable(
        f"no whole answer from {mask_url(url)} within {seconds:g} s",
        hint="is that host well, and is the way there? --timeout gives it more time",
        phase=Phase.FIRST_BYTE,
        timed_out=True,
    )


def translate(error: BaseException, url: str, *, timeout_seconds: float) -> RegopsError:
    """Return what a failure of HTTP, or one that wraps it as requests' do, means in words."""
    where = mask_url(url)
    chain = tuple(_causes(error))
    for found in chain:
        if isinstance(found, RegopsError):
            return found
    if any(isinstance(found, socket.gaierror) for found in chain):
        return Unreachable(
            f"cannot look up the host of {where}", hint="check its spelling, and the name servers", phase=Phase.DNS
        )
    for found in chain:
        if isinstance(found, ssl.SSLCertVerificationError):
            return Unreachable(
                f"the certificate of {where} cannot be trusted: {found.verify_message}",
                hint="--os-cacert (OS_CACERT) names the CA that signed it; --insecure accepts any certificate",
                phase=Phase.TLS,
            )
    for found in chain:
        if isinstance(found, ssl.SSLError):
            why = (found.reason or type(found).__name__).lower().replace("_", " ")
            return Unreachable(
                f"no TLS with {where}: {why}", hint="does it speak http, or an old TLS?", phase=Phase.TLS
            )
    if any(isinstance(found, ConnectionRefusedError) for found in chain):
        return Unreachable(
            f"cannot connect to {where}: connection refused",
            hint="is the service up, and the port right?",
            phase=Phase.CONNECT,
        )
    if any(type(found).__name__ in _CONNECT_TIMEOUTS for found in chain):
        return Unreachable(
            f"cannot connect to {where} within {timeout_seconds:g} s", phase=Phase.CONNECT, timed_out=True
        )
    if any(isinstance(found, TimeoutError) or type(found).__name__ in _READ_TIMEOUTS for found in chain):
        return Unreachable(
            f"{where} accepted the connection and sent nothing for {timeout_seconds:g} s",
            phase=Phase.FIRST_BYTE,
            timed_out=True,
        )
    if any(type(found).__name__ == "NewConnectionError" for found in chain):
        return Unreachable(f"cannot connect to {where}: {_innermost(chain)}", phase=Phase.CONNECT)
    return Unreachable(f"no whole answer from {where}: {_innermost(chain)}", phase=Phase.FIRST_BYTE)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and everything it was made of; requests and urllib3 nest theirs as arguments, too."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        found = waiting.pop(0)
        if id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        nested = (found.__cause__, found.__context__, getattr(found, "reason", None), *found.args)
        waiting.extend(each for each in nested if isinstance(each, BaseException))


def _innermost(chain: tuple[BaseException, ...]) -> str:
    """Return the operating system's or the protocol's own words, never a message that may quote our headers."""
    for found in chain:
        if isinstance(found, OSError) and found.errno and found.strerror:
            return found.strerror
        if isinstance(found, http.client.IncompleteRead):
            return "the answer was cut short"
    return type(chain[-1]).__name__
