"""Requests to a registry, of both generations of its API."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.registry_request import Operation, RegistryRequest, parse_registry_request

DIGEST = "sha256:" + "ab" * 32
ENCODED = DIGEST.replace(":", "%3A")
IMAGE = "ab" * 32
READ = {
    "GET /v2/": RegistryRequest(2, Operation.PING),
    "GET /v2": RegistryRequest(2, Operation.PING),
    "GET /v2/_catalog?n=100": RegistryRequest(2, Operation.CATALOG),
    "GET /v2/app/tags/list": RegistryRequest(2, Operation.LIST_TAGS, "app"),
    "HEAD /v2/team/app/manifests/1.0": RegistryRequest(2, Operation.CHECK_MANIFEST, "team/app", "1.0"),
    f"GET /v2/team/app/manifests/{DIGEST}": RegistryRequest(2, Operation.PULL_MANIFEST, "team/app", digest=DIGEST),
    "PUT /v2/a/b/c/manifests/latest": RegistryRequest(2, Operation.PUSH_MANIFEST, "a/b/c", "latest"),
    f"DELETE /v2/app/manifests/{DIGEST}": RegistryRequest(2, Operation.DELETE_MANIFEST, "app", digest=DIGEST),
    f"GET /v2/app/blobs/{DIGEST}": RegistryRequest(2, Operation.PULL_BLOB, "app", digest=DIGEST),
    f"HEAD /v2/app/blobs/{DIGEST}": RegistryRequest(2, Operation.CHECK_BLOB, "app", digest=DIGEST),
    "POST /v2/app/blobs/uploads/": RegistryRequest(2, Operation.START_UPLOAD, "app"),
    "POST /v2/app/blobs/uploads": RegistryRequest(2, Operation.START_UPLOAD, "app"),
    f"POST /v2/app/blobs/uploads/?mount={ENCODED}&from=team/base": RegistryRequest(
        2, Operation.MOUNT_BLOB, "app", digest=DIGEST, source="team/base"
    ),
    "PATCH /v2/app/blobs/uploads/0b-1c?_state=x": RegistryRequest(2, Operation.CONTINUE_UPLOAD, "app"),
    f"PUT /v2/app/blobs/uploads/0b-1c?_state=x&digest={ENCODED}": RegistryRequest(
        2, Operation.PUSH_BLOB, "app", digest=DIGEST
    ),
    "DELETE /v2/app/blobs/uploads/0b-1c": RegistryRequest(2, Operation.CANCEL_UPLOAD, "app"),
    f"GET /v2/app/referrers/{DIGEST}": RegistryRequest(2, Operation.REFERRERS, "app", digest=DIGEST),
    "GET /v2/../../etc/passwd": RegistryRequest(2, Operation.OTHER),
    "GET /v2/UPPER/manifests/1": RegistryRequest(2, Operation.OTHER),
    "GET /v2/blobs/blobs/uploads/tags/list": RegistryRequest(2, Operation.LIST_TAGS, "blobs/blobs/uploads"),
    "GET http://reg:5000/v2/app/tags/list": RegistryRequest(2, Operation.LIST_TAGS, "app"),
    "GET /": RegistryRequest(1, Operation.PING),
    "GET /_ping": RegistryRequest(1, Operation.PING),
    "GET /v1/_status": RegistryRequest(1, Operation.STATUS),
    "GET /v1/search?q=app": RegistryRequest(1, Operation.SEARCH),
    "POST /v1/users/": RegistryRequest(1, Operation.LOGIN),
    "PUT /v1/repositories/app/": RegistryRequest(1, Operation.START_PUSH, "library/app"),
    "PUT /v1/repositories/team/app/images": RegistryRequest(1, Operation.PUSH_IMAGES, "team/app"),
    "GET /v1/repositories/app/images": RegistryRequest(1, Operation.PULL_IMAGES, "library/app"),
    "GET /v1/repositories/app/tags": RegistryRequest(1, Operation.LIST_TAGS, "library/app"),
    "GET /v1/repositories/team/app/tags/1.0": RegistryRequest(1, Operation.RESOLVE_TAG, "team/app", "1.0"),
    "PUT /v1/repositories/team/app/tags/1.0": RegistryRequest(1, Operation.TAG, "team/app", "1.0"),
    "DELETE /v1/repositories/team/app/": RegistryRequest(1, Operation.DELETE_REPOSITORY, "team/app"),
    f"GET /v1/images/{IMAGE}/layer": RegistryRequest(1, Operation.PULL_BLOB, image=IMAGE),
    f"PUT /v1/images/{IMAGE}/checksum": RegistryRequest(1, Operation.PUSH_METADATA, image=IMAGE),
    f"GET /v1/images/{IMAGE}/ancestry": RegistryRequest(1, Operation.PULL_METADATA, image=IMAGE),
}
component = st.from_regex(r"[a-z0-9]{1,8}([._-][a-z0-9]{1,4}){0,2}", fullmatch=True)
names = st.lists(component, min_size=1, max_size=4).map("/".join)
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)


@pytest.mark.parametrize("line", READ)
def test_a_request_is_read(line: str) -> None:
    method, _, uri = line.partition(" ")
    assert parse_registry_request(method, uri) == READ[line]


@pytest.mark.parametrize(
    ("method", "uri"),
    [(None, None), ("GET", None), (None, "/v2/"), ("GET", "/nginx_status"), ("OPTIONS", "*"), ("GET", "/v2x/")],
)
def test_what_is_not_for_a_registry_is_none(method: str | None, uri: str | None) -> None:
    assert parse_registry_request(method, uri) is None


def test_pulls_and_pushes_of_both_generations_count_once() -> None:
    pulls = [line for line, request in READ.items() if request.is_pull]
    pushes = [line for line, request in READ.items() if request.is_push]
    assert pulls == [f"GET /v2/team/app/manifests/{DIGEST}", "GET /v1/repositories/app/images"]
    assert pushes == ["PUT /v2/a/b/c/manifests/latest", "PUT /v1/repositories/team/app/images"]


@given(names, tags)
def test_any_repository_and_tag_are_found_again(name: str, tag: str) -> None:
    modern = parse_registry_request("GET", f"/v2/{name}/manifests/{tag}")
    assert modern == RegistryRequest(2, Operation.PULL_MANIFEST, name, tag)
    classic = parse_registry_request("PUT", f"/v1/repositories/{name}/tags/{tag}")
    whole = name if "/" in name else f"library/{name}"
    assert classic == RegistryRequest(1, Operation.TAG, whole, tag)


@given(
    st.sampled_from(["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "X"]),
    st.text()
    | st.lists(
        st.sampled_from(
            ["/", "v1", "v2", "blobs", "uploads", "tags", "manifests", "images", "repositories", "a", "%2F", "?"]
        )
    ).map("".join),
)
@settings(deadline=None)
def test_any_request_is_told_or_none(method: str, uri: str) -> None:
    found = parse_registry_request(method, uri)
    assert found is None or found.api in {1, 2}
