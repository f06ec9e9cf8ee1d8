"""A proxy in front of a Swift that counts what is uploaded through it, and does harm to uploads as a test tells it."""

import contextlib
import socket
import threading
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Self
from urllib.parse import urlsplit

from fault_server import FaultServer, Peer

Harm = Callable[[str, int], str]
"""Gets the path of an upload below its account and its number among those to this path, from 0 on. Answers what
becomes of it: "" nothing; `cut` or `stall` in the middle of its body; a status, told in the middle; `flip`, a byte of
it is changed; `lost`, Swift has it all, and nobody hears its answer."""
Deaf = Callable[[str, int], str]
"""Gets `HEAD path` or `GET path` and its number among those after the first upload of a manifest. Answers the status
that is told instead of Swift's, "" for Swift's own."""


_FRAME_BYTES = 16


class UploadProxy:
    """Use as a context manager; sent maps paths to the bytes of each upload's body, most is how many came at once."""

    def __init__(
        self, auth_url: str, harm: Harm = lambda path, number: "", deaf: Deaf = lambda question, number: ""
    ) -> None:
        where = urlsplit(auth_url)
        assert where.hostname is not None
        self._swift = where.hostname, where.port or 80
        self._auth_path = where.path
        self._harm = harm
        self._deaf = deaf
        self._joined = False
        self._asked: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()
        self._now = 0
        self._server = FaultServer(self._script)
        self.sent: dict[str, list[int]] = defaultdict(list)
        self.copies: list[str] = []
        self.most = 0

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.__exit__(None, None, None)

    @property
    def auth_url(self) -> str:
        return f"{self._server.url}{self._auth_path}"

    @property
    def sent_bytes(self) -> int:
        return sum(map(sum, self.sent.values()))

    def _script(self, peer: Peer) -> None:
        path = peer.path.split("/", 3)[-1]
        if not peer.head.startswith(b"PUT ") or path.count("/") == 0:
            status = self._told_instead(f"{peer.head.split(b' ')[0].decode()} {path}")
            if status:
                peer.reply(int(status))
            else:
                self._pass(peer, "", [0])()
            return
        self._joined = self._joined or "multipart-manifest=put" in path
        if peer.header("X-Copy-From"):
            self.copies.append(path)
            self._pass(peer, "", [0])()
            return
        with self._lock:
            counts = self.sent[path]
            number = len(counts)
            counts.append(0)
            self._now += 1
            self.most = max(self.most, self._now)
        count = [0]
        try:
            end = self._pass(peer, self._harm(path, number), count)
        finally:
            with self._lock:
                counts[number] = count[0]
                self._now -= 1
        end()  # not before it is counted as ended: whoever hears of it may begin the next one at once

    def _told_instead(self, question: str) -> str:
        if not self._joined:
            return ""
        with self._lock:
            number = self._asked[question]
            self._asked[question] += 1
        return self._deaf(question, number)

    def _pass(self, peer: Peer, harm: str, count: list[int]) -> Callable[[], None]:
        """Pass a request on, its body's bytes counted, and return what ends it for the client."""
        head, _, begun = peer.head.partition(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
        announced = int(peer.header("Content-Length") or 0)
        chunked = (peer.header("Transfer-Encoding") or "") == "chunked"
        with socket.create_connection(self._swift, timeout=30) as server:
            server.sendall(b"\r\n".join([*lines, b"Connection: close", b"", b""]))
            part, last = begun, b""
            while True:
                count[0] += len(part)
                last = (last + part)[-5:]
                if harm == "flip" and (flipped := _flipped(part)):
                    part, harm = flipped, ""
                if not harm.isdigit():
                    with contextlib.suppress(OSError):
                        server.sendall(part)
                if last == b"0\r\n\r\n" if chunked else count[0] >= announced:
                    break
                if harm not in {"", "lost", "flip"} and count[0] > 100_000:
                    return self._harmed(peer, harm)
                part = peer.connection.recv(65536)
                if not part:
                    return peer.connection.close
            assert harm != "flip", "there was no byte to change"
            if harm not in {"", "lost"}:
                return self._harmed(peer, harm)
            answer = b""
            while more := server.recv(65536):
                answer += more
        return peer.reset if harm == "lost" else partial(peer.send, answer)

    def _harmed(self, peer: Peer, harm: str) -> Callable[[], None]:
        if harm == "cut":
            return peer.reset
        if harm == "stall":
            return self._server.closing.wait
        return partial(peer.reply, int(harm))


def _flipped(part: bytes) -> bytes:
    """Return a part with one byte changed, where that cannot be the size of a chunk; b"" where it has no such place."""
    for place in range(_FRAME_BYTES, len(part) - _FRAME_BYTES):
        if b"\r\n" not in part[place - _FRAME_BYTES : place + _FRAME_BYTES]:
            return part[:place] + bytes([part[place] ^ 1]) + part[place + 1 :]
    return b""
