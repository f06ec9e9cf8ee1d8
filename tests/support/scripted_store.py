"""A Swift and a redis of a few lines each, on loopback, that can be told to misbehave."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ScriptedSwift:
    """A v1 Swift: one user, tokens by number, objects in memory.

    valid_token is the only one it takes; drop_token() makes it forget all that it gave. refuse maps a method to the
    status it is answered with, change makes of what was stored what is given back.
    """

    def __init__(self) -> None:
        self.tokens = 0
        self.valid_token = ""
        self.objects: dict[str, bytes] = {}
        self.refuse: dict[str, int] = {}
        self.change: Callable[[bytes], bytes] = bytes
        self.asked: list[str] = []
        self.url = ""

    def drop_token(self) -> None:
        self.valid_token = ""

    @contextlib.contextmanager
    def serving(self) -> Iterator["ScriptedSwift"]:
        """Serve until the block ends."""
        swift = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                swift.answer(self)

            do_PUT = do_DELETE = do_GET  # noqa: N815  the names http.server looks for

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            self.url = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        self.asked.append(f"{request.command} {request.path.split('_status-')[0]}")
        status, content, headers = 404, b"", {}
        if request.path == "/auth/v1.0":
            known = (request.headers.get("X-Auth-User"), request.headers.get("X-Auth-Key")) == ("lab:me", "secret")
            status = 200 if known else 401
            if known:
                self.tokens += 1
                self.valid_token = f"token{self.tokens}"
                headers = {"X-Storage-Url": f"{self.url}/v1/AUTH_lab", "X-Auth-Token": self.valid_token}
        elif request.headers.get("X-Auth-Token") != self.valid_token:
            status = 401
        elif request.command in self.refuse:
            status = self.refuse[request.command]
        elif request.command == "PUT":
            status, self.objects[request.path] = 201, body
        elif request.path in self.objects:
            stored = self.objects[request.path]
            status, content = (200, self.change(stored)) if request.command == "GET" else (204, b"")
            if request.command == "DELETE":
                del self.objects[request.path]
        request.send_response(status)
        for name, text in headers.items():
            request.send_header(name, text)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)


@contextlib.contextmanager
def line_server(answer: Callable[[bytes], bytes | None]) -> Iterator[int]:
    """Yield the port of a server that answers each chunk it is sent by what a function makes of it.

    None ends the connection, b"" leaves the question unanswered.
    """

    def talk(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while chunk := connection.recv(4096):
                found = answer(chunk)
                if found is None:
                    return
                connection.sendall(found)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def redis_answers(chunk: bytes, values: dict[bytes, bytes]) -> bytes:
    """Answer one SET, GET or DEL as redis does."""
    words = chunk.split(b"\r\n")[2::2]
    if words[0] == b"SET":
        values[words[1]] = words[2]
        return b"+OK\r\n"
    if words[0] == b"DEL":
        return b":%d\r\n" % (values.pop(words[1], None) is not None)
    found = values.get(words[1])
    return b"$-1\r\n" if found is None else b"$%d\r\n%s\r\n" % (len(found), found)
