"""Messages between regops and its helper processes: a JSON object and some bytes, over a stream socket."""

import json
import socket
import struct
import time
from typing import Any

_HEADER = struct.Struct("!II")


def send_frame(connection: socket.socket, message: dict[str, Any], payload: bytes = b"") -> None:
    """Send one message. Raises OSError when the other side is gone, or with a timeout set does not take it."""
    text = json.dumps(message).encode("ascii")
    connection.sendall(_HEADER.pack(len(text), len(payload)) + text + payload)


def receive_frame(connection: socket.socket, *, deadline: float | None = None) -> tuple[dict[str, Any], bytes]:
    """Return the next message. Raises EOFError at the end, TimeoutError past the deadline (on the monotonic clock)."""
    text_size, payload_size = _HEADER.unpack(_receive(connection, _HEADER.size, deadline))
    text = _receive(connection, text_size, deadline)
    return json.loads(text), _receive(connection, payload_size, deadline)


def _receive(connection: socket.socket, size: int, deadline: float | None) -> bytes:
    received = bytearray()
    while len(received) < size:
        if deadline is not None:
            connection.settimeout(max(deadline - time.monotonic(), 0.001))
        chunk = connection.recv(size - len(received))
        if not chunk:
            raise EOFError
        received += chunk
    return bytes(received)
