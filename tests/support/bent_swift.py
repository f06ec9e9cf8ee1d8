"""A proxy in front of a Swift that bends what it answers, as a test tells it to."""

import socket
from collections.abc import Callable
from urllib.parse import urlsplit

from fault_server import FaultServer, Peer

Bend = Callable[[Peer, bytes, socket.socket], None]
"""Gets the client, the answer's head with its empty line, and the server whose next bytes are the body."""


def bent_swift(auth_url: str, path_part: str, bend: Bend, *, method: str = "GET") -> FaultServer:
    """Return a proxy, to be used as a context manager, that bends the answers to GETs of paths that hold path_part."""
    where = urlsplit(auth_url)
    assert where.hostname is not None

    def script(peer: Peer) -> None:
        with socket.create_connection((where.hostname, where.port or 80), timeout=30) as server:
            server.sendall(_closing(peer.head))
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                byte = server.recv(1)
                if not byte:
                    return
                head += byte
            if peer.head.startswith(f"{method} ".encode()) and path_part in peer.path:
                bend(peer, head, server)
                return
            peer.send(head)
            pass_on(peer, server)

    return FaultServer(script)


def pass_on(peer: Peer, server: socket.socket, *, most_bytes: int | None = None) -> int:
    """Pass the body on as it comes, at most so many bytes of it; return how many there were."""
    sent = 0
    while most_bytes is None or sent < most_bytes:
        chunk = server.recv(65536 if most_bytes is None else min(65536, most_bytes - sent))
        if not chunk:
            break
        peer.send(chunk)
        sent += len(chunk)
    return sent


def pass_whole(peer: Peer, head: bytes, server: socket.socket) -> None:
    """Be the bend that bends nothing."""
    peer.send(head)
    pass_on(peer, server)


def answer(status: int) -> Bend:
    """Return a bend that says something else instead."""

    def bend(peer: Peer, head: bytes, server: socket.socket) -> None:
        peer.send(f"HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

    return bend


def flip_byte(at: int) -> Bend:
    """Return a bend that changes one byte of the body."""

    def bend(peer: Peer, head: bytes, server: socket.socket) -> None:
        peer.send(head)
        pass_on(peer, server, most_bytes=at)
        peer.send(bytes([server.recv(1)[0] ^ 1]))
        pass_on(peer, server)

    return bend


def cut_after(count: int) -> Bend:
    """Return a bend that hangs up in the middle of the body, as if it were over."""

    def bend(peer: Peer, head: bytes, server: socket.socket) -> None:
        peer.send(head)
        pass_on(peer, server, most_bytes=count)

    return bend


def stall_after(count: int) -> Bend:
    """Return a bend that says nothing more in the middle of the body."""

    def bend(peer: Peer, head: bytes, server: socket.socket) -> None:
        peer.send(head)
        pass_on(peer, server, most_bytes=count)
        peer.wait_for_hang_up()

    return bend


def drip_after(count: int) -> Bend:
    """Return a bend that sends a byte now and then in the middle of the body."""

    def bend(peer: Peer, head: bytes, server: socket.socket) -> None:
        peer.send(head)
        pass_on(peer, server, most_bytes=count)
        peer.endless(b"x", pause_seconds=0.05)

    return bend


def _closing(head: bytes) -> bytes:
    """Return a request whose answer ends with its connection."""
    lines = [line for line in head.split(b"\r\n") if line and not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])
