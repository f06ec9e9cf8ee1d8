"""The HTTP door against servers that are slow, endless, cut off or no HTTP at all: it ends, bounded, and says why."""

import errno
import gzip
import ipaddress
import socket
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from fault_server import FaultServer, Peer, Script, refused_port
from parsers.http_url import parse_http_url
from registry_door import ask, failure, run_out_of_time
from regops.adapters.registry.dial import dial
from regops.adapters.registry.exchange import Exchange
from regops.errors import Phase, Refused
from regops.model.http import Cause, HttpFailure

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LIMIT = 1 << 20


def then(*chunks: bytes) -> Script:
    return lambda peer: peer.send(*chunks)


def endless(*before: bytes, chunk: bytes, pause: float = 0.0) -> Script:
    def script(peer: Peer) -> None:
        peer.send(*before)
        peer.endless(chunk, pause_seconds=pause)

    return script


@pytest.mark.parametrize(
    ("script", "phase"),
    [
        pytest.param(lambda peer: peer.wait_for_hang_up(), Phase.FIRST_BYTE, id="silent"),
        pytest.param(endless(chunk=b"H", pause=0.02), Phase.BODY, id="slow status line"),
        pytest.param(endless(OK, chunk=b"X: y\r\n", pause=0.02), Phase.BODY, id="slow headers"),
        pytest.param(endless(OK, b"Content-Length: 9999\r\n\r\n", chunk=b"y", pause=0.02), Phase.BODY, id="slow body"),
        pytest.param(endless(OK, b"\r\n", chunk=b"y", pause=0.02), Phase.BODY, id="slow body without length"),
        pytest.param(endless(CHUNKED, chunk=b"1\r\ny\r\n", pause=0.02), Phase.BODY, id="slow chunks"),
        pytest.param(endless(chunk=b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.02), Phase.BODY, id="slow continues"),
    ],
)
def test_a_slow_server_meets_a_deadline_for_the_whole_exchange(
    script: Script, phase: Phase, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_out_of_time(monkeypatch, phase)
    with FaultServer(script) as server:
        error = failure(server.url)
    assert (error.cause, error.phase, error.timed_out) == (Cause.SILENT, phase, True)
    assert server.url in error.message


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        pytest.param(endless(chunk=b"HTTP/1.1 100 Continue\r\n\r\n" * 100), Cause.NOT_HTTP, id="continues"),
        pytest.param(endless(OK, chunk=b"X: y\r\n" * 100), Cause.NOT_HTTP, id="headers"),
        pytest.param(endless(OK, b"X: ", chunk=b"y" * 4096), Cause.NOT_HTTP, id="one header"),
        pytest.param(endless(b"HTTP/1.1 200 ", chunk=b"y" * 4096), Cause.NOT_HTTP, id="status line"),
        pytest.param(endless(CHUNKED, chunk=b"0" * 4096), Cause.CUT, id="chunk size"),
        pytest.param(endless(CHUNKED, b"0\r\n", chunk=b"a: b\r\n" * 1000), Cause.NOT_HTTP, id="trailers"),
    ],
)
def test_what_has_no_end_is_left_after_a_bounded_number_of_bytes(script: Script, cause: Cause) -> None:
    with FaultServer(script) as server:
        error = failure(server.url, timeout_seconds=30)
        sent = server.sent_bytes
    assert error.cause is cause
    assert sent < 16 * LIMIT  # what the kernel buffers of a connection included


@pytest.mark.parametrize("head", [OK + b"\r\n", CHUNKED + b"fffffff\r\n", OK + b"Content-Length: 9999999999\r\n\r\n"])
def test_of_an_endless_body_the_bound_is_kept_and_the_rest_left(head: bytes) -> None:
    with FaultServer(endless(head, chunk=b"y" * 65536)) as server:
        reply = ask(server.url, timeout_seconds=30)
        small = ask(server.url, timeout_seconds=30, body_limit_bytes=10)
    assert (len(reply.body), reply.truncated) == (LIMIT, True)
    assert (small.body, small.truncated) == (b"y" * 10, True)


def test_a_body_of_exactly_the_bound_is_whole() -> None:
    with FaultServer(lambda peer: peer.reply(200, b"y" * 10)) as server:
        reply = ask(server.url, body_limit_bytes=10)
    assert (reply.body, reply.truncated) == (b"y" * 10, False)


def test_a_compressed_body_is_not_asked_for_and_not_unpacked() -> None:
    packed = gzip.compress(bytes(10 * LIMIT))
    with FaultServer(lambda peer: peer.reply(200, packed, {"Content-Encoding": "gzip"})) as server:
        reply = ask(server.url)
    assert b"\r\nAccept-Encoding: identity\r\n" in server.heads[0]
    assert reply.body == packed


MEASURE = """
import resource, sys
from regops.adapters.registry.client import RegistryClient
from regops.errors import RegopsError
from regops.settings import HttpOptions
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    RegistryClient(sys.argv[1], HttpOptions(timeout_seconds=30)).get("/v2/")
except RegopsError as error:
    print(type(error).__name__)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_the_packed_bodies_of_redirects_cost_no_memory() -> None:
    packed = gzip.compress(bytes(256 * LIMIT), compresslevel=1)
    headers = {"Location": "/v2/", "Content-Encoding": "gzip"}
    with FaultServer(lambda peer: peer.reply(302, packed, headers)) as server:
        done = subprocess.run([sys.executable, "-c", MEASURE, server.url], capture_output=True, text=True, timeout=60)
    said, grown_kib = done.stdout.split()
    assert said == "Refused"
    assert int(grown_kib) < 32 * 1024


@pytest.mark.parametrize(
    ("script", "how"),
    [(lambda peer: peer.reset(), "reset"), (lambda peer: None, "closed")],
    ids=["reset", "closed"],
)
def test_a_connection_that_ends_before_an_answer_is_told_from_one_that_was_refused(script: Script, how: str) -> None:
    with FaultServer(script) as server:
        error = failure(server.url)
    assert (error.cause, error.timed_out) == (Cause.CLOSED, False)
    assert how in error.message
    with refused_port() as port:
        assert failure(f"http://127.0.0.1:{port}").cause is Cause.REFUSED


@pytest.mark.parametrize(
    "head", [OK + b"Content-Length: 100\r\n\r\nhalf", CHUNKED + b"64\r\nhalf", CHUNKED + b"zz\r\n", CHUNKED]
)
def test_a_body_cut_short_is_no_reply(head: bytes) -> None:
    with FaultServer(then(head)) as server:
        error = failure(server.url)
    assert (error.cause, error.phase) == (Cause.CUT, Phase.BODY)
    assert "cut short" in error.message


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH server"),
        (b"-ERR unknown command\r\n", "-ERR unknown command"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "speaks TLS, not plain HTTP"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 abc OK"),
        (OK + b"Content-Length: 1, 2\r\n\r\n", "Content-Length"),
        (b"\x00\xff\x1b]0;x\x07\n", "not HTTP"),
    ],
)
def test_what_is_no_http_is_named_by_what_it_said(said: bytes, shown: str) -> None:
    with FaultServer(then(said)) as server:
        error = failure(server.url)
    assert error.cause is Cause.NOT_HTTP
    assert shown in error.message


def test_headers_keep_their_order_and_repetitions() -> None:
    head = OK + b"X-B: 1\r\nx-a: 2\r\nX-B: 3\r\nContent-Length: 0\r\n\r\n"
    with FaultServer(then(head)) as server:
        reply = ask(server.url)
    assert [value for name, value in reply.headers if name.lower() == "x-b"] == ["1", "3"]
    assert (reply.header("X-A"), reply.header("x-c")) == ("2", None)


def test_the_phases_that_happened_are_measured_and_no_others() -> None:
    with FaultServer(lambda peer: peer.reply(200, "{}")) as server:
        phases = ask(server.url).phases
    assert (phases.dns_seconds, phases.tls_seconds) == (None, None)
    assert phases.connect_seconds is not None
    assert phases.first_byte_seconds is not None
    assert phases.total_seconds >= phases.connect_seconds + phases.first_byte_seconds


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    found: list[Any] = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_more: found)


def test_every_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "127.0.0.2", "127.0.0.1")
    with FaultServer(lambda peer: peer.reply(200, "{}")) as server:
        reply = ask(f"http://registry.example:{server.port}")
    assert (reply.status, reply.address) == (200, "127.0.0.1")
    assert reply.phases.dns_seconds is not None
    assert f"\r\nHost: registry.example:{server.port}\r\n".encode() in server.heads[0]


def test_a_name_nobody_knows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: Any, **_more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = failure("http://registry.example")
    assert (error.cause, error.phase) == (Cause.NO_NAME, Phase.DNS)
    assert "registry.example: Name or service not known" in error.message


def test_name_servers_that_hang_meet_the_deadline_too(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hang(*_arguments: Any, **_more: Any) -> Any:
        released.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    error = failure("http://registry.example", timeout_seconds=0.2)
    released.set()
    assert (error.cause, error.phase) == (Cause.SILENT, Phase.DNS)


def test_an_address_nobody_named_may_not_be_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("127.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fe80::1", "0.0.0.0"):
        resolving(monkeypatch, "192.0.2.1", address)
        url = parse_http_url("http://rebinding.example", source="test")
        exchange = Exchange(url=url, deadline=time.monotonic() + 5, limit_bytes=LIMIT, guarded=True)
        with pytest.raises(Refused, match=str(ipaddress.ip_address(address))):
            dial(exchange, url.host, 80)


def test_inside_a_container_connections_are_made_by_the_one_who_can() -> None:
    asked: list[int] = []

    with FaultServer(lambda peer: peer.reply(200, "{}")) as server:

        def connect(port: int, timeout_seconds: float) -> socket.socket:
            asked.append(port)
            return socket.create_connection(("127.0.0.1", server.port), timeout_seconds)

        reply = ask("http://127.0.0.1:8080", connect=connect)
    assert (reply.status, asked) == (200, [8080])


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), Cause.REFUSED),
        (TimeoutError(), Cause.SILENT),
        (OSError(errno.ENETUNREACH, "unreachable"), Cause.NO_ROUTE),
    ],
)
def test_a_failure_to_connect_inside_is_told_as_one_outside(error: OSError, cause: Cause) -> None:
    def connect(port: int, timeout_seconds: float) -> socket.socket:
        raise error

    with pytest.raises(HttpFailure) as caught:
        ask("http://127.0.0.1:8080", connect=connect)
    assert caught.value.cause is cause
