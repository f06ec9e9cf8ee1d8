"""One HTTP request under way: how much time and room is left, what was measured, and how its failures are told."""

import errno
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from parsers.http_url import HttpUrl
from regops.errors import Phase
from regops.model.http import Cause, HttpFailure, Phases, TlsFacts
from regops.secret import mask_url

LOOK_INSIDE = "`regops ps` shows which containers run; `regops logs CONTAINER` shows what they said last"


@dataclass(slots=True)
class Exchange:
    """One request to one address.

    deadline is on the monotonic clock; limit_bytes bounds what is received, headers included; guarded refuses addresses
    of this machine and of the local link, for places that the operator did not name; via is the proxy;
    distrust is what --insecure went past.
    """

    url: HttpUrl
    deadline: float
    limit_bytes: int
    guarded: bool = False
    via: HttpUrl | None = None
    redirects: tuple[str, ...] = ()
    address: str = ""
    tls: TlsFacts | None = None
    distrust: str = ""
    started: float = field(default_factory=time.monotonic)
    received_bytes: int = 0
    dns_seconds: float | None = None
    connect_seconds: float | None = None
    tls_seconds: float | None = None
    first_byte_seconds: float | None = None

    def remaining(self, phase: Phase) -> float:
        """Return the seconds left, more than 0. Raises HttpFailure when there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise self.silent(phase)
        return left

    @contextmanager
    def aside(self) -> Generator[None]:
        """Leave out of the total what happens within: reading our own trust store is no part of anybody's answer."""
        begun = time.monotonic()
        yield
        self.started += time.monotonic() - begun

    def phases(self) -> Phases:
        """Return how long each phase took, up to now."""
        return Phases(
            dns_seconds=self.dns_seconds,
            connect_seconds=self.connect_seconds,
            tls_seconds=self.tls_seconds,
            first_byte_seconds=self.first_byte_seconds,
            total_seconds=time.monotonic() - self.started,
        )

    def failure(self, cause: Cause, phase: Phase, message: str, hint: str) -> HttpFailure:
        """Return the error that tells how this exchange ended."""
        through = f" through the proxy {self.via}" if self.via else ""
        return HttpFailure(
            f"{mask_url(str(self.url))}{through}: {message}",
            hint=hint,
            phase=phase,
            cause=cause,
            said=message,
            address=self.address,
            tls=self.tls,
            redirects=self.redirects,
            via=str(self.via) if self.via else None,
        )

    def silent(self, phase: Phase) -> HttpFailure:
        """Return the error for a deadline that passed."""
        waited = f"{time.monotonic() - self.started:.1f} s"
        match phase:
            case Phase.DNS:
                said = f"the name servers gave no answer within {waited}"
                hint = "see /etc/resolv.conf, or give the numeric address"
            case Phase.CONNECT:
                said = f"nothing answered the connection within {waited}"
                hint = "is the host up, and does a firewall let this port through?"
            case Phase.BODY:
                said, hint = f"the answer began, and did not end within {waited}", LOOK_INSIDE
            case _:
                said = f"the connection was accepted, then {waited} of silence"
                hint = f"a paused or hanging container does this; {LOOK_INSIDE}"
        return self.failure(Cause.SILENT, phase, said, hint)

    def closed(self, phase: Phase, how: str) -> HttpFailure:
        """Return the error for a connection that the other side ended before it answered."""
        if self.tls_seconds is not None and phase is not Phase.TLS:
            said = f"TLS came up, then the connection was {how} without an answer"
            hint = "it may want a client certificate (--cert, --key); the server's own log says why"
            return self.failure(Cause.TLS, phase, said, hint)
        said = f"the connection was accepted, then {how} without an answer"
        hint = f"a published port does this when nothing listens behind it: nginx in there is stopped; {LOOK_INSIDE}"
        return self.failure(Cause.CLOSED, phase, said, hint)

    def lost(self, phase: Phase, error: OSError) -> HttpFailure:
        """Return the error for a connection that broke while it was read or written."""
        how = "reset" if error.errno == errno.ECONNRESET else f"lost ({reason(error)})"
        if phase is not Phase.BODY:
            return self.closed(phase, how)
        return self.failure(Cause.CUT, phase, f"the connection was {how} in the middle of the answer", LOOK_INSIDE)


def reason(error: OSError) -> str:
    """Return what the operating system calls an error."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)
