"""Keeps the search index: takes the registry's notifications, and answers the classic search.

    POST /events     202  at once, whatever is in them: it waits in memory, and a dead index keeps nobody waiting
    GET  /v1/search  200  {"num_results": 1, "query": "app", "results": [{"name": "team/app", …}], …}
                     503  {"error": "the index does not answer within 5 s"}
    GET  /report     200  {"failure": "", "waiting": 0, "dropped": 0, …}: for the status service and registry-reindex
    POST /reindex    202  looks at everything once; 409 when it is at it

Only the search is to be had from outside, through nginx.
"""

import json
import signal
import sys
import threading
import time
from concurrent.futures import Future
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from index_errors import IndexFailed
from index_hints import HintQueue, read_hints
from index_search import BadQuestion, read_question, search_answer, search_body
from index_writer import Writer
from paths import INDEX_CONFIG

if TYPE_CHECKING:
    from index_store import IndexStore

ADDRESS = ("127.0.0.1", 5003)
# Of tags that were pushed or deleted and not looked at yet. A thousand of them take less than a megabyte.
QUEUE_LIMIT = 10_000
# The engine's own notifications are some kilobytes long.
_EVENTS_BYTES = 4 * 1024 * 1024
SEARCH_SECONDS = 5.0
_WRITE_SECONDS = 15.0
# So many may wait for the index at the same time.
_SEARCHES = 16


class Searches:
    """Questions to the index with a deadline, and no more of them at a time than it should have."""

    def __init__(self, store: "IndexStore") -> None:
        self._store = store
        self._free = threading.Semaphore(_SEARCHES)

    def ask(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the index's answer within the deadline. Raises IndexFailed."""
        if not self._free.acquire(blocking=False):
            raise IndexFailed("the index has too many questions to answer")
        answer: Future[dict[str, Any]] = Future()
        threading.Thread(target=self._ask, args=(body, answer), daemon=True).start()
        try:
            return answer.result(timeout=SEARCH_SECONDS)
        except TimeoutError:
            raise IndexFailed(f"the index does not answer within {SEARCH_SECONDS:g} s") from None

    def _ask(self, body: dict[str, Any], answer: "Future[dict[str, Any]]") -> None:
        try:
            answer.set_result(self._store.search(body, SEARCH_SECONDS))
        except IndexFailed as error:
            answer.set_exception(IndexFailed(f"the index cannot be asked: {error}"))
        except Exception as error:  # noqa: BLE001  whoever waits shall not wait for nothing
            answer.set_exception(IndexFailed(f"the index cannot be asked: {type(error).__name__}"))
        finally:
            self._free.release()


class Handler(BaseHTTPRequestHandler):
    """Answers for one connection; the rest is set by serve()."""

    queue: HintQueue
    writer: Writer
    searches: Searches
    timeout = 30  # seconds for a client that says nothing
    protocol_version = "HTTP/1.1"  # the engine keeps its connection

    def do_POST(self) -> None:
        """Take notifications, or the order to reindex."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length[:18]) > _EVENTS_BYTES:
            # An answer of failure would make the engine send it again, for ever.
            self.close_connection = True
            if self.path == "/events":
                say("a notification of no length, or of more than 4 MiB, is left out")
                self.queue.drop(1)
            self._answer(HTTPStatus.ACCEPTED, {"taken": 0})
            return
        body = self.rfile.read(int(length))
        if self.path == "/events":
            hints = read_hints(body)
            self.writer.take(hints)
            self._answer(HTTPStatus.ACCEPTED, {"taken": len(hints)})
        elif self.path == "/reindex":
            self._answer(HTTPStatus.ACCEPTED if self.writer.reindex() else HTTPStatus.CONFLICT, {})
        else:
            self._answer(HTTPStatus.NOT_FOUND, {"error": "Not found"})

    def do_GET(self) -> None:
        """Answer a search, or how it goes."""
        path, _, query = self.path.partition("?")
        if path == "/report":
            self._answer(HTTPStatus.OK, self.writer.report())
        elif path == "/v1/search":
            self._answer(*self._search(query))
        else:
            self._answer(HTTPStatus.NOT_FOUND, {"error": "Not found"})

    do_HEAD = do_GET  # noqa: N815  the name http.server looks for

    def _search(self, query: str) -> tuple[HTTPStatus, dict[str, Any]]:
        try:
            question = read_question(query)
            return HTTPStatus.OK, search_answer(question, self.searches.ask(search_body(question)))
        except BadQuestion as error:
            return HTTPStatus.BAD_REQUEST, {"error": str(error)}
        except IndexFailed as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"error": str(error)}
        except (KeyError, TypeError, ValueError, AttributeError):
            return HTTPStatus.SERVICE_UNAVAILABLE, {"error": "what answers in the index's place is none"}

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server's own signature
        """Write no line a request: nginx has one for each search, and the log is for what goes wrong."""

    def version_string(self) -> str:
        """Say nothing of Python."""
        return "docker-registry"

    def _answer(self, status: HTTPStatus, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-cache")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Listens until it is shut down."""

    daemon_threads = True
    request_queue_size = 64


def say(text: str) -> None:
    """Write one line to the log that supervisor keeps."""
    print(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {' '.join(text.split())}", flush=True)


def serve(queue: HintQueue, writer: Writer, store: "IndexStore", address: tuple[str, int]) -> ThreadingHTTPServer:
    """Return a server that listens; call its serve_forever()."""
    parts = {"queue": queue, "writer": writer, "searches": Searches(store)}
    return Server(address, type("ConfiguredHandler", (Handler,), parts))


def main() -> None:
    """Serve until a signal."""
    from index_store import IndexStore

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    told = json.loads(INDEX_CONFIG.read_text(encoding="utf-8"))
    queue = HintQueue(QUEUE_LIMIT)
    store = IndexStore(
        told["url"], told["name"], username=told["username"], password=told["password"], seconds=_WRITE_SECONDS
    )
    writer = Writer(queue, store, say)
    with serve(queue, writer, store, ADDRESS) as listening:
        say(f"listening on {ADDRESS[0]}:{ADDRESS[1]}, writes to {told['name']} at {told['url']}")
        writer.start()
        try:
            listening.serve_forever()
        except KeyboardInterrupt:
            pass
        finally:
            writer.stop()


if __name__ == "__main__":
    main()
