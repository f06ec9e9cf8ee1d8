"""The image's own way to Swift: all three ways to authenticate, and a token that ends."""

import time
from typing import Any

import pytest

from http_request import RequestFailed
from keystone_double import PASSWORD, USER, Endpoint, keystone_double
from scripted_store import ScriptedSwift
from swift_client import NoEndpoint, SwiftClient, authenticate
from swift_server import KEY, SwiftServer
from swift_server import USER as SWIFT_USER
from swift_settings import Named, Swift

ENDPOINTS: list[Endpoint] = [
    {"region": region, "interface": interface, "url": f"http://{region}-{interface}.example/v1/AUTH_images/"}
    for region in ("north", "south")
    for interface in ("public", "internal")
]


def soon(seconds: float = 10.0) -> float:
    return time.monotonic() + seconds


def keystone(url: str, version: int, **more: Any) -> Swift:
    path = "v2.0" if version == 2 else "v3"
    domain = Named(id="default") if version == 3 else Named()
    wanted: dict[str, Any] = {"project": Named("images"), "user_domain": domain, "project_domain": domain, **more}
    return Swift(f"{url}/{path}", version, USER, wanted.pop("password", PASSWORD), "docker-registry", **wanted)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ({}, "http://north-public.example/v1/AUTH_images"),
        ({"region": "south"}, "http://south-public.example/v1/AUTH_images"),
        ({"region": "south", "interface": "internal"}, "http://south-internal.example/v1/AUTH_images"),
    ],
)
def test_keystone_names_the_store_of_the_region_and_interface(version: int, wanted: dict[str, str], place: str) -> None:
    with keystone_double(lambda: ENDPOINTS) as double:
        found = authenticate(keystone(double.url, version, **wanted), soon())
    assert (found.url, found.token) == (place, "token of images")


@pytest.mark.parametrize("version", [2, 3])
def test_a_region_without_a_store_is_named(version: int) -> None:
    with (
        keystone_double(lambda: ENDPOINTS) as double,
        pytest.raises(NoEndpoint, match="object-store in the region east"),
    ):
        authenticate(keystone(double.url, version, region="east"), soon())


@pytest.mark.parametrize("version", [2, 3])
def test_a_refused_password_is_told_by_its_status_and_not_shown(version: int) -> None:
    with keystone_double(lambda: ENDPOINTS) as double, pytest.raises(RequestFailed) as caught:
        authenticate(keystone(double.url, version, password="canary"), soon())
    assert caught.value.status == 401
    assert "canary" not in str(caught.value)


def test_a_v1_token_is_used_again_and_replaced_once_when_it_is_refused() -> None:
    with ScriptedSwift().serving() as swift:
        client = SwiftClient(Swift(f"{swift.url}/auth/v1.0", 1, "lab:me", "secret", "c"))
        client.object("PUT", "a b", soon(), body=b"1")
        swift.drop_token()
        assert client.object("GET", "a b", soon()).body == b"1"
        assert swift.tokens == 2
        assert list(swift.objects) == ["/v1/AUTH_lab/c/a%20b"]
        swift.refuse["GET"] = 401
        with pytest.raises(RequestFailed, match="401"):
            client.object("GET", "a b", soon())
        assert swift.tokens == 3


@pytest.mark.swift
def test_a_real_swift_keeps_an_object_whatever_its_names_look_like(swift: SwiftServer) -> None:
    client = SwiftClient(Swift(swift.auth_url, 1, SWIFT_USER, KEY, "odd name? 100% #1"))
    client.container("PUT", soon())
    client.object("PUT", "ä/?#%20", soon(), body=b"content")
    assert client.object("GET", "ä/?#%20", soon()).body == b"content"
    client.object("DELETE", "ä/?#%20", soon())
    with pytest.raises(RequestFailed) as caught:
        client.object("GET", "ä/?#%20", soon())
    assert caught.value.status == 404
