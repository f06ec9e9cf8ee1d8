"""A hostile, scripted HTTP server on loopback: it misbehaves exactly as a test tells it to, over plain TCP or TLS."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Self

Script = Callable[["Peer"], None]


class Peer:
    """One accepted connection, its request already read up to the empty line (b"" where a script reads nothing)."""

    def __init__(self, connection: socket.socket, server: "FaultServer") -> None:
        self.connection = connection
        self.server = server
        self.head = b""

    @property
    def path(self) -> str:
        return self.head.split(b" ", 2)[1].decode("latin-1") if self.head.count(b" ") >= 2 else ""

    def header(self, name: str) -> str | None:
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None

    def send(self, *chunks: bytes) -> None:
        for chunk in chunks:
            self.connection.sendall(chunk)

    def reply(
        self, status: int = 200, body: bytes | str = b"", headers: Mapping[str, str] | None = None, reason: str = "Said"
    ) -> None:
        content = body.encode() if isinstance(body, str) else body
        fields = {"Content-Length": str(len(content)), "Connection": "close", **(headers or {})}
        lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        self.send("\r\n".join(lines).encode("utf-8"), content)

    def reset(self) -> None:
        """Break the connection off with RST, as docker-proxy does when nothing listens inside."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def wait_for_hang_up(self) -> None:
        """Say nothing more until the client or the test ends."""
        with contextlib.suppress(OSError):
            while not self.server.closing.is_set() and self.connection.recv(4096):
                pass

    def endless(self, chunk: bytes, *, pause_seconds: float = 0.0) -> None:
        """Send the same again and again until the client or the test ends."""
        with contextlib.suppress(OSError):
            while not self.server.closing.wait(pause_seconds):
                self.connection.sendall(chunk)
                self.server.sent_bytes += len(chunk)


class FaultServer:
    """Use as a context manager; `port` and `url` tell where it is, `heads` what it was asked."""

    def __init__(self, script: Script, *, tls: ssl.SSLContext | None = None, read_head: bool = True) -> None:
        self._script = script
        self._tls = tls
        self._read_head = read_head
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._threads: list[threading.Thread] = []
        self._peers: list[socket.socket] = []
        self.closing = threading.Event()
        self.heads: list[bytes] = []
        self.sent_bytes = 0
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        # The first one accepts: after it, no connection is added that nobody would end.
        self._threads[0].join(60)
        self._listener.close()
        for peer in self._peers:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(60)

    @property
    def paths(self) -> list[str]:
        return [head.split(b" ", 2)[1].decode("latin-1") for head in self.heads]

    def _start(self, task: Callable[[], None]) -> None:
        thread = threading.Thread(target=task, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._peers.append(connection)
            self._start(lambda taken=connection: self._talk(taken))  # type: ignore[misc]

    def _talk(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.callback(connection.close)
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
                stack.callback(connection.close)
            peer = Peer(connection, self)
            if self._read_head:
                peer.head = _head(connection)
                if not peer.head:
                    return
                self.heads.append(peer.head)
            self._script(peer)
            # A connection closed over what the client still sends (a body nobody read) is reset, answer and all.
            connection.shutdown(socket.SHUT_WR)
            peer.wait_for_hang_up()


def pages(replies: Mapping[str, tuple[int, str] | tuple[int, str, Mapping[str, str]]]) -> Script:
    """Return a script that answers paths with (status, body, headers), and 404 otherwise."""

    def script(peer: Peer) -> None:
        status, body, *rest = replies.get(peer.path, (404, "no such page"))
        peer.reply(status, body, dict(*rest))

    return script


@contextlib.contextmanager
def refused_port(address: str = "127.0.0.1") -> Iterator[int]:
    """Give a port at which nothing listens, and which nobody is given by chance while it is held.

    Who asks for this very port can listen there, as servers do that may be started again at once (SO_REUSEADDR).
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((address, 0))
        yield held.getsockname()[1]


def _head(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received and len(received) < 65536:
        chunk = connection.recv(4096)
        if not chunk:
            return b""
        received += chunk
    return received
