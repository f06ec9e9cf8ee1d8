"""Servers that refuse, lie, stall and point elsewhere: what is said, in bounded time and memory, and to whom."""

import json
import socketserver
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import pytest

from certificates import authority, make_identity, server_context, write_identity
from fault_server import FaultServer, Peer, Script, refused_port
from keystone_double import PASSWORD, USER, keystone_double, read_body
from regops.adapters.swift.connection import tls_context
from regops.adapters.swift.store import SwiftStore
from regops.collectors.bootstrap.listing import collect_tarballs
from regops.errors import AuthenticationFailed, NotFound, RegopsError, Unavailable, UnexpectedAnswer, Unreachable
from regops.wiring import SystemClock

KEY = "hunter2"
LISTING = json.dumps([{"name": "image.tar", "bytes": 3, "hash": "x"}])
REDIRECTS = [301, 302, 303, 307, 308]


def swift(store: Script | None = None) -> FaultServer:
    """Return a Swift that authenticates anybody, and answers questions by a script."""

    def script(peer: Peer) -> None:
        if peer.path == "/auth/v1.0":
            url = f"{peer.server.url}/v1/AUTH_x"
            peer.reply(200, "", {"X-Storage-Url": url, "X-Auth-Token": f"token {len(peer.server.heads)}"})
        elif store:
            store(peer)
        else:
            peer.reply(200, "[]" if "marker" in peer.path else LISTING)

    return FaultServer(script)


def v1(server: FaultServer, **more: str) -> dict[str, str]:
    return {"ST_AUTH": f"{server.url}/auth/v1.0", "ST_USER": "test:tester", "ST_KEY": KEY, **more}


def names(environ: dict[str, str], *, seconds: float = 10) -> list[str]:
    store = SwiftStore.from_environment(environ, timeout_seconds=seconds)
    found = collect_tarballs(store, "images", SystemClock(), timeout_seconds=seconds, look=False)
    return [one.name for one in found.objects]


def failure(environ: dict[str, str], *, seconds: float = 10) -> RegopsError:
    with pytest.raises(RegopsError) as error:
        names(environ, seconds=seconds)
    assert KEY not in f"{error.value.message} {error.value.hint}"
    assert PASSWORD not in f"{error.value.message} {error.value.hint}"
    return error.value


@pytest.mark.parametrize("status", REDIRECTS)
def test_a_key_follows_no_redirect(status: int) -> None:
    with swift() as elsewhere, FaultServer(to(f"{elsewhere.url}/auth/v1.0", status)) as server:
        error = failure(v1(server))
        assert isinstance(error, UnexpectedAnswer)
        assert f"answered {status} and points at {elsewhere.url}/auth/v1.0" in error.message
        assert elsewhere.heads == []


@pytest.mark.parametrize("status", REDIRECTS)
def test_a_token_follows_no_redirect(status: int) -> None:
    with swift() as elsewhere, swift(to(f"{elsewhere.url}/v1/AUTH_x/images", status)) as server:
        assert f"points at {elsewhere.url}" in failure(v1(server)).message
        assert elsewhere.heads == []


@pytest.mark.parametrize("status", REDIRECTS)
def test_a_change_follows_no_redirect(status: int) -> None:
    def script(peer: Peer) -> None:
        if peer.path.endswith("/images"):
            peer.reply(201)
        else:
            peer.reply(status, "over there", {"Location": f"{elsewhere.url}/v1/AUTH_x/images"})

    with swift() as elsewhere, swift(script) as server:
        store = SwiftStore.from_environment(v1(server), timeout_seconds=10)
        for change in (
            lambda: store.make_container("other"),
            lambda: store.put("images", "one.tar", iter((b"bytes",))),
            lambda: store.put_manifest("images", "one.tar", []),
            lambda: store.delete("images", "one.tar"),
        ):
            with pytest.raises(UnexpectedAnswer, match=f"points at {elsewhere.url}"):
                change()
        assert elsewhere.heads == []


@pytest.mark.parametrize("status", REDIRECTS)
def test_a_password_for_keystone_follows_no_redirect(status: int) -> None:
    with swift() as elsewhere, FaultServer(to(f"{elsewhere.url}/v3/auth/tokens", status)) as server:
        assert f"points at {elsewhere.url}" in failure(keystone(server.url)).message
        assert elsewhere.heads == []


def to(url: str, status: int) -> Script:
    return lambda peer: peer.reply(status, "over there", {"Location": url})


def test_the_body_of_a_redirect_is_not_read() -> None:
    def script(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Encoding: gzip\r\n\r\n")
        peer.endless(bytes(65536))

    with FaultServer(script) as server:
        assert "points at" in failure(v1(server)).message
    assert server.sent_bytes < 20_000_000


def test_an_endless_answer_is_not_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regops.adapters.swift.connection.BODY_LIMIT_BYTES", 1 << 20)

    def script(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
        peer.endless(bytes(65536))

    with swift(script) as server:
        assert "sent more than 1 MiB of an answer" in failure(v1(server)).message
    assert server.sent_bytes < 20_000_000


def test_an_endless_answer_to_a_change_is_not_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regops.adapters.swift.connection.BODY_LIMIT_BYTES", 1 << 20)

    def script(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 500 Error\r\nContent-Encoding: gzip\r\n\r\n")
        peer.endless(bytes(65536))

    with swift(script) as server:
        store = SwiftStore.from_environment(v1(server), timeout_seconds=10)
        with pytest.raises(UnexpectedAnswer, match="sent more than 1 MiB of an answer"):
            store.make_container("images")
    assert server.sent_bytes < 20_000_000


def test_what_comes_packed_is_not_unpacked() -> None:
    def script(peer: Peer) -> None:
        peer.reply(200, b"\x1f\x8b not even gzip", {"Content-Encoding": "gzip"})

    with swift(script) as server:
        assert "the listing of the Swift container images" in failure(v1(server)).message
        assert server.heads
        assert all(b"Accept-Encoding: identity" in head for head in server.heads)


def silent(peer: Peer) -> None:
    peer.wait_for_hang_up()


def drip_headers(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    peer.endless(b"x", pause_seconds=0.05)


def drip_body(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    peer.endless(b" ", pause_seconds=0.05)


def endless_continue(peer: Peer) -> None:
    peer.endless(b"HTTP/1.1 100 Continue\r\n\r\n", pause_seconds=0.01)


@pytest.mark.parametrize("script", [silent, drip_headers, drip_body, endless_continue])
def test_a_server_that_takes_its_time_is_given_up(script: Script) -> None:
    for server in (FaultServer(script), swift(script)):
        with server:
            error = failure(v1(server), seconds=0.4)
            assert isinstance(error, Unreachable)
            assert error.timed_out
            assert server.url in error.message


def test_keystone_that_takes_its_time_is_given_up() -> None:
    with FaultServer(drip_headers) as server:
        error = failure(keystone(server.url), seconds=0.4)
        assert isinstance(error, Unreachable)
        assert error.timed_out


def test_nobody_there_is_told_with_the_address() -> None:
    with refused_port() as port:
        for environ in (
            {"ST_AUTH": f"http://127.0.0.1:{port}/auth/v1.0", "ST_USER": "u", "ST_KEY": KEY},
            keystone(f"http://127.0.0.1:{port}"),
        ):
            error = failure(environ)
            assert isinstance(error, Unreachable)
            assert f"cannot connect to http://127.0.0.1:{port}/" in error.message
            assert "connection refused" in error.message


def test_a_host_that_has_no_address_is_told() -> None:
    assert (
        "cannot look up the host of http://nowhere.invalid/auth"
        in failure({"ST_AUTH": "http://nowhere.invalid/auth", "ST_USER": "u", "ST_KEY": KEY}).message
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            b"HTTP/1.1 200 OK\r\nX-Auth-Token: t\r\nX-Storage-Url: file:///etc/passwd\r\n\r\n",
            "gave no token and storage",
        ),
        (
            b"HTTP/1.1 200 OK\r\nX-Auth-Token: t\r\nX-Storage-Url: http://[::1/v1\r\nContent-Length: 0\r\n\r\n",
            "gave no token and storage",
        ),
        (b"HTTP/1.1 200 OK\r\n\r\n<html>", "gave no token and storage"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "no authentication of version 1 is offered there"),
        (b"HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n", "answered 503 Unavailable"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no whole answer from"),
        (b"", "no whole answer from"),
        (b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 300 + b"\r\n", "no whole answer from"),
        (
            b"HTTP/1.1 200 OK\r\nX-Auth-Token: \xff\r\nX-Storage-Url: \xff\r\nContent-Length: 0\r\n\r\n",
            "gave no token and storage",
        ),
    ],
)
def test_an_authentication_that_is_none_is_told(answer: bytes, said: str) -> None:
    with FaultServer(lambda peer: peer.send(answer)) as server:
        assert said in failure(v1(server)).message


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (403, AuthenticationFailed, "test:tester has no access to the Swift container images"),
        (404, NotFound, "the Swift container images is not there"),
        (503, Unavailable, "answered 503 Said when asked for the Swift container images"),
        (507, UnexpectedAnswer, "answered 507"),
    ],
)
def test_a_refusal_of_the_store_is_told_with_the_container(status: int, kind: type[RegopsError], said: str) -> None:
    with swift(lambda peer: peer.reply(status)) as server:
        error = failure(v1(server))
        assert isinstance(error, kind)
        assert said in error.message


@pytest.mark.parametrize("status", [401, 403, 404, 503])
def test_what_may_be_listed_and_not_looked_at_stays_as_it_was_listed(status: int) -> None:
    def store(peer: Peer) -> None:
        if peer.head.startswith(b"HEAD "):
            peer.reply(status)
        else:
            peer.reply(200, "[]" if "marker" in peer.path else LISTING)

    with swift(store) as server:
        found = collect_tarballs(
            SwiftStore.from_environment(v1(server), timeout_seconds=10), "images", SystemClock(), timeout_seconds=10
        )
    assert [(one.name, one.size_bytes, one.image_tags) for one in found.objects] == [("image.tar", 3, None)]
    assert found.note == "image tags are not known of 1 of 1 object"


def test_a_listing_that_goes_round_in_circles_ends() -> None:
    with swift(lambda peer: peer.reply(200, LISTING)) as server:
        assert "goes round in circles, at image.tar" in failure(v1(server)).message


def test_a_token_that_is_over_is_replaced_once() -> None:
    def store(peer: Peer) -> None:
        if "marker" in peer.path and peer.header("X-Auth-Token") == "token 1":
            peer.reply(401)
        else:
            peer.reply(200, "[]" if "marker" in peer.path else LISTING)

    with swift(store) as server:
        assert names(v1(server)) == ["image.tar"]
        assert server.paths.count("/auth/v1.0") == 2


def test_a_store_that_takes_no_token_is_asked_no_third_time() -> None:
    with swift(lambda peer: peer.reply(401)) as server:
        assert "does not accept the token" in failure(v1(server)).message
        assert server.paths.count("/auth/v1.0") == 1


def test_a_token_of_somebody_else_is_used_as_it_is() -> None:
    with swift() as server:
        environ = {"OS_AUTH_TOKEN": "given", "OS_STORAGE_URL": f"{server.url}/v1/AUTH_y"}
        assert names(environ) == ["image.tar"]
        assert server.paths == ["/v1/AUTH_y/images?format=json", "/v1/AUTH_y/images?format=json&marker=image.tar"]
        assert b"X-Auth-Token: given" in server.heads[0]


def test_a_certificate_is_trusted_when_its_authority_is_given(tmp_path: Path) -> None:
    identity = make_identity("swift", issuer=authority(), names=("127.0.0.1",))
    bundle, _ = write_identity(tmp_path, authority(), "ca")

    def script(peer: Peer) -> None:
        url = f"{peer.server.url}/v1/AUTH_x"
        if peer.path == "/auth/v1.0":
            peer.reply(200, "", {"X-Storage-Url": url, "X-Auth-Token": "t"})
        else:
            peer.reply(200, "[]" if "marker" in peer.path else LISTING)

    with FaultServer(script, tls=server_context(tmp_path, identity)) as server:
        error = failure(v1(server))
        assert "cannot be trusted: unable to get local issuer certificate" in error.message
        assert "OS_CACERT" in error.hint
        assert server.heads == []
        assert names(v1(server, OS_CACERT=str(bundle))) == ["image.tar"]
        assert names(v1(server, SSL_CERT_FILE=str(bundle))) == ["image.tar"]


def test_any_certificate_is_accepted_when_told_so(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.reply(200, "", {"X-Storage-Url": f"{peer.server.url}/v1/AUTH_x", "X-Auth-Token": "t"})

    with FaultServer(script, tls=server_context(tmp_path, make_identity("other"))) as server:
        environ = v1(server, OS_INSECURE="true")
        store = SwiftStore.from_environment(environ, timeout_seconds=10)
        assert store.account.storage_url == f"{server.url}/v1/AUTH_x"


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with swift() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        environ = {"ST_AUTH": "http://swift.example/auth/v1.0", "ST_USER": "u", "ST_KEY": KEY}
        assert "http://swift.example/auth/v1.0" in failure(environ).message
        assert proxy.paths == ["http://swift.example/auth/v1.0"]


def keystone(url: str, version: str = "v3", **more: str) -> dict[str, str]:
    environ = {
        "OS_AUTH_URL": f"{url}/{version}",
        "OS_USERNAME": USER,
        "OS_PASSWORD": PASSWORD,
        "OS_TENANT_NAME": "images",
    }
    return {**environ, **more}


class Cloud:
    """A Keystone that knows two regions of one Swift."""

    def __init__(self, stack: ExitStack) -> None:
        self.swift = stack.enter_context(swift())
        self.endpoints = [
            {"region": region, "interface": interface, "url": f"{self.swift.url}/v1/AUTH_{region}_{interface}"}
            for region in ("north", "south")
            for interface in ("public", "internal")
        ]
        self.keystone = stack.enter_context(keystone_double(lambda: self.endpoints))


@pytest.fixture
def cloud() -> Generator[Cloud]:
    with ExitStack() as stack:
        yield Cloud(stack)


VERSIONS = pytest.mark.parametrize("version", ["v2.0", "v3"])


@VERSIONS
def test_keystone_leads_to_the_store_of_its_catalog(version: str, cloud: Cloud) -> None:
    assert names(keystone(cloud.keystone.url, version)) == ["image.tar"]
    assert cloud.swift.paths[0] == "/v1/AUTH_north_public/images?format=json"
    assert b"X-Auth-Token: token of images" in cloud.swift.heads[0]


@VERSIONS
def test_region_and_interface_choose_the_store(version: str, cloud: Cloud) -> None:
    names(keystone(cloud.keystone.url, version, OS_REGION_NAME="south", OS_ENDPOINT_TYPE="internalURL"))
    assert cloud.swift.paths[0] == "/v1/AUTH_south_internal/images?format=json"


@VERSIONS
def test_a_region_without_a_store_is_told_with_those_that_have_one(version: str, cloud: Cloud) -> None:
    error = failure(keystone(cloud.keystone.url, version, OS_REGION_NAME="west"))
    assert isinstance(error, NotFound)
    assert "no object-store endpoint in the region west" in error.message
    assert error.hint == "OS_REGION_NAME can be north, south"


@VERSIONS
def test_an_interface_without_a_store_is_told_with_those_that_have_one(version: str, cloud: Cloud) -> None:
    error = failure(keystone(cloud.keystone.url, version, OS_INTERFACE="admin"))
    assert "has no admin object-store endpoint" in error.message
    assert error.hint == "OS_INTERFACE can be internal, public"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://swift:http/v1", "http://[::1/v1", "swift:8080/v1"])
@VERSIONS
def test_an_address_of_a_catalog_that_is_none_is_told(url: str, version: str, cloud: Cloud) -> None:
    cloud.endpoints = [{"region": "north", "interface": "public", "url": url}]
    assert (
        "gives an address for the object-store that is none" in failure(keystone(cloud.keystone.url, version)).message
    )


def test_a_project_that_is_none_is_told() -> None:
    def script(peer: Peer) -> None:
        read_body(peer)
        endpoint = {"region": "north", "interface": "public", "url": "http://127.0.0.1:1/v1"}
        catalog = [{"type": "object-store", "endpoints": [endpoint]}]
        token = {"methods": [], "catalog": catalog, "project": "images"}
        peer.reply(201, json.dumps({"token": token}), {"X-Subject-Token": "t"})

    with FaultServer(script) as server:
        assert "is not what Keystone answers" in failure(keystone(server.url)).message


@VERSIONS
def test_a_cloud_without_swift_is_told(version: str, cloud: Cloud) -> None:
    cloud.endpoints = []
    assert "has no object-store endpoint for this project" in failure(keystone(cloud.keystone.url, version)).message


@VERSIONS
def test_a_wrong_password_is_told(version: str, cloud: Cloud) -> None:
    error = failure(keystone(cloud.keystone.url, version, OS_PASSWORD="hunter3", OS_USER_DOMAIN_NAME="Default"))
    assert isinstance(error, AuthenticationFailed)
    assert f"refused {USER}" in error.message
    assert "no such user, or a wrong password" in error.message
    assert "OS_PASSWORD" in error.hint


@VERSIONS
def test_a_project_that_is_not_there_is_told_with_those_that_are(version: str, cloud: Cloud) -> None:
    error = failure(keystone(cloud.keystone.url, version, OS_TENANT_NAME="nix"))
    assert isinstance(error, AuthenticationFailed)
    assert "has no project nix for that user" in error.message
    assert error.hint == "OS_PROJECT_NAME can be archive, images"


@VERSIONS
@pytest.mark.parametrize("status", [403, 404, 503])
def test_a_project_that_is_refused_is_told_though_nobody_lists_the_others(version: str, status: int) -> None:
    with keystone_double(list, projects_status=status) as server:
        error = failure(keystone(server.url, version, OS_TENANT_NAME="nix"))
    assert isinstance(error, AuthenticationFailed)
    assert "has no project nix for that user; which ones it has, it does not say" in error.message
    assert "password" not in error.message
    assert "OS_PROJECT_NAME" in error.hint


class PlainHttp(socketserver.BaseRequestHandler):
    """Answers whatever comes as web servers do, without waiting for the end of a line."""

    def handle(self) -> None:
        self.request.recv(65536)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize("variables", ["keystone", "v1"])
def test_https_to_a_server_of_plain_http_is_told_as_that(variables: str) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), PlainHttp) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"https://127.0.0.1:{server.server_address[1]}"
        v1 = {"ST_AUTH": f"{url}/auth/v1.0", "ST_USER": "a", "ST_KEY": "b"}
        error = failure(keystone(url) if variables == "keystone" else v1)
        server.shutdown()
    assert error.message.startswith(f"no TLS with {url}"), error.message
    assert "http" in error.hint


def test_an_assumed_domain_is_named_when_it_may_be_the_reason(cloud: Cloud) -> None:
    error = failure(keystone(cloud.keystone.url, OS_USERNAME="bob"))
    assert "no domain is set, so 'default' was taken" in error.message
    assert "OS_USER_DOMAIN_NAME" in error.hint


@VERSIONS
def test_keystone_is_trusted_as_the_store_is(
    version: str, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, _ = write_identity(tmp_path, authority(), "ca")
    context = server_context(tmp_path, make_identity("keystone", issuer=authority(), names=("127.0.0.1",)))
    with keystone_double(lambda: cloud.endpoints, tls=context) as server:
        environ = keystone(server.url, version)
        error = failure(environ)
        assert "cannot be trusted" in error.message
        assert "OS_CACERT" in error.hint
        assert names({**environ, "OS_CACERT": str(bundle)}) == ["image.tar"]
        assert names({**environ, "OS_INSECURE": "true"}) == ["image.tar"]
        # So OpenSSL finds the system's authorities.
        monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
        tls_context.cache_clear()
        assert names(environ) == ["image.tar"]
    tls_context.cache_clear()


def test_an_address_without_keystone_is_told() -> None:
    with FaultServer(lambda peer: (read_body(peer), peer.reply(404, "<html>nginx</html>"))[1]) as server:
        error = failure(keystone(server.url))
        assert "answered 404: no Keystone of this version is there" in error.message
        assert "OS_IDENTITY_API_VERSION" in error.hint


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (500, "oops", "answered 500 where a token was expected"),
        (200, "<html>It works!</html>", "is not what Keystone answers"),
        (201, "{}", "is not what Keystone answers"),
        (201, '{"token": []}', "is not what Keystone answers"),
        (201, '{"token": {"catalog": 5, "methods": []}}', "is not what Keystone answers"),
        (201, "[" * 100_000, "is not what Keystone answers"),
        (200, '{"access": null}', "is not what Keystone answers"),
    ],
)
@VERSIONS
def test_an_answer_that_is_not_keystones_is_told(version: str, status: int, body: str, said: str) -> None:
    def script(peer: Peer) -> None:
        read_body(peer)
        peer.reply(status, body, {"X-Subject-Token": "t"})

    with FaultServer(script) as server:
        assert said in failure(keystone(server.url, version)).message


def answers(status: int, body: str) -> FaultServer:
    return FaultServer(lambda peer: (read_body(peer), peer.reply(status, body))[1])


def refusal(message: str) -> str:
    return json.dumps({"error": {"code": 400, "message": message, "title": "Bad Request"}})


def test_what_keystone_says_is_told_with_the_usual_reason() -> None:
    with answers(400, refusal("Expecting to find\ndomain in user.")) as server:
        error = failure(keystone(server.url))
        assert error.message.endswith("answered 400 where a token was expected: Expecting to find domain in user.")
        assert "OS_USER_DOMAIN_NAME and OS_PROJECT_DOMAIN_NAME name it" in error.hint
        assert "no domain is set" not in failure(keystone(server.url, OS_USER_DOMAIN_NAME="Sales")).hint


@pytest.mark.parametrize("password", [PASSWORD, "a \"quoted' one", "tab\\t", "gr\u00fc\u00df  dich"])
def test_what_keystone_says_is_bounded_and_holds_no_secret(password: str) -> None:
    with answers(400, refusal(f"{password!r} is not of type object")) as server:
        error = failure(keystone(server.url, OS_PASSWORD=password))
        assert error.message.endswith("answered 400 where a token was expected")
    with answers(400, refusal("token=c4nary http://me:c4nary@host " + "x" * 100_000)) as server:
        assert "and not as Keystone does" in failure(keystone(server.url)).message
    with answers(400, refusal("token=c4nary http://me:c4nary@host " + "x" * 10_000)) as server:
        message = failure(keystone(server.url)).message
        assert "c4nary" not in message
        assert len(message) < 400


@VERSIONS
@pytest.mark.parametrize("status", [300, 400, 401, 403, 405])
@pytest.mark.parametrize("body", ["<html>Bad URL</html>", '{"error": "no"}', ""])
def test_a_refusal_that_is_not_keystones_is_told_as_a_wrong_address(version: str, status: int, body: str) -> None:
    with answers(status, body) as server:
        error = failure(keystone(server.url, version))
    assert isinstance(error, UnexpectedAnswer)
    assert error.hint.startswith("is OS_AUTH_URL the address of Keystone?")


@pytest.mark.parametrize(("body", "said"), [("<html>", "expected"), (refusal("no database"), "expected: no database")])
def test_a_keystone_that_is_not_well_is_told(body: str, said: str) -> None:
    with answers(503, body) as server:
        error = failure(keystone(server.url))
    assert error.message.endswith(f"answered 503 where a token was {said}")
    assert error.hint == "is Keystone well? its log says more"


def test_a_date_beyond_the_calendar_is_none() -> None:
    def script(peer: Peer) -> None:
        peer.reply(200, "", {"Last-Modified": "Mon, 01 Jan 2024 00:00:00 +99999999999999999999"})

    with swift(script) as server:
        assert SwiftStore.from_environment(v1(server), timeout_seconds=10).head("images", "one").modified is None
