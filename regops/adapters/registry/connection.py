"""A socket whose every read and write ends by one deadline.

A timeout per read is no deadline: a server that sends one byte a second keeps such a client for ever.
"""

import errno
import io
import socket
import ssl
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from regops.adapters.registry.exchange import Exchange
from regops.errors import Phase
from regops.model.http import Cause, HttpFailure

if TYPE_CHECKING:
    from typing_extensions import Buffer  # collections.abc has it from Python 3.12 on

_GONE = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ENOTCONN}


class BoundSocket:
    """A connected socket, plain or TLS, bounded by what is left of its exchange's time and room.

    It is as much of a socket as http.client needs. `close` leaves the connection open, for http.client closes it while
    the body is still to be read; `hang_up` ends it. explain turns a failure of TLS into the error to raise.
    """

    def __init__(
        self, connection: socket.socket, exchange: Exchange, explain: Callable[[ssl.SSLError], HttpFailure]
    ) -> None:
        self._connection = connection
        self._exchange = exchange
        self._explain = explain
        self._asked = time.monotonic()

    def makefile(self, mode: str = "rb", buffering: int = -1) -> io.BufferedReader:  # noqa: ARG002 - as a socket has it
        """Return a reader of what comes."""
        return io.BufferedReader(_Reader(self))

    def settimeout(self, seconds: float | None) -> None:
        """Do nothing: the deadline decides."""

    def close(self) -> None:
        """Do nothing: see the class."""

    def hang_up(self) -> None:
        """Close the connection."""
        self._connection.close()

    def sendall(self, data: bytes) -> None:
        """Send all of it. A connection that is gone is no error here: an answer may have come all the same."""
        self._connection.settimeout(self._exchange.remaining(Phase.REQUEST))
        # From before the call: on loopback the answer is often there when it returns.
        self._asked = time.monotonic()
        try:
            self._connection.sendall(data)
        except TimeoutError:
            raise self._exchange.silent(Phase.REQUEST) from None
        except ssl.SSLEOFError:
            pass  # gone, in TLS
        except ssl.SSLError as error:
            raise self._explain(error) from error
        except OSError as error:
            if error.errno not in _GONE:
                raise self._exchange.lost(Phase.REQUEST, error) from error

    def recv_into(self, buffer: "Buffer") -> int:
        """Return the number of bytes read, 0 at the end."""
        exchange = self._exchange
        phase = Phase.FIRST_BYTE if exchange.first_byte_seconds is None else Phase.BODY
        self._connection.settimeout(exchange.remaining(phase))
        try:
            count = self._connection.recv_into(buffer)
        except TimeoutError:
            raise exchange.silent(phase) from None
        except ssl.SSLEOFError:
            count = 0  # closed without TLS's goodbye, as many servers do; the body's length tells whether it was whole
        except ssl.SSLError as error:
            raise self._explain(error) from error
        except OSError as error:
            raise exchange.lost(phase, error) from error
        if count and exchange.first_byte_seconds is None:
            exchange.first_byte_seconds = time.monotonic() - self._asked
        exchange.received_bytes += count
        if exchange.received_bytes > exchange.limit_bytes:
            said = f"more than {exchange.limit_bytes} bytes came, and no end of it"
            raise exchange.failure(Cause.NOT_HTTP, phase, said, "this is not how a registry answers")
        return count


class _Reader(io.RawIOBase):
    """The reading side of a BoundSocket; closing it does not end the connection."""

    def __init__(self, source: BoundSocket) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer") -> int:
        return self._source.recv_into(buffer)
