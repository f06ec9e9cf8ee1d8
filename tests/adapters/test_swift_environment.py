"""What the variables of OpenStack's users mean, and what is said when they do not fit together."""

import pytest

from regops.adapters.swift.environment import KeystoneLogin, Login, TokenLogin, V1Login, read_login, read_tls
from regops.errors import ConfigurationError
from regops.secret import Secret

V1 = {"ST_AUTH": "http://swift:8080/auth/v1.0", "ST_USER": "test:tester", "ST_KEY": "testing"}
V3 = {
    "OS_AUTH_URL": "http://keystone:5000/v3",
    "OS_USERNAME": "alice",
    "OS_PASSWORD": "wonder",
    "OS_PROJECT_NAME": "images",
    "OS_USER_DOMAIN_NAME": "Default",
    "OS_PROJECT_DOMAIN_NAME": "Default",
}
OLD = {
    "OS_AUTH_URL": "http://keystone:5000/v2.0/",
    "OS_USERNAME": "alice",
    "OS_PASSWORD": "wonder",
    "OS_TENANT_NAME": "images",
}


def keystone(environ: dict[str, str]) -> KeystoneLogin:
    login, note = read_login(environ)
    assert isinstance(login, KeystoneLogin)
    assert note == ""
    return login


def without(environ: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name not in names}


def test_version_1_needs_an_address_a_user_and_a_key() -> None:
    assert read_login(V1) == (V1Login("http://swift:8080/auth/v1.0", "test:tester", Secret("testing")), "")


def test_an_openrc_file_of_version_3_is_understood() -> None:
    login = keystone(V3)
    assert (login.version, login.auth_url, login.user_name, login.project_name, login.interface) == (
        3,
        "http://keystone:5000/v3",
        "alice",
        "images",
        "public",
    )
    assert (login.user_domain_name, login.project_domain_name, login.assumed_domain) == ("Default", "Default", False)
    assert login.password == Secret("wonder")


def test_an_openrc_file_of_version_2_is_understood() -> None:
    login = keystone(OLD)
    assert (login.version, login.auth_url, login.project_name) == (2, "http://keystone:5000/v2.0", "images")


@pytest.mark.parametrize(
    ("version", "ending"), [("3", "v3"), ("v3", "v3"), ("3.0", "v3"), ("2", "v2.0"), ("2.0", "v2.0"), (None, "v3")]
)
def test_an_address_without_a_version_gets_the_one_asked_for(version: str | None, ending: str) -> None:
    environ = {**V3, "OS_AUTH_URL": "https://cloud/identity"} | (
        {"OS_IDENTITY_API_VERSION": version} if version else {}
    )
    assert keystone(environ).auth_url == f"https://cloud/identity/{ending}"


def test_without_a_domain_the_default_one_is_assumed_and_that_is_known() -> None:
    login = keystone(without(V3, "OS_USER_DOMAIN_NAME", "OS_PROJECT_DOMAIN_NAME"))
    assert (login.user_domain_id, login.project_domain_id, login.assumed_domain) == ("default", "default", True)


def test_one_domain_stands_for_the_other() -> None:
    login = keystone({**without(V3, "OS_USER_DOMAIN_NAME"), "OS_PROJECT_DOMAIN_NAME": "Sales"})
    assert (login.user_domain_name, login.project_domain_name, login.assumed_domain) == ("Sales", "Sales", False)


def test_region_interface_and_ids_are_taken_over() -> None:
    more = {"OS_REGION_NAME": "north", "OS_ENDPOINT_TYPE": "internalURL", "OS_PROJECT_ID": "p1", "OS_USER_ID": "u1"}
    login = keystone({**V3, **more})
    assert (login.region, login.interface, login.project_id, login.user_id) == ("north", "internal", "p1", "u1")


def test_an_application_credential_brings_its_own_project() -> None:
    environ = {
        "OS_AUTH_URL": "http://keystone:5000/v3",
        "OS_APPLICATION_CREDENTIAL_ID": "c1",
        "OS_APPLICATION_CREDENTIAL_SECRET": "s",
        "OS_PROJECT_NAME": "images",
    }
    login = keystone(environ)
    assert (login.credential_id, login.credential_secret, login.project_name) == ("c1", Secret("s"), None)
    with pytest.raises(ConfigurationError, match="OS_APPLICATION_CREDENTIAL_SECRET is not set"):
        read_login(without(environ, "OS_APPLICATION_CREDENTIAL_SECRET"))


@pytest.mark.parametrize("name", ["OS_AUTH_TOKEN", "OS_TOKEN"])
def test_a_token_and_an_address_are_enough(name: str) -> None:
    environ = {name: "t", "OS_STORAGE_URL": "http://swift/v1/AUTH_x/"}
    assert read_login(environ) == (TokenLogin("http://swift/v1/AUTH_x", Secret("t")), "")


def test_version_1_can_be_told_in_the_variables_of_version_3() -> None:
    login, _ = read_login({**without(V3, "OS_PROJECT_NAME"), "OS_AUTH_URL": "http://swift:8080/auth/v1.0"})
    assert login == V1Login("http://swift:8080/auth/v1.0", "alice", Secret("wonder"), variables="OS_*")


def test_of_two_sets_keystones_wins_and_the_other_is_named() -> None:
    login, note = read_login({**V1, **V3})
    assert isinstance(login, KeystoneLogin)
    assert note == "ST_AUTH is set too and was not used; to use it, set ST_AUTH_VERSION=1"


def test_the_version_says_which_of_two_sets_is_meant() -> None:
    login, note = read_login({**V1, **V3, "ST_AUTH_VERSION": "1.0"})
    assert isinstance(login, V1Login)
    assert "OS_AUTH_URL is set too" in note


def test_of_two_sets_the_complete_one_is_used_and_what_the_other_lacks_is_told() -> None:
    login, note = read_login({**V1, **without(V3, "OS_PASSWORD")})
    assert isinstance(login, V1Login)
    assert "OS_AUTH_URL is set too and was not used: OS_PASSWORD is not set" in note


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "neither OS_AUTH_URL (Keystone) nor ST_AUTH (version 1) is set"),
        ({"OS_CLOUD": "mine"}, "neither OS_AUTH_URL"),
        ({"OS_AUTH_TOKEN": "t"}, "OS_STORAGE_URL is missing beside it"),
        ({"OS_TOKEN": "t"}, "OS_TOKEN is set, and nothing says where"),
        ({"OS_TOKEN": "a\nb"}, "OS_TOKEN holds a line break"),
        ({"OS_AUTH_TOKEN": "t", "OS_PROJECT_NAME": "images"}, "OS_STORAGE_URL is missing beside it"),
        ({"OS_STORAGE_URL": "http://swift/v1/AUTH_x"}, "OS_AUTH_TOKEN is missing beside it"),
        (without(V1, "ST_USER"), "ST_USER is not set"),
        (without(V1, "ST_KEY"), "ST_KEY is not set"),
        ({**V1, "ST_KEY": ""}, "ST_KEY is not set"),
        (without(V1, "ST_USER", "ST_KEY"), "ST_USER, ST_KEY are not set"),
        (
            {"OS_AUTH_URL": V3["OS_AUTH_URL"]},
            "OS_USERNAME or OS_USER_ID, OS_PASSWORD, OS_PROJECT_NAME or OS_TENANT_NAME or",
        ),
        ({**V1, "ST_AUTH": "swift:8080"}, "ST_AUTH is no http or https address"),
        ({**V1, "ST_AUTH": "http://swift:http/auth/v1.0"}, "ST_AUTH is no http or https address"),
        ({**V1, "ST_AUTH": "http://[::1/auth/v1.0"}, "ST_AUTH is no http or https address"),
        ({**V1, "ST_AUTH": "https://:8080/auth/v1.0"}, "ST_AUTH is no http or https address"),
        ({"OS_AUTH_TOKEN": "t", "OS_STORAGE_URL": "http://swift:99999/v1"}, "OS_STORAGE_URL is no http or https"),
        ({**V1, "ST_KEY": "hunter\udcff"}, "ST_KEY holds a line break"),
        (without(V3, "OS_USERNAME"), "OS_USERNAME or OS_USER_ID is not set"),
        (without(V3, "OS_PASSWORD"), "OS_PASSWORD is not set: Keystone gives a token to a user, for a project"),
        (without(V3, "OS_PROJECT_NAME"), "OS_PROJECT_NAME or OS_TENANT_NAME"),
        ({**V3, "OS_IDENTITY_API_VERSION": "2.0"}, "OS_AUTH_URL ends in v3, but version 2 is asked for"),
        ({**OLD, "OS_IDENTITY_API_VERSION": "3"}, "OS_AUTH_URL ends in v2.0, but version 3 is asked for"),
        ({**V3, "OS_IDENTITY_API_VERSION": "4"}, "OS_IDENTITY_API_VERSION is 4"),
        ({**V3, "OS_AUTH_URL": "file:///etc/passwd"}, "OS_AUTH_URL is no http or https address"),
        ({**V3, "OS_USERNAME": "alice\r\nX-Evil: 1"}, "OS_USERNAME holds a line break"),
    ],
)
def test_what_is_missing_or_wrong_is_named(environ: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        read_login(environ)
    assert said in error.value.message
    assert error.value.hint


def test_secrets_are_never_quoted() -> None:
    for environ in ({**V1, "ST_KEY": "hunter2\n"}, {**V3, "OS_AUTH_URL": "ftp://alice:hunter2@keystone"}):
        with pytest.raises(ConfigurationError) as error:
            read_login(environ)
        assert "hunter2" not in f"{error.value.message} {error.value.hint}"
    login: Login = read_login({**V3, "OS_PASSWORD": "hunter2"})[0]
    assert "hunter2" not in repr(login)


@pytest.mark.parametrize("path", ["/nowhere", f"/{'long' * 100}"])
def test_a_bundle_that_is_not_there_is_named(path: str) -> None:
    with pytest.raises(ConfigurationError, match=f"OS_CACERT names a file that is not there: {path}"):
        read_tls({"OS_CACERT": path})


@pytest.mark.parametrize(("value", "insecure"), [("true", True), ("1", True), ("Yes", True), ("0", False), ("", False)])
def test_insecure_is_said_in_the_usual_words(value: str, insecure: bool) -> None:
    assert read_tls({"OS_INSECURE": value}).insecure is insecure
