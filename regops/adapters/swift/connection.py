"""HTTP to Swift and Keystone that cannot be led astray: no redirects, no netrc, bounded answers, bounded time."""

import http.client
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import requests
import urllib3.exceptions
from requests.utils import get_environ_proxies
from swiftclient.client import HTTPConnection

from regops.adapters.swift.environment import Tls
from regops.errors import Phase, RegopsError, UnexpectedAnswer, Unreachable
from regops.secret import mask_url

BODY_LIMIT_BYTES = 64 << 20  # a page of 10,000 names of 1,024 bytes, every one escaped
NO_ANSWER = (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError)
"""What HTTP may raise, swiftclient's decoding of headers included; `translate` says what it means."""
_T = TypeVar("_T")


class SafeSession(requests.Session):
    """A session that hands our key or token to the host we named, and to nobody it points at.

    requests follows redirects with every header but Authorization, so X-Auth-Key and X-Auth-Token would travel; it
    reads a redirect's whole body into memory even when told not to follow; and what it reads, it unpacks.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
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
        if response.is_redirect:
            response.close()
            raise UnexpectedAnswer(
                f"{mask_url(request.url or '')} answered {response.status_code} and points at "
                f"{mask_url(response.headers['location'])}; regops sends credentials only where it was told to",
                hint="if that is the right address, put it into ST_AUTH, OS_AUTH_URL or OS_STORAGE_URL",
            )
        raw: Any = response.raw
        raw.read = _bounded(raw.read, mask_url(request.url or ""))
        if not kwargs.get("stream"):
            response._content = raw.read(decode_content=False)  # pyright: ignore[reportPrivateUsage]  # or it unpacks
        return response


def _bounded(read: Callable[..., bytes], url: str) -> Callable[..., bytes]:
    """Return a read that never takes in more than the bound when it is asked for everything."""

    def bounded(amt: int | None = None, **kwargs: Any) -> bytes:
        body = read(BODY_LIMIT_BYTES + 1 if amt is None else amt, **kwargs)
        if amt is None and len(body) > BODY_LIMIT_BYTES:
            raise UnexpectedAnswer(f"{url} sent more than {BODY_LIMIT_BYTES >> 20} MiB of an answer")
        return body

    return bounded


def open_connection(url: str, tls: Tls, *, timeout_seconds: float) -> Any:
    """Return swiftclient's connection over a SafeSession; timeout_seconds bounds each wait for the network."""
    connection: Any = HTTPConnection(
        url,
        cacert=str(tls.cacert) if tls.cacert else None,
        insecure=tls.insecure,
        cert=str(tls.cert) if tls.cert else None,
        cert_key=str(tls.key) if tls.key else None,
        default_user_agent="regops",
        timeout=timeout_seconds,
    )
    connection.request_session = SafeSession(url)
    return connection


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
    """Return what a failure of requests or urllib3, or one that wraps it, means in words."""
    where = mask_url(url)
    chain = tuple(_causes(error))
    for found in chain:
        if isinstance(found, RegopsError):
            return found
    if any(isinstance(found, urllib3.exceptions.NameResolutionError) for found in chain):
        return Unreachable(
            f"cannot look up the host of {where}", hint="check its spelling, and the name servers", phase=Phase.DNS
        )
    for found in chain:
        if isinstance(found, ssl.SSLCertVerificationError):
            return Unreachable(
                f"the certificate of {where} cannot be trusted: {found.verify_message}",
                hint="give the CA that signed it in OS_CACERT, or set OS_INSECURE=true to accept any certificate",
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
    if any(isinstance(found, requests.ConnectTimeout | urllib3.exceptions.ConnectTimeoutError) for found in chain):
        return Unreachable(
            f"cannot connect to {where} within {timeout_seconds:g} s", phase=Phase.CONNECT, timed_out=True
        )
    if any(isinstance(found, TimeoutError | urllib3.exceptions.ReadTimeoutError) for found in chain):
        return Unreachable(
            f"{where} accepted the connection and sent nothing for {timeout_seconds:g} s",
            phase=Phase.FIRST_BYTE,
            timed_out=True,
        )
    if any(isinstance(found, urllib3.exceptions.NewConnectionError) for found in chain):
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
        if isinstance(found, OSError) and found.strerror and not isinstance(found, requests.RequestException):
            return found.strerror
        if isinstance(found, urllib3.exceptions.IncompleteRead):
            return "the answer was cut short"
    return type(chain[-1]).__name__
