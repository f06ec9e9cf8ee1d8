"""The image's nginx, for real: certificates, users, what it says to the registry, and layers that pass through it."""

import base64
import contextlib
import io
import os
import socket
import ssl
import tarfile
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import docker
import pytest

from certificate import make_certificate
from image_client import Registry
from registry_container import Lab, Running, image_of, started, until, well

pytestmark = pytest.mark.engine

LOCAL = {"SETTINGS_FLAVOR": "local"}
ACCESS = "/var/log/nginx/nginx-https-access.log"
# Of the password "wonder": `openssl passwd -6`, `openssl passwd -apr1`, `htpasswd -nbBC 5`.
HASHES = {
    "sha512": "$6$saltsalt$wnBW/Fs1Q/4oidLWaeKDpVFsthWgJPKLreDp8LEDheLYTLi1Zq5BQsHP/i5yIWyJhU77p28gJw7afGm29AYN3.",
    "apr1": "$apr1$saltsalt$cFhJERcWi636wqNYRxSdw0",
    "bcrypt": "$2y$05$bvIG6Nmid91Mu9RcmmWZfO2s17pG3n7xIjtQdcxcs3zPCpiOGwWWy",
}


@pytest.fixture(scope="module")
def local(client: docker.DockerClient, lab: Lab) -> Iterator[Running]:
    environment = {**LOCAL, "TLS_NAMES": "registry.example,192.0.2.7", "TRUSTED_PROXIES": "192.0.2.0/24"}
    with well(client, lab, "local", image_of(client, lab), environment) as running:
        yield running


def tls(registry: Registry, context: ssl.SSLContext, name: str) -> ssl.SSLSocket:
    where = urlsplit(registry.url)
    raw = socket.create_connection((where.hostname, where.port), timeout=20)
    return context.wrap_socket(raw, server_hostname=name)


@pytest.mark.parametrize("name", ["registry.example", "192.0.2.7", "localhost", "127.0.0.1"])
def test_the_certificate_that_was_made_names_all_it_should(local: Running, name: str, tmp_path: Path) -> None:
    pem = tmp_path / "ca.pem"
    pem.write_text(local.inside("cat", "/run/docker-registry/tls/cert.pem"))
    with tls(local.door(8443), ssl.create_default_context(cafile=str(pem)), name) as connection:
        assert connection.version() in ("TLSv1.2", "TLSv1.3")


def test_obsolete_tls_is_refused(local: Running) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol"):
        tls(local.door(8443), context, "localhost")


def test_plain_http_has_the_status_pages_and_no_images(local: Running) -> None:
    status, headers, body = local.door().ask("GET", "/v2/team/app/manifests/1")
    assert (status, headers["Docker-Distribution-Api-Version"]) == (403, "registry/2.0")
    assert b'"code":"DENIED"' in body
    assert b"HTTPS only" in body
    assert local.door().ask("GET", "/_ping")[0] == 200


def test_the_status_page_is_open_to_the_engines_side(local: Running) -> None:
    status, _, body = local.door().ask("GET", "/nginx_status")
    assert (status, body.startswith(b"Active connections: ")) == (200, True)


def test_uploads_go_on_at_the_address_they_began_at(local: Running) -> None:
    location = local.door(8443).begin_upload("team/app")
    assert location.startswith("/v2/team/app/blobs/uploads/")


def test_access_lines_are_combined_and_tell_where_the_time_went(local: Running) -> None:
    local.door(8443).ask("GET", "/v2/?timed")
    last = local.inside("tail", "-n", "1", ACCESS)
    combined, _, times = last.rstrip("\n").rpartition('" ')
    assert '"GET /v2/?timed HTTP/1.1" 200 2 "-" "Python-urllib/' in combined
    assert [float(word) >= 0 for word in times.split()] == [True, True]


def test_what_a_stranger_says_of_himself_is_not_believed(local: Running) -> None:
    claims = {"X-Forwarded-For": "198.51.100.9", "X-Forwarded-Proto": "gopher", "X-Real-IP": "198.51.100.9"}
    local.door(8443).ask("GET", "/v2/?stranger", headers=claims)
    assert "198.51.100.9" not in local.inside("grep", "stranger", ACCESS)
    seen = local.inside("grep", 'http.request.uri="/v2/?stranger"', "/var/log/supervisor/docker-registry.log")
    assert "198.51.100.9" not in seen


def test_what_a_trusted_proxy_says_is(client: docker.DockerClient, lab: Lab) -> None:
    with well(
        client, lab, "behind", image_of(client, lab), {**LOCAL, "TRUSTED_PROXIES": "0.0.0.0/0", "PLAIN_HTTP": "yes"}
    ) as running:
        claims = {"X-Forwarded-For": "198.51.100.9", "X-Forwarded-Proto": "https"}
        assert running.door().ask("GET", "/v2/?proxied", headers=claims)[0] == 200
        assert running.inside("tail", "-n", "1", "/var/log/nginx/nginx-http-access.log").startswith("198.51.100.9 - ")
        seen = running.inside("grep", "proxied", "/var/log/supervisor/docker-registry.log")
        assert "http.request.remoteaddr=198.51.100.9" in seen


def put(running: Running, files: dict[str, bytes], folder: str = "/etc/nginx") -> None:
    """Put files, of root and for root alone, into a container, as a mount would."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text), 0o600
            archive.addfile(member, io.BytesIO(text))
    assert running.container.put_archive(folder, content.getvalue())


def test_a_certificate_of_ones_own_is_shown_and_replaced_without_a_restart(
    client: docker.DockerClient, lab: Lab, tmp_path: Path
) -> None:
    def shown_is(certificate: bytes) -> bool:
        pem = tmp_path / "ca.pem"
        pem.write_bytes(certificate)
        with (
            contextlib.suppress(ssl.SSLError),
            tls(running.door(8443), ssl.create_default_context(cafile=str(pem)), "own.example"),
        ):
            return True
        return False

    pairs = [make_certificate("DNS:own.example", "own.example") for _ in range(2)]
    with well(client, lab, "own", image_of(client, lab), LOCAL) as running:
        for certificate, key in pairs:
            put(running, {"tls/cert.pem": certificate, "tls/key.pem": key})
            assert "nginx reads" in running.inside("registry-reload")
            assert shown_is(certificate)
        put(running, {"tls/key.pem": pairs[0][1]})
        assert "KEY_VALUES_MISMATCH" in running.inside("registry-reload", fine=(78,))
        assert shown_is(pairs[1][0])


def test_users_log_in_to_images_with_any_of_the_usual_hashes_and_not_without(
    client: docker.DockerClient, lab: Lab
) -> None:
    file = "".join(f"{name}:{hashed}\n" for name, hashed in HASHES.items()).encode()

    def ask(password: str | None, name: str = "", path: str = "/v2/") -> tuple[int, str | None, str | None]:
        told = f"{name}:{password}".encode()
        headers = {} if password is None else {"Authorization": f"Basic {base64.b64encode(told).decode()}"}
        status, answered, _ = running.door(8443).ask("GET", path, headers=headers)
        return status, answered["WWW-Authenticate"], answered["Docker-Distribution-Api-Version"]

    with well(client, lab, "users", image_of(client, lab), {**LOCAL, "PLAIN_HTTP": "yes"}) as running:
        put(running, {"htpasswd": file})
        running.inside("registry-reload")
        assert ask(None) == (401, 'Basic realm="docker-registry"', "registry/2.0")
        for name in HASHES:
            assert ask("wonder", name) == (200, None, "registry/2.0"), name
            assert ask("alice", name)[0] == 401
        assert ask(None, path="/_status")[0] == 200
        assert running.door().ask("GET", "/v2/")[0] == 401
        assert running.well()
        put(running, {"htpasswd": b"me:wonder\n"})
        assert "line 1 is not NAME:HASH" in running.inside("registry-reload", fine=(78,))


def test_a_layer_passes_through_and_nothing_of_it_is_kept_on_the_way(local: Running) -> None:
    """What nginx buffers lies in files below /run/nginx, deleted once open: its descriptors would show them."""
    door, halfway, go_on = local.door(8443), threading.Event(), threading.Event()
    size_bytes, chunk = 96 * 1024 * 1024, os.urandom(1024 * 1024)

    def layer() -> Iterator[bytes]:
        for number in range(size_bytes // len(chunk)):
            if number == size_bytes // len(chunk) // 2:
                halfway.set()
                assert go_on.wait(60)
            yield chunk

    before = written_by_nginx(local)
    sender = threading.Thread(target=lambda: locations.append(door.go_on(door.begin_upload("team/big"), layer())))
    locations: list[str] = []
    sender.start()
    assert halfway.wait(60)
    try:
        # What was sent so far is with the registry already.
        until(lambda: uploaded(local) > size_bytes // 2 - 8 * 1024 * 1024, "half of the layer in the store")
        descriptors = local.inside(
            "sh", "-c", 'for p in /proc/[0-9]*; do [ "$(cat $p/comm)" != nginx ] || ls -l $p/fd; done 2>/dev/null',
            user="www-data",
        )  # fmt: skip
    finally:
        go_on.set()
        sender.join(60)
    assert "access.log" in descriptors
    assert "/run/nginx/" not in descriptors
    assert locations
    assert written_by_nginx(local) - before < 1024 * 1024
    door.ask("DELETE", locations[0])


def uploaded(running: Running) -> int:
    """Return how many bytes of unfinished uploads are in the store."""
    script = "cat /var/lib/docker-registry/docker/registry/v2/repositories/team/big/_uploads/*/data | wc -c"
    return int(running.inside("sh", "-c", script, user="docker-registry"))


def written_by_nginx(running: Running) -> int:
    """Return how many bytes its workers caused to be written to disks."""
    each = "[ \"$(cat $p/comm)\" != nginx ] || sed -n 's/^write_bytes: //p' $p/io"
    # Others, like a health check, may end while they are looked at.
    script = f"for p in /proc/[0-9]*; do {each}; done 2>/dev/null"
    return sum(map(int, running.inside("sh", "-c", script, user="www-data").split()))


def test_half_a_certificate_ends_the_container(client: docker.DockerClient, lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_bytes(make_certificate("DNS:x", "x")[0])
    mounted = {str(tmp_path / "cert.pem"): {"bind": "/etc/nginx/tls/cert.pem", "mode": "ro"}}
    with started(client, lab, "half", image_of(client, lab), LOCAL, volumes=mounted) as running:
        assert running.container.wait(timeout=180)["StatusCode"] == 78
        assert running.logs().startswith("docker-registry: /etc/nginx/tls/key.pem is missing")
