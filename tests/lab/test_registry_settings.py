"""What the image makes of its environment."""

from typing import Any

import pytest

from certificate import alternative_names
from registry_config import registry_config, status_config
from registry_settings import read_settings
from settings_error import SettingsError
from swift_settings import swift_from

SWIFT = {
    "OS_AUTH_URL": "http://swift.example:8080/auth/v1.0",
    "OS_USERNAME": "lab:operator",
    "OS_PASSWORD": "canary-hunter2",
    "OS_CONTAINER": "docker-registry",
}


def settings(*, has_redis: bool = False, **environ: str) -> Any:
    return read_settings(environ, version="2.8.2", has_redis=has_redis)


def config(*, has_redis: bool = False, **environ: str) -> dict[str, Any]:
    return registry_config(settings(has_redis=has_redis, **environ))


@pytest.mark.parametrize("flavor", ["prod", "qa", "qa-noes"])
@pytest.mark.parametrize("has_redis", [False, True])
def test_all_but_devel_store_in_swift_without_any_cache_and_hand_out_no_redirects(flavor: str, has_redis: bool) -> None:
    found = config(has_redis=has_redis, SETTINGS_FLAVOR=flavor, **SWIFT)
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


def secret(**environ: str) -> str:
    return str(config(**environ)["http"]["secret"])


def test_the_http_secret_is_the_same_for_all_who_share_a_container_and_a_password_and_tells_neither() -> None:
    here, elsewhere = {**SWIFT, "OS_AUTH_URL": "https://swift.example/auth/v1.0"}, {**SWIFT, "OS_CONTAINER": "other"}
    assert secret(SETTINGS_FLAVOR="qa", **SWIFT) == secret(SETTINGS_FLAVOR="prod", **here)
    found = {secret(SETTINGS_FLAVOR="qa", **one) for one in (SWIFT, elsewhere, {**SWIFT, "OS_PASSWORD": "another"})}
    assert len(found) == 3
    assert all(len(one) == 64 and "hunter2" not in one for one in found)


def test_the_http_secret_is_the_one_that_is_set_and_another_at_each_start_of_a_registry_that_keeps_files() -> None:
    assert secret(SETTINGS_FLAVOR="qa", HTTP_SECRET="shared", **SWIFT) == "shared"
    assert secret(SETTINGS_FLAVOR="local") != secret(SETTINGS_FLAVOR="local")


@pytest.mark.parametrize("flavor", ["prod", "qa", "devel"])
def test_flavors_with_an_index_send_it_what_happens_when_it_has_an_address(flavor: str) -> None:
    def endpoints(**environ: str) -> Any:
        found = config(has_redis=True, SETTINGS_FLAVOR=flavor, **SWIFT, **environ)
        return [one["url"] for one in found.get("notifications", {}).get("endpoints", ())]

    assert endpoints() == []
    assert endpoints(INDEX_URL="https://index.example:9200/") == ["http://127.0.0.1:5003/events"]


@pytest.mark.parametrize("environ", [{"SETTINGS_FLAVOR": "local"}, {"SETTINGS_FLAVOR": "qa-noes", **SWIFT}])
def test_flavors_without_an_index_have_none_wherever_it_is(environ: dict[str, str]) -> None:
    found = settings(INDEX_URL="http://index.example:9200", **environ)
    assert "notifications" not in registry_config(found)
    assert status_config(found, instance="a")["index"] is None


def test_registries_of_several_stores_have_several_indexes_on_one_server() -> None:
    told = settings(SETTINGS_FLAVOR="qa", **SWIFT, INDEX_URL="http://index.example:9200", INDEX_NAME="qa-images")
    assert told.index
    assert told.index.name == "qa-images"


def test_the_index_may_ask_for_a_name_and_password() -> None:
    wanted = {"INDEX_URL": "https://index.example:9200/", "INDEX_USERNAME": "me", "INDEX_PASSWORD": "secret"}
    told = status_config(settings(SETTINGS_FLAVOR="qa", **SWIFT, **wanted), instance="a")
    index = {"url": "https://index.example:9200", "name": "docker-registry", "username": "me", "password": "secret"}
    assert told["index"] == index


V3 = {**SWIFT, "OS_AUTH_URL": "https://keystone.example:5000/v3", "OS_USERNAME": "alice", "OS_PROJECT_NAME": "images"}


def driver(**environ: str) -> dict[str, Any]:
    found = dict(config(SETTINGS_FLAVOR="prod", **environ)["storage"]["swift"])
    for name in ("username", "password", "container"):
        del found[name]
    return found


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, {"tenant": "images", "domainid": "default", "tenantdomainid": "default"}),
        ({"OS_REGION_NAME": "north"}, {"region": "north", "tenant": "images"}),
        ({"OS_USER_DOMAIN_NAME": "Sales"}, {"domain": "Sales", "tenantdomain": "Sales"}),
        ({"OS_USER_DOMAIN_NAME": "Sales", "OS_PROJECT_DOMAIN_ID": "p"}, {"domain": "Sales", "tenantdomainid": "p"}),
        ({"OS_PROJECT_NAME": "", "OS_TENANT_ID": "7"}, {"tenantid": "7", "domainid": "default"}),
        ({"OS_INTERFACE": "internalURL"}, {"endpointtype": "internal"}),
    ],
)
def test_keystone_3_is_told_in_the_words_of_the_storage_driver(
    environ: dict[str, str], expected: dict[str, str]
) -> None:
    found = driver(**{**V3, **environ})
    assert (found["authurl"], found["authversion"]) == ("https://keystone.example:5000/v3", 3)
    assert expected.items() <= found.items()
    assert all(found.values())


def test_keystone_2_has_a_tenant_and_no_domains() -> None:
    wanted = {**V3, "OS_AUTH_URL": "https://keystone.example:5000/v2.0/", "OS_TENANT_NAME": "images"}
    assert driver(**wanted, OS_USER_DOMAIN_NAME="Sales") == {
        "authurl": "https://keystone.example:5000/v2.0",
        "authversion": 2,
        "tenant": "images",
        "endpointtype": "public",
    }


@pytest.mark.parametrize(("version", "path"), [({}, "v3"), ({"OS_IDENTITY_API_VERSION": "2.0"}, "v2.0")])
def test_an_address_without_a_version_gets_one(version: dict[str, str], path: str) -> None:
    found = driver(**{**V3, "OS_AUTH_URL": "https://cloud.example/identity/", **version})
    assert found["authurl"] == f"https://cloud.example/identity/{path}"


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, "SETTINGS_FLAVOR is ''; it must be one of devel, local, prod, qa, qa-noes"),
        ({"SETTINGS_FLAVOR": "prod\nforged"}, r"SETTINGS_FLAVOR is 'prod\nforged'; it must be one of"),
        ({"SETTINGS_FLAVOR": "devel"}, "SETTINGS_FLAVOR is devel, and this image has no redis"),
        ({"SETTINGS_FLAVOR": "qa"}, "needs OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_CONTAINER"),
        ({"SETTINGS_FLAVOR": "qa", **SWIFT, "OS_PASSWORD": ""}, "needs OS_PASSWORD"),
        ({"SETTINGS_FLAVOR": "qa", **SWIFT, "OS_PASSWORD": "two\nlines"}, "OS_PASSWORD holds a character"),
        ({"SETTINGS_FLAVOR": "qa", **SWIFT, "OS_AUTH_URL": "swift:8080"}, "OS_AUTH_URL is no address"),
        ({"SETTINGS_FLAVOR": "qa", **SWIFT, "OS_AUTH_URL": "http://[swift/v1.0"}, "OS_AUTH_URL is no address"),
        ({"SETTINGS_FLAVOR": "qa", **SWIFT, "OS_AUTH_URL": "http://a:b@c/v1.0"}, "without credentials"),
        ({"SETTINGS_FLAVOR": "qa", **SWIFT, "OS_AUTH_URL": "https://keystone/v4"}, "neither Swift's v1 nor Keystone's"),
        ({"SETTINGS_FLAVOR": "qa", **SWIFT, "OS_AUTH_URL": "http://c/v1.0?x"}, "a query"),
        ({"SETTINGS_FLAVOR": "qa", **SWIFT, "OS_AUTH_URL": "https://keystone/v3"}, "OS_PROJECT_NAME, not set"),
        ({"SETTINGS_FLAVOR": "qa", **V3, "OS_INTERFACE": "sideways"}, "OS_INTERFACE must be one of public"),
        ({"SETTINGS_FLAVOR": "qa", **V3, "OS_REGION_NAME": "a\nb"}, "OS_REGION_NAME holds a character"),
        ({"SETTINGS_FLAVOR": "qa", **SWIFT, "INDEX_URL": "http://a:canary@b"}, "INDEX_URL is no address without"),
        ({"SETTINGS_FLAVOR": "qa", **SWIFT, "INDEX_URL": "http://b", "INDEX_USERNAME": "a"}, "INDEX_PASSWORD one is"),
        ({"SETTINGS_FLAVOR": "qa", **SWIFT, "INDEX_URL": "http://b", "INDEX_NAME": "a,*"}, "INDEX_NAME is 'a,*'"),
        ({"SETTINGS_FLAVOR": "local", "HTTP_SECRET": "two\nlines"}, "HTTP_SECRET holds a character"),
        (
            {"SETTINGS_FLAVOR": "local", "REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR": "redis"},
            "'REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR' is set; this image takes none",
        ),
        ({"SETTINGS_FLAVOR": "qa", **SWIFT, "OS_CONTAINER": "a/b"}, "OS_CONTAINER cannot be"),
    ],
)
def test_settings_that_cannot_work_are_told_in_one_line_without_secrets(environ: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(**environ)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("name", ["REGISTRY_PORT", "REGISTRY_SERVICE_HOST", "REGISTRY_REDIS_PORT_6379_TCP"])
def test_what_an_orchestrator_says_of_services_called_registry_is_no_setting(name: str) -> None:
    assert settings(SETTINGS_FLAVOR="local", **{name: "tcp://10.0.0.1:80"}).flavor == "local"


def test_the_status_service_learns_what_is_configured() -> None:
    assert status_config(settings(SETTINGS_FLAVOR="local"), instance="c0ffee-1") == {
        "flavor": "local",
        "version": "2.8.2",
        "instance": "c0ffee-1",
        "redis": None,
        "files": "/var/lib/docker-registry",
        "swift": None,
        "index": None,
    }
    made = settings(has_redis=True, SETTINGS_FLAVOR="devel", **V3)
    found = status_config(made, instance="c0ffee-1")
    assert (found["redis"], found["files"]) == ("127.0.0.1:6379", None)
    assert swift_from(found["swift"]) == made.swift


def test_a_certificate_names_what_was_asked_and_what_is_always_true_once_each() -> None:
    names = alternative_names(
        {"TLS_NAMES": "registry.example, 192.0.2.7,localhost"}, hostname="c0ffee", address="172.18.0.3"
    )
    assert names == ("DNS:registry.example,IP:192.0.2.7,DNS:localhost,DNS:c0ffee,IP:127.0.0.1,IP:::1,IP:172.18.0.3")


@pytest.mark.parametrize("name", ["a b", "x,DNS:evil\n", "-option", "evil.example\nkeyUsage=cRLSign"])
def test_a_name_that_could_forge_a_certificate_is_refused(name: str) -> None:
    with pytest.raises(SettingsError):
        alternative_names({"TLS_NAMES": name}, hostname="c0ffee", address=None)
