"""clouds.yaml: where it is looked for, what of it counts, and what is said when it does not do."""

import textwrap
from pathlib import Path

import pytest
from typer.testing import CliRunner

from regops.adapters.swift.clouds import cloud_environment
from regops.adapters.swift.store import SwiftStore
from regops.errors import ConfigurationError
from regops.main import app
from regops.settings import StoreOptions
from swift_server import SwiftServer

SECRET = "hunter2"
CLOUDS = f"""
    base: &base
      auth_url: https://keystone.example:5000/v3
      user_domain_name: Sales
    clouds:
      prod:
        auth:
          <<: *base
          username: ops
          password: {SECRET}
          project_name: images
          project_domain_name: Sales
        region_name: north
        interface: internal
        identity_api_version: 3
        verify: false
        cacert: /etc/ca.pem
      robot:
        auth_type: v3applicationcredential
        auth: {{auth_url: https://k/v3, application_credential_id: abc, application_credential_secret: {SECRET}}}
        regions: [{{name: south}}, north]
      token:
        auth_type: token
        auth: {{auth_url: https://k/v3, token: {SECRET}, password: other, project_id: "123"}}
      bare: {{auth: {{auth_url: https://k/v3, username: ops, project_name: images}}}}
      vendor: {{profile: rackspace, auth: {{username: ops}}}}
      odd: {{auth_type: kerberos, auth: {{}}}}
      empty: {{}}
"""


def written(path: Path, text: str = CLOUDS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return path


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"OS_CLIENT_CONFIG_FILE": str(written(tmp_path / "clouds.yaml"))}


def test_a_cloud_becomes_the_variables_that_say_the_same(environ: dict[str, str]) -> None:
    assert cloud_environment("prod", environ)[0] == {
        "OS_AUTH_URL": "https://keystone.example:5000/v3",
        "OS_USERNAME": "ops",
        "OS_PASSWORD": SECRET,
        "OS_PROJECT_NAME": "images",
        "OS_USER_DOMAIN_NAME": "Sales",
        "OS_PROJECT_DOMAIN_NAME": "Sales",
        "OS_REGION_NAME": "north",
        "OS_INTERFACE": "internal",
        "OS_IDENTITY_API_VERSION": "3",
        "OS_CACERT": "/etc/ca.pem",
        "OS_INSECURE": "true",
    }
    robot = cloud_environment("robot", environ)[0]
    assert (robot["OS_APPLICATION_CREDENTIAL_ID"], robot["OS_REGION_NAME"]) == ("abc", "south")
    token = cloud_environment("token", environ)[0]
    assert (token["OS_AUTH_TOKEN"], token["OS_PROJECT_ID"], token.get("OS_PASSWORD")) == (SECRET, "123", None)


def test_the_environment_fills_in_what_the_file_leaves_open_and_no_more(environ: dict[str, str]) -> None:
    environ |= {"OS_PASSWORD": "from outside", "OS_USERNAME": "mallory", "OS_AUTH_URL": "https://elsewhere"}
    assert cloud_environment("bare", environ)[0]["OS_PASSWORD"] == "from outside"
    prod = cloud_environment("prod", environ)[0]
    assert (prod["OS_PASSWORD"], prod["OS_USERNAME"]) == (SECRET, "ops")
    assert prod["OS_AUTH_URL"] == "https://keystone.example:5000/v3"


def test_the_environment_chooses_the_region_and_the_interface(environ: dict[str, str]) -> None:
    prod = cloud_environment("prod", {**environ, "OS_REGION_NAME": "west", "OS_INTERFACE": "public"})[0]
    assert (prod["OS_REGION_NAME"], prod["OS_INTERFACE"]) == ("west", "public")
    bare = cloud_environment("bare", {**environ, "OS_REGION_NAME": "west"})[0]
    assert (bare["OS_REGION_NAME"], bare.get("OS_INTERFACE")) == ("west", None)
    assert cloud_environment("prod", {**environ, "OS_REGION_NAME": ""})[0]["OS_REGION_NAME"] == "north"


def test_secrets_may_lie_in_a_file_of_their_own(environ: dict[str, str], tmp_path: Path) -> None:
    secure = written(tmp_path / "secure.yaml", f"clouds: {{bare: {{auth: {{password: {SECRET}}}}}}}")
    bare = cloud_environment("bare", {**environ, "OS_CLIENT_SECURE_FILE": str(secure)})[0]
    assert (bare["OS_PASSWORD"], bare["OS_USERNAME"]) == (SECRET, "ops")


def test_the_first_file_of_the_usual_places_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {"HOME": str(tmp_path / "home")}
    with pytest.raises(
        ConfigurationError, match=r"looked for clouds.yaml, .*/home/.config/openstack/clouds.yaml, /etc"
    ):
        cloud_environment("prod", environ)
    for place in ("home/.config/openstack/clouds.yml", "home/.config/openstack/clouds.yaml", "clouds.yaml"):
        path = written(tmp_path / place)
        assert cloud_environment("prod", environ)[1].absolute() == path
    path.chmod(0o666)  # somebody else may have written it
    assert cloud_environment("prod", environ)[1] == tmp_path / "home/.config/openstack/clouds.yaml"
    elsewhere = written(tmp_path / "config/openstack/clouds.yaml")
    assert cloud_environment("prod", {**environ, "XDG_CONFIG_HOME": str(tmp_path / "config")})[1] == elsewhere


def test_a_file_that_is_not_there_is_told_as_it_was_named(tmp_path: Path) -> None:
    path = tmp_path / "nope"
    with pytest.raises(ConfigurationError) as error:
        cloud_environment("lab", {"OS_CLIENT_CONFIG_FILE": str(path)})
    assert error.value.message == (
        f"--os-cloud names the cloud lab, and OS_CLIENT_CONFIG_FILE names no file that is there: {path}"
    )
    assert error.value.hint.startswith("correct OS_CLIENT_CONFIG_FILE, or unset it")


@pytest.mark.parametrize(("variable", "by"), [({}, "--os-cloud"), ({"OS_CLOUD": "lab"}, "OS_CLOUD")])
def test_without_a_file_it_is_told_who_named_the_cloud(variable: dict[str, str], by: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as error:
        cloud_environment("lab", {"XDG_CONFIG_HOME": str(tmp_path), **variable})
    assert error.value.message.startswith(f"{by} names the cloud lab, and there is no clouds.yaml: looked for ")
    assert error.value.hint.endswith(f"OS_* and ST_* variables count without {by}")


@pytest.mark.parametrize(
    ("cloud", "said"),
    [
        ("nowhere", "has no cloud nowhere"),
        ("empty", "has no auth"),
        ("odd", "has the auth_type kerberos"),
        ("vendor", "leaves its address to a profile, rackspace"),
    ],
)
def test_a_cloud_that_does_not_do_is_told(cloud: str, said: str, environ: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=said):
        cloud_environment(cloud, environ)


def test_what_is_missing_is_named_in_the_words_of_the_file(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError) as error:
        SwiftStore.from_environment(environ, timeout_seconds=1, options=StoreOptions(cloud="bare"))
    assert f"the cloud bare in {environ['OS_CLIENT_CONFIG_FILE']}: password is not set" in error.value.message


BOMB = "a: &a0 {x: 1}\n" + "".join(f"b{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 40))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "clouds: 5",
        "clouds: [prod]",
        "clouds: {prod: 5}",
        f"clouds: {{prod: {{auth: {{password: {SECRET}}}",
        f"clouds: {{prod: {{auth: {{password: !!bool {SECRET}}}}}}}",
        "clouds: {prod: {auth: {password: !!int ''}}}",
        "clouds: {prod: {auth: {password: !!timestamp x}}}",
        "[" * 100_000,
        "x: !!python/object/apply:os.system [true]",
        "\x00",
        f"{BOMB}\nclouds: {{}}",
        "x" * 2_000_000,
        "clouds: {prod: {auth: {auth_url: [1], username: {a: b}}}}",
    ],
)
def test_a_file_that_does_not_do_ends_in_words_and_without_its_secrets(text: str, tmp_path: Path) -> None:
    environ = {"OS_CLIENT_CONFIG_FILE": str(written(tmp_path / "clouds.yaml", text))}
    with pytest.raises(ConfigurationError) as error:
        SwiftStore.from_environment(environ, timeout_seconds=1, options=StoreOptions(cloud="prod"))
    assert "clouds.yaml" in error.value.message
    assert SECRET not in error.value.message


@pytest.mark.swift
@pytest.mark.parametrize("way", ["option", "variable"])
def test_a_named_cloud_leads_to_its_swift(
    way: str, swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"""
    clouds:
      here:
        auth_type: v1password
        auth: {{auth_url: '{swift.auth_url}', username: '{swift.environ["ST_USER"]}', key: '{swift.environ["ST_KEY"]}'}}
    """
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(written(tmp_path / "clouds.yaml", text)))
    monkeypatch.setenv("OS_AUTH_URL", "http://127.0.0.1:1/v3")
    swift.request("PUT", "clouds")
    if way == "variable":
        monkeypatch.setenv("OS_CLOUD", "here")
    chosen = ["--os-cloud", "here"] if way == "option" else []
    result = CliRunner().invoke(app, ["bootstrap", "list", "-c", "clouds", *chosen])
    assert result.exit_code == 0, result.stderr
    said = " ".join(result.stdout.split())
    assert "the cloud here in" in said
    assert "OS_AUTH_URL is set too and was not used" in said
