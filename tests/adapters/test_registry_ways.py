"""Addresses without a scheme, and the way through a proxy."""

import base64
import json
import os
import re
import socket
import threading
from contextlib import closing
from pathlib import Path

import pytest
import requests
import responses

from certificates import authority, make_identity, server_context
from fault_server import FaultServer, Peer, Script, refused_port
from registry_door import ask, failure
from regops.adapters.registry import tls
from regops.adapters.registry.client import RegistryClient
from regops.errors import ConfigurationError, Refused
from regops.model.http import Cause
from regops.secret import Secret
from regops.settings import HttpOptions


def answer(peer: Peer) -> None:
    peer.reply(200, "{}")


def client(url: str) -> RegistryClient:
    return RegistryClient(url, HttpOptions(timeout_seconds=5))


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "http://a\r\nX: y", "http://a:99999", "-o", "http://a\x1b[2J", "", "ftp://a", "http://a/?q"],
)
def test_what_is_no_address_of_a_registry_is_a_usage_error(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        client(url)
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("url", ["http://bob:hunter2@a:99999", "http://bob:hun/ter2@a", "http://bob:hunter2@a/?q=1"])
def test_a_refused_address_is_told_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        client(url)
    assert "ter2" not in f"{caught.value}{caught.value.hint}"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("https://registry.example/", "https://registry.example"),
        ("https://registry.example/v2/", "https://registry.example"),
        ("http://registry.example:5000/prefix/", "http://registry.example:5000/prefix"),
        ("https://bob:pw@registry.example", "https://registry.example"),
        ("registry.example:5000", "https://registry.example:5000"),
    ],
)
def test_the_address_is_shown_without_credentials_and_slash(given: str, shown: str) -> None:
    assert client(given).url == shown


def test_a_prefix_stays_before_every_path() -> None:
    with FaultServer(answer) as server:
        ask(f"{server.url}/prefix/v2/")
    assert server.paths == ["/prefix/v2/"]


def test_without_a_scheme_tls_is_asked_first(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authority().certificate_pem)
    context = server_context(tmp_path, make_identity("r", issuer=authority(), names=("127.0.0.1",)))
    with FaultServer(answer, tls=context) as server:
        reply = ask(f"127.0.0.1:{server.port}", cacert=ca)
        untrusted = failure(f"127.0.0.1:{server.port}")
    assert reply.url == f"https://127.0.0.1:{server.port}/v2/"
    assert untrusted.cause is Cause.TLS  # a bad certificate is no reason to do without any


def test_without_a_scheme_plain_http_is_found_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "_SHARE", 0.01)
    with FaultServer(answer) as server:
        door = RegistryClient(f"127.0.0.1:{server.port}", HttpOptions(timeout_seconds=60))
        reply = door.get("/v2/")
    assert (reply.status, door.url) == (200, server.url)


def test_without_a_scheme_and_without_anyone_https_is_what_was_asked() -> None:
    with refused_port() as port:
        error = failure(f"127.0.0.1:{port}")
    assert error.message.startswith(f"https://127.0.0.1:{port}")


@responses.activate
def test_without_a_scheme_plain_http_is_not_tried_elsewhere() -> None:
    responses.get("https://registry.example/v2/", body=requests.ConnectionError("no TLS there"))
    assert "no TLS there" in failure("registry.example").message
    assert len(responses.calls) == 1


def proxy(seen: list[Peer], target_port: int | None) -> Script:
    """A proxy that forwards nothing but answers itself, or connects CONNECT to a port of this machine."""

    def script(peer: Peer) -> None:
        seen.append(peer)
        if not peer.head.startswith(b"CONNECT "):
            peer.reply(200, "{}")
        elif target_port is None:
            peer.reply(403, "", reason="Forbidden")
        else:
            with closing(socket.create_connection(("127.0.0.1", target_port))) as onward:
                peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=pump, args=(onward, peer.connection), daemon=True)
                back.start()
                pump(peer.connection, onward)
                back.join(5)

    return script


def pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while chunk := source.recv(65536):
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


def test_plain_http_goes_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Peer] = []
    with FaultServer(proxy(seen, None)) as server:
        monkeypatch.setenv("HTTP_PROXY", server.url.replace("http://", "http://eve:s3cret@"))
        monkeypatch.setenv("http_proxy", server.url.replace("http://", "http://eve:s3cret@"))
        reply = ask("http://registry.example:5000")
    assert (reply.status, reply.via) == (200, server.url)
    assert seen[0].head.startswith(b"GET http://registry.example:5000/v2/ HTTP/1.1\r\n")
    assert seen[0].header("proxy-authorization") == "Basic " + base64.b64encode(b"eve:s3cret").decode()
    assert "s3cret" not in repr(reply)


def test_https_goes_through_a_tunnel_and_is_verified_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authority().certificate_pem)
    context = server_context(tmp_path, make_identity("r", issuer=authority(), names=("registry.example",)))
    seen: list[Peer] = []
    with FaultServer(answer, tls=context) as server, FaultServer(proxy(seen, server.port)) as between:
        monkeypatch.setenv("HTTPS_PROXY", between.url)
        reply = ask("https://registry.example", cacert=ca)
        untrusted = failure("https://registry.example")
    assert (reply.status, reply.via) == (200, between.url)
    assert reply.tls is not None
    assert reply.tls.verified
    assert seen[0].head.startswith(b"CONNECT registry.example:443 HTTP/1.1\r\n")
    assert untrusted.cause is Cause.TLS
    assert f"through the proxy {between.url}" in untrusted.message


def test_a_proxy_that_does_not_connect_us_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(proxy([], None)) as between:
        monkeypatch.setenv("HTTPS_PROXY", between.url)
        error = failure("https://registry.example")
    assert error.cause is Cause.PROXY
    assert "HTTP/1.1 403 Forbidden" in error.message


@pytest.mark.parametrize("said", [b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000, b"nonsense\r\n\r\n", b""])
def test_a_proxy_that_talks_nonsense_is_left(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    with FaultServer(lambda peer: peer.send(said)) as between:
        monkeypatch.setenv("HTTPS_PROXY", between.url)
        assert failure("https://registry.example").cause is Cause.PROXY


def test_no_proxy_is_honoured_and_this_machine_is_never_behind_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(answer) as server, refused_port() as port:
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        assert ask(server.url).via is None
        assert failure("http://registry.example").via == f"http://127.0.0.1:{port}"
        monkeypatch.setenv("NO_PROXY", "registry.invalid")
        assert failure("http://registry.invalid").via is None


@pytest.mark.parametrize("address", ["socks5://127.0.0.1:1", "https://127.0.0.1:1", "http://eve:s3cret@:x"])
def test_a_proxy_that_cannot_be_used_is_a_usage_error(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    with pytest.raises(ConfigurationError, match="proxy") as caught:
        ask("https://registry.example")
    assert not re.search("s3cret", f"{caught.value}")


def test_a_proxy_on_this_machine_does_not_make_the_registry_a_local_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(peer: Peer) -> None:
        if b"/moved" in peer.head.split(b" ")[1]:
            peer.reply(302, "", {"Location": "http://127.0.0.1:5001/"})
        else:
            peer.reply(401, "", {"WWW-Authenticate": "Basic realm=r"})

    folder = Path(os.environ["HOME"]) / ".docker"
    folder.mkdir()
    auth = base64.b64encode(b"bob:hunter2").decode()
    (folder / "config.json").write_text(json.dumps({"auths": {"registry.example": {"auth": auth}}}))
    with FaultServer(script) as server:
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, server.url)
        reply = ask("http://registry.example")
        with pytest.raises(Refused, match="on this machine"):
            ask("http://registry.example", "/moved")
        told = ask("http://registry.example", token=Secret("t0ken"))
    assert (reply.status, reply.via) == (401, server.url)
    assert any("were not sent, for there is no TLS here" in note for note in reply.notes)
    assert any("token of REGOPS_TOKEN went over the network in clear" in note for note in told.notes)
    assert not any(b"Basic" in head for head in server.heads)
