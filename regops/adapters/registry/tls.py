"""TLS to a registry: verified unless told otherwise, and precise about what is wrong where it is not.

A failed handshake says little. So a second one, which accepts anything, looks at the certificate and the protocol; it
carries no request, unless the operator said --insecure.
"""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import replace

from regops.adapters.registry import trust
from regops.adapters.registry.exchange import Exchange
from regops.adapters.registry.trust import (
    accepting_context,
    docker_certificates,
    load_client_certificate,
    verifying_context,
)
from regops.errors import Phase
from regops.model.http import Cause, HttpFailure
from regops.settings import HttpOptions

_MODERN = {"TLSv1.2", "TLSv1.3"}
_SHARE = 0.7
_NOT_TLS = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "RECORD_LAYER_FAILURE",
    "UNKNOWN_PROTOCOL",
    "PACKET_LENGTH_TOO_LONG",
)
_WANTS_CERTIFICATE = ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "UNKNOWN_CA", "CERTIFICATE_UNKNOWN")
_OBSOLETE = {"TLSv1": "TLS 1.0", "TLSv1.1": "TLS 1.1", "SSLv3": "SSL 3.0"}
Open = Callable[[], socket.socket]


def handshake(exchange: Exchange, connect: Open, options: HttpOptions) -> ssl.SSLSocket:
    """Return a TLS session over a connection that connect opens, and note its facts in the exchange.

    Raises HttpFailure telling what is wrong with certificate or protocol, ConfigurationError for unusable files.
    """
    host = exchange.url.host
    with exchange.aside():
        certificates = docker_certificates(exchange)
        context = verifying_context(options, certificates)
        load_client_certificate(context, options, certificates)
    connection = connect()
    started = time.monotonic()
    try:
        session = _wrap(exchange, context, connection)
    except ssl.SSLError as error:
        return _second_look(exchange, connect, options, error)
    except HttpFailure as error:
        if error.timed_out and _speaks_http(exchange, connect):
            raise _plain(exchange) from error
        raise
    exchange.tls_seconds = time.monotonic() - started
    _note(exchange, session, host, error=None, verified=True)
    return session


def explain(exchange: Exchange, error: ssl.SSLError) -> HttpFailure:
    """Return what a TLS error means after the handshake: in TLS 1.3, a missing client certificate shows only then."""
    phase = Phase.FIRST_BYTE if exchange.first_byte_seconds is None else Phase.BODY
    if _is(error, _WANTS_CERTIFICATE):
        return _wants_certificate(exchange, phase, error)
    return exchange.failure(Cause.TLS, phase, f"TLS broke off: {_alert(error)}", "the server's own log says why")


def speaks_tls(exchange: Exchange, connect: Open) -> bool:
    """Return whether a port that hung up on plain HTTP shakes hands in TLS."""
    with contextlib.suppress(OSError, HttpFailure), _wrap(exchange, accepting_context(), connect()):
        return True
    return False


def _wrap(exchange: Exchange, context: ssl.SSLContext, connection: socket.socket) -> ssl.SSLSocket:
    """Shake hands. Raises HttpFailure when the deadline passes or the connection is lost, SSLError for all of TLS."""
    try:
        # Some of the time is kept: a plain HTTP server that waits for the end of a line is as silent as a dead one.
        connection.settimeout(exchange.remaining(Phase.TLS) * _SHARE)
        return context.wrap_socket(connection, server_hostname=exchange.url.host)
    except TimeoutError:
        raise exchange.silent(Phase.TLS) from None
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
        raise exchange.closed(Phase.TLS, "closed") from error
    except ssl.SSLError:
        raise
    except OSError as error:
        _close_unfinished(error)
        raise exchange.lost(Phase.TLS, error) from error
    except ValueError as error:  # a host name that cannot be one in TLS
        said = f"TLS cannot ask for this host: {error}"
        raise exchange.failure(Cause.TLS, Phase.TLS, said, "check the spelling") from error
    finally:
        connection.close()  # the session has the descriptor now, or nobody needs it


def _close_unfinished(error: OSError) -> None:
    """Close the session that wrap_socket began: it forgets to where the connection was reset before the handshake."""
    trace = error.__traceback__
    while trace:
        begun = trace.tb_frame.f_locals.get("self")
        if isinstance(begun, ssl.SSLSocket):
            begun.close()
        trace = trace.tb_next


def _second_look(exchange: Exchange, connect: Open, options: HttpOptions, error: ssl.SSLError) -> ssl.SSLSocket:
    """Find out why a handshake failed. Returns a session that accepts anything when insecure allows it, raises else."""
    if _is(error, _NOT_TLS) and _speaks_http(exchange, connect):
        raise _plain(exchange) from error
    context = accepting_context()
    load_client_certificate(context, options, docker_certificates(exchange))
    started = time.monotonic()
    try:
        session = _wrap(exchange, context, connect())
    except (ssl.SSLError, HttpFailure) as again:
        raise _rejection(exchange, again if isinstance(again, ssl.SSLError) else error, None) from again
    exchange.tls_seconds = time.monotonic() - started
    rejected = error if isinstance(error, ssl.SSLCertVerificationError) else None
    _note(exchange, session, exchange.url.host, error=rejected, verified=False)
    failure = _rejection(exchange, error, session.version())
    if options.insecure:
        exchange.distrust = failure.said
        return session
    session.close()
    raise failure from error


def _rejection(exchange: Exchange, error: ssl.SSLError, version: str | None) -> HttpFailure:
    """Return what a failed handshake means; version is what a client that accepts anything agreed on, if it could."""
    if isinstance(error, ssl.SSLCertVerificationError):
        faults = exchange.tls.faults if exchange.tls else ()
        said = f"its certificate is not accepted: {'; '.join(faults) or error.verify_message}"
        hint = _remedy(exchange)
    elif version is None and _is(error, _WANTS_CERTIFICATE):
        return _wants_certificate(exchange, Phase.TLS, error)
    elif version is None:
        said = f"the TLS handshake failed: {_alert(error)}"
        hint = "the server's own log says why; it may ask for a client certificate (--cert, --key)"
    else:
        old = f"it speaks only {_OBSOLETE.get(version, version)}, which is obsolete"
        said = f"its TLS is too weak to be accepted: {_alert(error)}" if version in _MODERN else old
        hint = "let its nginx offer TLS 1.2 or newer (ssl_protocols, ssl_ciphers); --insecure asks all the same"
    return exchange.failure(Cause.TLS, Phase.TLS, said, hint)


def _remedy(exchange: Exchange) -> str:
    """Return what to do about a certificate: one step for each kind of fault."""
    said = " ".join(exchange.tls.faults) if exchange.tls else ""
    steps: list[str] = []
    if "not trusted here" in said:
        folder = trust.DOCKER_CERTIFICATES / exchange.url.authority
        steps.append(f"trust its issuer (--cacert FILE, or {folder}/ca.crt)")
    if "expired" in said:
        steps.append("renew it, and let nginx reload")
    if "subjectAltName" in said or ", not for" in said:
        steps.append(f"give it a subjectAltName for {exchange.url.host}, or ask by a name it has")
    # --insecure is for the place that was named: what a redirect leads to must be asked by itself.
    last = f"ask {exchange.url.authority} itself" if exchange.redirects else "--insecure asks all the same"
    return "; ".join([*steps, last])


def _plain(exchange: Exchange) -> HttpFailure:
    place = replace(exchange.url, scheme="http", port=exchange.url.effective_port)
    said, hint = "this port speaks plain HTTP, not TLS", f"ask {place} if it is meant to be so"
    return exchange.failure(Cause.TLS, Phase.TLS, said, hint)


def _wants_certificate(exchange: Exchange, phase: Phase, error: ssl.SSLError) -> HttpFailure:
    said = f"the server did not accept our client certificate, or misses one ({_alert(error)})"
    return exchange.failure(Cause.TLS, phase, said, "give one with --cert and --key")


def _note(
    exchange: Exchange, session: ssl.SSLSocket, host: str, *, error: ssl.SSLCertVerificationError | None, verified: bool
) -> None:
    with exchange.aside():
        from regops.adapters.registry.certificates import read_facts  # cryptography is for those who speak TLS

        der = session.getpeercert(binary_form=True)
        if der:
            exchange.tls = read_facts(der, session, host=host, now=time.time(), error=error, verified=verified)


def _speaks_http(exchange: Exchange, connect: Open) -> bool:
    """Ask once in plain HTTP, and return whether the answer begins as HTTP does."""
    with contextlib.suppress(OSError, HttpFailure), contextlib.closing(connect()) as connection:
        connection.settimeout(exchange.remaining(Phase.TLS))
        connection.sendall(f"HEAD / HTTP/1.0\r\nHost: {exchange.url.authority}\r\n\r\n".encode("ascii"))
        return connection.recv(5) == b"HTTP/"
    return False


def _is(error: ssl.SSLError, reasons: tuple[str, ...]) -> bool:
    said = f"{error.reason or ''} {error.strerror or ''}".upper().replace(" ", "_")
    return any(reason in said for reason in reasons)


def _alert(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).lower().replace("_", " ")
