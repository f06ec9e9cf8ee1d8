"""One HTTP exchange as regops saw it: the reply, how long each phase took, and what TLS showed."""

from dataclasses import dataclass
from datetime import datetime


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
    is in UTC; days_left is negative once expired. verified is False only when verification was switched off or failed.
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


@dataclass(frozen=True, slots=True)
class HttpReply:
    """The reply to one GET, after at most five redirects.

    url is the address that answered, without credentials; address is the numeric peer; headers keep their order and
    spelling, lookups ignore case; body holds at most the bound the client was given, and truncated says if more came.
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

    def header(self, name: str) -> str | None:
        """Return the first header of that name, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)
