"""One HTTP exchange as regops saw it: the reply or why there was none, how long each phase took, what TLS showed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from regops.errors import Phase, Unreachable


@dataclass(frozen=True, slots=True)
class Phases:
    """Seconds spent in each phase; None for a phase that did not happen (no TLS, a connection made elsewhere)."""

    dns_seconds: float | None
    connect_seconds: float | None
    tls_seconds: float | None
    first_byte_seconds: float | None
    total_seconds: float


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """The certificate a server showed and the protocol it agreed on.

    names are the subjectAltName entries (DNS names and addresses); subject and issuer are RFC 4514 strings; not_after
    is in UTC; days_left is negative once expired. verified is False only when verification was switched off or failed;
    faults then says in words what is wrong.
    """

    protocol: str
    cipher: str
    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    days_left: int
    self_signed: bool
    verified: bool
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpReply:
    """The reply to one GET, after at most five redirects.

    url is the address that answered, without credentials; address is the numeric peer; headers keep their order and
    spelling, lookups ignore case; body holds at most the bound the client was given, and truncated says if more came.
    via is the proxy that was asked, without credentials; login says as whom, when credentials were sent and accepted;
    notes are what the operator should know of how it was asked: credentials that were withheld or refused, a
    certificate that would not have been accepted.
    """

    url: str
    address: str
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool
    phases: Phases
    tls: TlsFacts | None
    redirects: tuple[str, ...]
    via: str | None = None
    login: str | None = None
    notes: tuple[str, ...] = ()

    def header(self, name: str) -> str | None:
        """Return the first header of that name, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 are shown as hexadecimal escapes."""
        return self.body.decode("utf-8", "backslashreplace")


class Cause(StrEnum):
    """Why no whole reply came."""

    NO_NAME = "name not found"
    NO_ROUTE = "no route"
    REFUSED = "refused"
    SILENT = "silent"
    CLOSED = "closed"
    TLS = "tls"
    CUT = "cut short"
    NOT_HTTP = "not http"
    PROXY = "proxy"


class HttpFailure(Unreachable):
    """No whole reply came; cause says why, and address, tls, redirects and via how far it got.

    said is the message without the address that was asked, for places that show the address anyway.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str,
        phase: Phase,
        cause: Cause,
        said: str = "",
        address: str = "",
        tls: TlsFacts | None = None,
        redirects: tuple[str, ...] = (),
        via: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, phase=phase, timed_out=cause is Cause.SILENT)
        self.cause = cause
        self.said = said or message
        self.address = address
        self.tls = tls
        self.redirects = redirects
        self.via = via
