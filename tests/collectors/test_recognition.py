"""Which containers are taken for registries, and by which sign."""

import json

import pytest

from fake_engine import container_document
from parsers.docker_inspect import Container, parse_docker_inspect
from regops.collectors.recognition import recognise


def container(
    image: str = "debian:bookworm",
    *,
    name: str = "box",
    env: tuple[str, ...] = (),
    port: str = "9999/tcp",
    labels: dict[str, str] | None = None,
) -> Container:
    document = container_document(name, image=image, env=env, ports={port: ("127.0.0.1", 5080)}, labels=labels)
    return parse_docker_inspect(json.dumps(document), "engine")


@pytest.mark.parametrize(
    ("image", "sign"),
    [
        ("registry", "image registry"),
        ("registry:2", "image registry"),
        ("docker-registry-main:1.2", "image docker-registry-main"),
        ("registry.example:5000/team/registry@sha256:91307842f5e4", "image registry"),
        ("goharbor/registry-photon:v2.9", "image registry-photon"),
        ("ghcr.io/me/Registry2:latest", "image Registry2"),
    ],
)
def test_an_image_called_registry_is_one(image: str, sign: str) -> None:
    assert recognise(container(image)) == (True, sign)


@pytest.mark.parametrize(
    "image",
    [
        "nginx",
        "registry.example:5000/team/web:2",
        "registry/nginx",
        "joxit/docker-registry-ui:main",
        "confluentinc/cp-schema-registry:7",
        "sha256:91307842f5e4",
        "",
    ],
)
def test_an_image_from_a_registry_or_for_one_is_none(image: str) -> None:
    assert recognise(container(image)) == (False, "no sign of a registry")


@pytest.mark.parametrize(
    "variable",
    [
        "SETTINGS_FLAVOR",
        "DOCKER_REGISTRY_CONFIG",
        "REGISTRY_STORAGE",
        "REGISTRY_STORAGE_SWIFT_AUTHURL",
        "REGISTRY_HTTP_ADDR",
    ],
)
def test_a_variable_that_only_registries_read_decides(variable: str) -> None:
    assert recognise(container(env=("PATH=/bin", f"{variable}=x"))) == (True, f"environment {variable}")


def test_a_variable_about_a_registry_does_not_decide() -> None:
    assert recognise(container(env=("REGISTRY_URL=http://x", "OS_PASSWORD=x"))) == (False, "no sign of a registry")


def test_one_weak_sign_is_not_enough_and_is_named() -> None:
    assert recognise(container(port="8080/tcp")) == (False, "only port 8080")
    assert recognise(container(name="my-registry")) == (False, "only name my-registry")
    assert recognise(container(env=("OS_CONTAINER=x",))) == (False, "only environment OS_CONTAINER")


def test_two_weak_signs_are_enough() -> None:
    assert recognise(container(name="my-registry", port="5000/tcp")) == (True, "name my-registry and port 5000")
    assert recognise(container(env=("OS_CONTAINER=x",), port="8443/tcp")) == (
        True,
        "environment OS_CONTAINER and port 8443",
    )
    assert recognise(container(name="registry-ui", port="5000/tcp")) == (False, "only port 5000")


@pytest.mark.parametrize(("value", "verdict"), [("true", True), ("false", False), ("True", True)])
def test_the_label_overrules_every_sign(value: str, verdict: bool) -> None:
    labels = {"regops.registry": value}
    for image in ("registry:2", "debian:bookworm"):
        assert recognise(container(image, labels=labels)) == (verdict, f"label regops.registry={value.lower()}")


def test_a_label_with_another_value_says_nothing() -> None:
    assert recognise(container("registry:2", labels={"regops.registry": "maybe"}))[1] == "image registry"
