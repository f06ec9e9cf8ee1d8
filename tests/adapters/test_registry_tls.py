"""TLS: verified by default, and each thing that can be wrong with it named."""

import ssl
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from certificates import Identity, authority, make_identity, server_context, write_identity
from fault_server import FaultServer, Peer
from registry_door import ask, failure, run_out_of_time
from regops.adapters.registry import line, tls, trust
from regops.errors import ConfigurationError, Phase
from regops.model.http import Cause
from regops.settings import HttpOptions

HERE = "127.0.0.1"


def answer(peer: Peer) -> None:
    peer.reply(200, "{}")


def signed(*names: str, days: tuple[int, int] = (-1, 30)) -> Identity:
    return make_identity("registry", issuer=authority(), names=names, days=days)


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    path.write_bytes(authority().certificate_pem)
    return path


def serving(folder: Path, identity: Identity, change: Callable[[ssl.SSLContext], None] | None = None) -> FaultServer:
    context = server_context(folder, identity)
    if change:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of old protocols, which is the point
            change(context)
    return FaultServer(answer, tls=context)


def test_a_certificate_of_a_trusted_authority_is_accepted_and_described(tmp_path: Path, ca: Path) -> None:
    with serving(tmp_path, signed(HERE, "registry.example")) as server:
        reply = ask(server.url, cacert=ca)
    facts = reply.tls
    assert facts is not None
    assert (reply.status, facts.verified, facts.faults, reply.notes) == (200, True, (), ())
    assert (facts.subject, facts.issuer) == ("CN=registry", "CN=regops test CA")
    assert (facts.names, facts.days_left, facts.self_signed) == (("registry.example", HERE), 29, False)
    assert facts.protocol in {"TLSv1.2", "TLSv1.3"}
    assert reply.phases.tls_seconds is not None


@pytest.mark.parametrize(
    ("identity", "trusted", "said"),
    [
        (signed(HERE), False, ["issued by CN=regops test CA, which is not trusted here"]),
        (make_identity("registry", names=(HERE,)), False, ["it is self-signed"]),
        (make_identity("registry"), False, ["it is self-signed", "no subjectAltName, only the common name registry"]),
        (signed(HERE, days=(-30, -3)), True, ["it expired on", "3 days ago"]),
        (signed(HERE, days=(3, 30)), True, ["it is valid only from"]),
        (signed("a.example", "10.0.0.1"), True, ["it is for a.example, 10.0.0.1, not for 127.0.0.1"]),
        (signed(), True, ["no subjectAltName, only the common name registry"]),
        (make_identity("x", names=("b.example",), days=(-9, -2)), False, ["self-signed", "expired", "for b.example"]),
    ],
    ids=["unknown issuer", "self-signed", "self-signed, no names", "expired", "not yet", "name", "no names", "all"],
)
def test_what_is_wrong_with_a_certificate_is_named_with_its_facts(
    tmp_path: Path, ca: Path, identity: Identity, trusted: bool, said: list[str]
) -> None:
    trust = {"cacert": ca} if trusted else {}
    with serving(tmp_path, identity) as server:
        error = failure(server.url, **trust)
        reply = ask(server.url, insecure=True, **trust)
    assert (error.cause, error.phase) == (Cause.TLS, Phase.TLS)
    assert error.tls is not None
    for words in said:
        assert words in error.message
        assert words in " ".join(error.tls.faults)
        assert words in " ".join(reply.notes)
    assert not server.heads[1:]  # the refused one never became a request
    assert (reply.status, reply.tls and reply.tls.verified) == (200, False)


@pytest.mark.parametrize(
    ("version", "shown"), [(ssl.TLSVersion.TLSv1, "TLS 1.0"), (ssl.TLSVersion.TLSv1_1, "TLS 1.1")], ids=["1.0", "1.1"]
)
def test_a_server_of_obsolete_tls_is_recognised(tmp_path: Path, ca: Path, version: ssl.TLSVersion, shown: str) -> None:
    def age(context: ssl.SSLContext) -> None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = version

    with serving(tmp_path, signed(HERE), age) as server:
        error = failure(server.url, cacert=ca)
        reply = ask(server.url, cacert=ca, insecure=True)
    assert f"it speaks only {shown}, which is obsolete" in error.message
    assert (reply.status, reply.tls and reply.tls.protocol) == (200, "TLSv1" if shown == "TLS 1.0" else "TLSv1.1")
    assert "obsolete" in " ".join(reply.notes)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_a_client_certificate_that_is_asked_for_is_named_and_can_be_given(
    tmp_path: Path, ca: Path, newest: ssl.TLSVersion
) -> None:
    def demand(context: ssl.SSLContext) -> None:
        context.maximum_version = newest
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(ca)

    cert, key = write_identity(tmp_path, make_identity("operator", issuer=authority()), "client")
    with serving(tmp_path, signed(HERE), demand) as server:
        error = failure(server.url, cacert=ca)
        reply = ask(server.url, cacert=ca, cert=cert, key=key)
    assert error.cause is Cause.TLS
    assert "--cert" in error.hint
    assert reply.status == 200


def test_a_port_that_speaks_plain_http_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "_SHARE", 0.01)
    with FaultServer(answer) as server:  # waits for the end of a line, which a handshake does not send
        error = failure(f"https://{HERE}:{server.port}")
    assert error.cause is Cause.TLS
    assert "speaks plain HTTP, not TLS" in error.message
    assert f"http://{HERE}:{server.port}" in error.hint


def test_a_port_that_speaks_tls_is_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "_LOOK_SECONDS", 60.0)
    with serving(tmp_path, signed(HERE)) as server:
        error = failure(f"http://{HERE}:{server.port}")
    assert "speaks TLS, not plain HTTP" in error.message
    assert f"https://{HERE}:{server.port}" in error.hint


@pytest.mark.parametrize(
    ("script", "cause", "said"),
    [
        (lambda peer: peer.send(b"\x15\x03\x01\x00\x02\x02\x50"), Cause.TLS, "alert internal error"),
        (lambda peer: peer.reset(), Cause.CLOSED, "reset"),
        (lambda peer: None, Cause.CLOSED, ""),
        (lambda peer: peer.wait_for_hang_up(), Cause.SILENT, "silence"),
        (lambda peer: peer.endless(b"\x16\x03\x01\xff\xff" * 100), Cause.TLS, ""),
    ],
    ids=["alert", "reset", "closed", "silent", "garbage"],
)
def test_a_handshake_that_fails_is_told_by_how(
    script: Any, cause: Cause, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if cause is Cause.SILENT:
        run_out_of_time(monkeypatch, Phase.TLS)
    with FaultServer(script, read_head=False) as server:
        error = failure(f"https://{HERE}:{server.port}")
    assert error.cause is cause
    assert said in error.message


def test_the_authority_that_docker_trusts_for_a_registry_is_trusted(
    tmp_path: Path, ca: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "DOCKER_CERTIFICATES", tmp_path / "certs.d")
    with serving(tmp_path, signed(HERE)) as server:
        folder = tmp_path / "certs.d" / f"{HERE}:{server.port}"
        folder.mkdir(parents=True)
        assert "certs.d" in failure(server.url).hint
        (folder / "ca.crt").write_bytes(ca.read_bytes())
        assert ask(server.url).status == 200


def test_the_bundle_of_the_environment_is_trusted(tmp_path: Path, ca: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(ca))
    with serving(tmp_path, signed(HERE)) as server:
        assert ask(server.url).status == 200


@pytest.mark.parametrize("option", ["cacert", "cert"])
def test_a_file_that_is_no_certificate_is_a_usage_error(tmp_path: Path, option: str) -> None:
    path = tmp_path / "empty.pem"
    path.write_text("not PEM")
    with pytest.raises(ConfigurationError, match="no usable"):
        ask(f"https://{HERE}:1", **{option: path})


def test_a_server_that_serves_once_is_told_by_its_first_fault(tmp_path: Path) -> None:
    """The second look finds nobody: the first handshake's own words have to do."""
    context = server_context(tmp_path, signed(HERE))
    served: list[Peer] = []

    def once(peer: Peer) -> None:
        if served:
            peer.reset()
            return
        served.append(peer)
        context.wrap_socket(peer.connection, server_side=True)

    with FaultServer(once, read_head=False) as server:
        error = failure(f"https://{HERE}:{server.port}")
    assert error.cause is Cause.TLS
    assert "its certificate is not accepted" in error.message


def test_what_was_accepted_of_one_host_holds_for_no_other_that_it_redirects_to(tmp_path: Path, ca: Path) -> None:
    cert, key = write_identity(tmp_path, make_identity("operator", issuer=authority()), "client")
    context = server_context(tmp_path, signed("localhost"))
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(ca)
    shown: list[Any] = []

    def script(peer: Peer) -> None:
        assert isinstance(peer.connection, ssl.SSLSocket)
        shown.append(peer.connection.getpeercert())
        answer(peer)

    with FaultServer(script, tls=context) as other:
        place = f"https://localhost:{other.port}/v2/"
        moved = FaultServer(
            lambda peer: peer.reply(307, "", {"Location": place}), tls=server_context(tmp_path, signed(HERE))
        )
        with moved:
            error = failure(moved.url, insecure=True)
            reply = ask(moved.url, cacert=ca, cert=cert, key=key)
    assert (error.cause, error.redirects) == (Cause.TLS, (f"{moved.url}/v2/",))
    assert f"ask localhost:{other.port} itself" in error.hint
    assert "--insecure" not in error.hint
    assert (reply.status, shown) == (200, [None])


def test_the_time_of_a_reply_leaves_out_what_we_read_ourselves(
    tmp_path: Path, ca: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda clock=time.monotonic: clock() + seconds[0])

    def slow(options: HttpOptions, certificates: Path | None) -> ssl.SSLContext:
        seconds[0] += 1000.0
        return trust.verifying_context(options, certificates)

    monkeypatch.setattr(tls, "verifying_context", slow)
    with serving(tmp_path, signed(HERE)) as server:
        reply = ask(server.url, cacert=ca, timeout_seconds=2000.0)
    assert reply.phases.total_seconds < 1000
