"""What the image makes of its environment."""

from typing import Any

import pytest

from registry_settings import SettingsError, alternative_names, read_settings, registry_config, status_config

SWIFT = {
    "OS_AUTH_URL": "http://swift.example:8080/auth/v1.0",
    "OS_USERNAME": "lab:operator",
    "OS_PASSWORD": "canary-hunter2",
    "OS_CONTAINER": "docker-registry",
}


def settings(*, has_redis: bool = False, **environ: str) -> Any:
    return read_settings(environ, version="2.8.2", has_redis=has_redis, http_secret="made up")


def config(*, has_redis: bool = False, **environ: str) -> dict[str, Any]:
    return registry_config(settings(has_redis=has_redis, **environ))


def test_qa_stores_in_swift_without_any_cache_and_hands_out_no_redirects() -> None:
    found = config(SETTINGS_FLAVOR="qa", **SWIFT)
    assert found["storage"] == {
        "delete": {"enabled": True},
        "redirect": {"disable": True},
        "swift": {
            "authurl": "http://swift.example:8080/auth/v1.0",
            "username": "lab:operator",
            "password": "canary-hunter2",
            "container": "docker-registry",
            "authversion": 1,
        },
    }
    assert "redis" not in found


def test_local_stores_in_files() -> None:
    storage = config(SETTINGS_FLAVOR="local")["storage"]
    assert storage["filesystem"] == {"rootdirectory": "/var/lib/docker-registry"}
    assert {"swift", "cache"}.isdisjoint(storage)


@pytest.mark.parametrize(("environ", "driver"), [({}, "filesystem"), (SWIFT, "swift")])
def test_devel_has_a_redis_as_cache_and_goes_where_its_settings_lead(environ: dict[str, str], driver: str) -> None:
    found = config(has_redis=True, SETTINGS_FLAVOR="devel", **environ)
    assert found["storage"]["cache"] == {"blobdescriptor": "redis"}
    assert found["redis"]["addr"] == "127.0.0.1:6379"
    assert driver in found["storage"]


def test_the_registry_and_its_debug_pages_listen_on_the_loopback_only() -> None:
    http = config(SETTINGS_FLAVOR="local")["http"]
    assert (http["addr"], http["debug"]["addr"]) == ("127.0.0.1:5000", "127.0.0.1:5001")
    assert http["relativeurls"] is True


def test_the_http_secret_is_the_one_that_is_set_and_made_up_otherwise() -> None:
    assert config(SETTINGS_FLAVOR="local")["http"]["secret"] == "made up"
    assert config(SETTINGS_FLAVOR="local", HTTP_SECRET="shared")["http"]["secret"] == "shared"


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, "SETTINGS_FLAVOR is ''; it must be one of devel, local, qa"),
        ({"SETTINGS_FLAVOR": "prod\nforged"}, r"SETTINGS_FLAVOR is 'prod\nforged'; it must be one of devel, local, qa"),
        ({"SETTINGS_FLAVOR": "devel"}, "SETTINGS_FLAVOR is devel, and this image has no redis"),
        ({"SETTINGS_FLAVOR": "qa"}, "needs OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_CONTAINER"),
        ({"SETTINGS_FLAVOR": "qa", **SWIFT, "OS_PASSWORD": ""}, "needs OS_PASSWORD"),
        ({"SETTINGS_FLAVOR": "qa", **SWIFT, "OS_PASSWORD": "two\nlines"}, "OS_PASSWORD holds a character"),
        ({"SETTINGS_FLAVOR": "qa", **SWIFT, "OS_AUTH_URL": "swift:8080"}, "OS_AUTH_URL is no address"),
        ({"SETTINGS_FLAVOR": "qa", **SWIFT, "OS_AUTH_URL": "http://[swift/v1.0"}, "OS_AUTH_URL is no address"),
        ({"SETTINGS_FLAVOR": "qa", **SWIFT, "OS_AUTH_URL": "http://a:b@c/v1.0"}, "without credentials"),
        ({"SETTINGS_FLAVOR": "qa", **SWIFT, "OS_AUTH_URL": "https://keystone:5000/v3"}, "v1 only"),
        ({"SETTINGS_FLAVOR": "qa", **SWIFT, "OS_CONTAINER": "a/b"}, "OS_CONTAINER cannot be"),
    ],
)
def test_settings_that_cannot_work_are_told_in_one_line_without_secrets(environ: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(**environ)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "canary" not in str(caught.value)


def test_the_status_service_learns_what_is_configured() -> None:
    assert status_config(settings(SETTINGS_FLAVOR="local")) == {
        "flavor": "local",
        "version": "2.8.2",
        "redis": None,
        "files": "/var/lib/docker-registry",
        "swift": None,
    }
    found = status_config(settings(has_redis=True, SETTINGS_FLAVOR="devel", **SWIFT))
    assert (found["redis"], found["files"], found["swift"]["username"]) == ("127.0.0.1:6379", None, "lab:operator")


def test_a_certificate_names_what_was_asked_and_what_is_always_true_once_each() -> None:
    names = alternative_names(
        {"TLS_NAMES": "registry.example, 192.0.2.7,localhost"}, hostname="c0ffee", address="172.18.0.3"
    )
    assert names == ("DNS:registry.example,IP:192.0.2.7,DNS:localhost,DNS:c0ffee,IP:127.0.0.1,IP:::1,IP:172.18.0.3")


@pytest.mark.parametrize("name", ["a b", "x,DNS:evil\n", "-option", "evil.example\nkeyUsage=cRLSign"])
def test_a_name_that_could_forge_a_certificate_is_refused(name: str) -> None:
    with pytest.raises(SettingsError):
        alternative_names({"TLS_NAMES": name}, hostname="c0ffee", address=None)
