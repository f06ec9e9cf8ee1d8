"""A real Keystone with a real Swift behind it, in one cloud."""

from collections.abc import Iterator

import pytest

from keystone_server import Cloud, running_cloud
from regops.adapters.swift.store import SwiftStore
from regops.collectors.bootstrap.listing import collect_tarballs
from regops.errors import AuthenticationFailed, NotFound, RegopsError
from regops.model.tarball import Tarballs
from regops.wiring import SystemClock
from swift_server import SwiftServer

pytestmark = pytest.mark.swift


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("cloud")) as found:
        yield found


@pytest.fixture
def openrc(cloud: Cloud) -> dict[str, str]:
    return {
        "OS_AUTH_URL": cloud.keystone.url,
        "OS_USERNAME": "alice",
        "OS_PASSWORD": "wonder",
        "OS_PROJECT_NAME": "images",
        "OS_USER_DOMAIN_NAME": "Sales",
        "OS_PROJECT_DOMAIN_NAME": "Sales",
        "OS_REGION_NAME": "north",
        "OS_IDENTITY_API_VERSION": "3",
    }


def store_of(environ: dict[str, str]) -> SwiftStore:
    return SwiftStore.from_environment(environ, timeout_seconds=30)


def collect(environ: dict[str, str], swift_container: str) -> Tarballs:
    return collect_tarballs(store_of(environ), swift_container, SystemClock(), timeout_seconds=30)


def failure(environ: dict[str, str]) -> RegopsError:
    with pytest.raises(RegopsError) as error:
        collect(environ, "docker-registry.bootstrap")
    return error.value


def test_what_is_stored_can_be_listed_and_read(openrc: dict[str, str], cloud: Cloud) -> None:
    store = store_of(openrc)
    stored = store.put(
        "docker-registry.bootstrap", "main.tar", iter([b"to", b"ge", b"", b"ther"]), metadata={"tag": "1"}
    )
    assert stored.size_bytes == 8
    with store.open("docker-registry.bootstrap", "main.tar") as (_, body):
        assert b"".join(body) == b"together"
    answer = collect(openrc, "docker-registry.bootstrap")
    assert [one.name for one in answer.objects] == ["main.tar"]
    assert (answer.account.method, answer.account.user, answer.account.project, answer.account.region) == (
        "keystone v3",
        "alice",
        "images",
        "north",
    )
    assert answer.account.storage_url.endswith(f"/v1/AUTH_{cloud.project}")


def test_ids_do_as_well_as_names(openrc: dict[str, str], cloud: Cloud) -> None:
    environ = {name: openrc[name] for name in ("OS_AUTH_URL", "OS_PASSWORD")}
    environ |= {"OS_USER_ID": cloud.alice, "OS_PROJECT_ID": cloud.project}
    assert store_of(environ).account.project == "images"


def test_an_address_without_a_version_is_enough(openrc: dict[str, str]) -> None:
    environ = {**openrc, "OS_AUTH_URL": openrc["OS_AUTH_URL"].removesuffix("/v3")}
    assert store_of(environ).account.method == "keystone v3"


def test_an_application_credential_opens_its_project(openrc: dict[str, str], cloud: Cloud) -> None:
    made = cloud.keystone.request(
        "POST",
        f"/users/{cloud.alice}/application_credentials",
        {"application_credential": {"name": "robot", "secret": "oil"}},
        token=_token(openrc),
    )["application_credential"]["id"]
    environ = {
        "OS_AUTH_URL": openrc["OS_AUTH_URL"],
        "OS_APPLICATION_CREDENTIAL_ID": made,
        "OS_APPLICATION_CREDENTIAL_SECRET": "oil",
    }
    assert store_of(environ).account.project == "images"
    refused = failure({**environ, "OS_APPLICATION_CREDENTIAL_SECRET": "water"})
    assert f"refused application credential {made}" in refused.message


def test_a_token_is_exchanged_for_one_of_the_project(openrc: dict[str, str]) -> None:
    environ = {name: value for name, value in openrc.items() if name not in {"OS_PASSWORD", "OS_USERNAME"}}
    assert store_of({**environ, "OS_AUTH_TOKEN": _token(openrc)}).account.project == "images"
    assert "refused the token" in failure({**environ, "OS_AUTH_TOKEN": "not one"}).message


def test_a_wrong_password_and_an_unknown_user_look_alike(openrc: dict[str, str]) -> None:
    for wrong in ({"OS_PASSWORD": "hunter2"}, {"OS_USERNAME": "mallory"}):
        error = failure({**openrc, **wrong})
        assert isinstance(error, AuthenticationFailed)
        assert "(domain Sales): no such user, or a wrong password" in error.message
        assert "hunter2" not in error.message


def test_a_project_that_is_not_the_users_is_told_with_those_that_are(openrc: dict[str, str]) -> None:
    error = failure({**openrc, "OS_PROJECT_NAME": "secrets"})
    assert "knows alice (domain Sales), but has no project secrets for that user" in error.message
    assert error.hint == "OS_PROJECT_NAME can be images"


def test_a_user_without_any_project_is_told(openrc: dict[str, str]) -> None:
    error = failure({**openrc, "OS_USERNAME": "bob", "OS_PASSWORD": "builder"})
    assert "has no project images for that user" in error.message
    assert error.hint == "no project is open to this user"


def test_a_missing_domain_is_assumed_and_then_named(openrc: dict[str, str]) -> None:
    error = failure({name: value for name, value in openrc.items() if "DOMAIN" not in name})
    assert "no domain is set, so 'default' was taken" in error.message
    assert "OS_USER_DOMAIN_NAME" in error.hint


def test_a_region_without_swift_is_told_with_those_that_have_it(openrc: dict[str, str]) -> None:
    error = failure({**openrc, "OS_REGION_NAME": "west"})
    assert isinstance(error, NotFound)
    assert error.hint == "OS_REGION_NAME can be north, south"


def test_version_2_is_told_to_be_gone(openrc: dict[str, str]) -> None:
    url = openrc["OS_AUTH_URL"].replace("/v3", "/v2.0")
    error = failure({**openrc, "OS_AUTH_URL": url, "OS_IDENTITY_API_VERSION": "2"})
    assert "answered 404: no Keystone of this version is there" in error.message


@pytest.mark.parametrize("path", ["", "/v3", "/v1/AUTH_test"])
def test_an_address_of_swift_in_place_of_keystones_is_told(path: str, swift: SwiftServer) -> None:
    base = swift.auth_url.removesuffix("/auth/v1.0")
    error = failure({"OS_AUTH_URL": base + path, "OS_USERNAME": "a", "OS_PASSWORD": "b", "OS_PROJECT_NAME": "c"})
    assert "and not as Keystone does" in error.message
    assert error.hint.startswith("is OS_AUTH_URL the address of Keystone?")


def test_a_container_that_is_missing_is_told_with_those_that_are_there(openrc: dict[str, str]) -> None:
    store_of(openrc).put("docker-registry.bootstrap", "main.tar", iter([b"x"]))
    with pytest.raises(NotFound) as error:
        collect(openrc, "nowhere")
    assert error.value.hint == "--container can be docker-registry.bootstrap"


def _token(openrc: dict[str, str]) -> str:
    from regops.adapters.swift.environment import KeystoneLogin, Tls, read_login
    from regops.adapters.swift.keystone import authenticate_keystone

    login, _ = read_login(openrc)
    assert isinstance(login, KeystoneLogin)
    return authenticate_keystone(login, Tls(), 30)[1].reveal()
