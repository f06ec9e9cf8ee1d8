"""One HTTP request with a deadline: what everything here that asks a server goes through."""

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass
from socket import socket
from urllib.parse import urlsplit

_ANSWER_BYTES = 1024 * 1024


class RequestFailed(Exception):
    """A server could not be asked, or said no; status is None for the first. The text names what was asked."""

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Answer:
    """What a server said, its body cut at a megabyte."""

    headers: http.client.HTTPMessage
    body: bytes


def request(
    method: str, url: str, ends: float, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> Answer:
    """Return a server's answer, if it is one of success; ends is on the monotonic clock.

    Nothing is redirected, no proxy asked. Raises RequestFailed, or TimeoutError when time is over.
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    shown = url.partition("?")[0]
    connection = kind(parts.hostname or "", parts.port, timeout=seconds_left(ends))
    try:
        connection.request(method, target, body=body, headers=dict(headers or {}))
        talk = connection.sock  # the connection itself lets go of it when the server says that it is the last answer
        talk.settimeout(seconds_left(ends))
        with connection.getresponse() as answer:
            content = _read(answer, talk, ends)
    except TimeoutError:
        raise TimeoutError from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise RequestFailed(f"{method} {shown}: {reason}") from error
    finally:
        connection.close()
    if not 200 <= answer.status < 300:
        raise RequestFailed(f"{method} {shown}: {answer.status} {answer.reason}".rstrip(), answer.status)
    return Answer(answer.headers, content)


def seconds_left(ends: float) -> float:
    """Return how long there is; raises TimeoutError when it is over."""
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _read(answer: http.client.HTTPResponse, talk: socket, ends: float) -> bytes:
    """Read to the end, or to the limit; a server that sends a byte now and then gets no more time for that."""
    content = bytearray()
    # Its length is None for a body that says itself where it ends.
    while len(content) < _ANSWER_BYTES and answer.length != 0 and not answer.isclosed():
        talk.settimeout(seconds_left(ends))
        if not (chunk := answer.read1(64 * 1024)):
            break
        content += chunk
    return bytes(content)
