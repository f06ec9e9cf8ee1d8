"""Redirects: few, to places that make sense, and without what was meant for somebody else."""

from collections.abc import Callable

import pytest
import responses

from fault_server import FaultServer, Peer, Script
from registry_door import ask
from regops.errors import Refused
from regops.secret import Secret

BOB = {"username": "bob", "password": Secret("hunter2")}


def moved(location: str, status: int = 302) -> Script:
    return lambda peer: peer.reply(status, "", {"Location": location})


def protected(onward: Callable[[], str] | None = None) -> Script:
    """Ask for basic credentials; once they came, redirect or answer."""

    def script(peer: Peer) -> None:
        if peer.header("authorization") is None:
            peer.reply(401, "", {"WWW-Authenticate": "Basic realm=r"})
        elif onward:
            peer.reply(307, "", {"Location": onward()})
        else:
            peer.reply(200, "{}")

    return script


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_and_remembered(status: int) -> None:
    def script(peer: Peer) -> None:
        peer.reply(200, "{}") if peer.path == "/new" else moved("/new", status)(peer)

    with FaultServer(script) as server:
        reply = ask(server.url)
    assert (reply.status, reply.url, reply.redirects) == (200, f"{server.url}/new", (f"{server.url}/v2/",))


def test_a_redirect_without_a_location_is_an_answer() -> None:
    with FaultServer(lambda peer: peer.reply(302, "here")) as server:
        assert (ask(server.url).status, ask(server.url).body) == (302, b"here")


def test_redirects_in_a_circle_end() -> None:
    with FaultServer(moved("/v2/")) as server, pytest.raises(Refused, match="more than 5 times"):
        ask(server.url)
    assert len(server.heads) == 6


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "unix:///run/docker.sock",
        "gopher://127.0.0.1/",
        "ftp://a/",
        "http://a b/",
        "http://a:99999/",
    ],
)
def test_a_redirect_to_what_is_no_web_address_is_refused(location: str) -> None:
    with FaultServer(moved(location)) as server, pytest.raises(Refused, match="no address of a registry"):
        ask(server.url)


def test_a_location_cannot_smuggle_in_headers() -> None:
    with FaultServer(moved("/x%0d%0aX-Evil:%201")) as server, pytest.raises(Refused, match="more than 5"):
        ask(server.url)
    assert not any(b"\r\nX-Evil" in head for head in server.heads)


def test_credentials_stay_with_the_place_they_were_meant_for() -> None:
    with FaultServer(lambda peer: peer.reply(200, "{}")) as other, FaultServer(protected(lambda: other.url)) as first:
        reply = ask(first.url, **BOB)
    assert (reply.status, reply.redirects) == (200, (f"{first.url}/v2/",))
    assert b"Authorization" in first.heads[1]
    assert not any(b"authorization" in head.lower() for head in other.heads)


def test_a_place_that_was_redirected_to_gets_none_for_the_asking() -> None:
    with FaultServer(protected()) as other, FaultServer(moved(other.url)) as first:
        reply = ask(first.url, **BOB)
    assert (reply.status, len(other.heads)) == (401, 1)
    assert "no credentials were sent" in reply.notes[0]


def test_credentials_within_a_location_are_not_used() -> None:
    with FaultServer(lambda peer: peer.reply(200, "{}")) as other:
        place = other.url.replace("http://", "http://eve:pw@")
        with FaultServer(moved(place)) as first:
            reply = ask(first.url)
    assert not any(b"authorization" in head.lower() for head in other.heads)
    assert "pw" not in f"{reply}"


def test_the_host_of_a_location_is_what_follows_the_at_sign() -> None:
    with FaultServer(lambda peer: peer.reply(200, "{}")) as other:
        place = f"http://registry.example@127.0.0.1:{other.port}/"
        with FaultServer(moved(place)) as first:
            reply = ask(first.url)
    assert reply.url == f"{other.url}/"


def test_a_signed_address_is_not_shown_with_its_signature() -> None:
    def script(peer: Peer) -> None:
        moved("/blob?temp_url_sig=canary&x=1")(peer) if peer.path == "/v2/" else peer.reply(200, "{}")

    with FaultServer(script) as server:
        reply = ask(server.url)
    assert reply.url == f"{server.url}/blob?temp_url_sig=***&x=1"
    assert "canary" in server.paths[1]


# A server that is not on this machine cannot be had here: what it says is put in its mouth.
@pytest.mark.parametrize(
    "location", ["http://127.0.0.1:2375/", "http://localhost/", "http://169.254.169.254/latest", "http://[::1]/", "http://0.0.0.0/"]
)  # fmt: skip
@responses.activate
def test_a_server_elsewhere_may_not_send_us_to_this_machine(location: str) -> None:
    responses.get("http://registry.example/v2/", status=302, headers={"Location": location})
    with pytest.raises(Refused, match="on this machine or its own link"):
        ask("http://registry.example")


@responses.activate
def test_from_https_there_is_no_way_back_to_http() -> None:
    responses.get("https://registry.example/v2/", status=302, headers={"Location": "http://registry.example/v2/"})
    with pytest.raises(Refused, match="from https to http"):
        ask("https://registry.example")
