"""`regops bootstrap start`: what the engine is asked for, and what is said when nothing comes of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fake_engine import FakeEngine, container_document
from fake_registry import FakeRegistry, http_reply
from fake_services import FakeServices
from regops.main import app

IMAGE = "regops/docker-registry:lab"
URL = "http://127.0.0.1:5000"
STATUS = json.dumps({"failures": {}, "host": "h", "services": ["redis", "storage"]})
STORE = {
    "SETTINGS_FLAVOR": "qa",
    "OS_AUTH_URL": "http://swift.example:8080/auth/v1.0",
    "OS_USERNAME": "lab:operator",
    "OS_PASSWORD": "canary-hunter2",
    "OS_CONTAINER": "docker-registry",
}


def well() -> FakeRegistry:
    """Return a registry that needs two moments to come up."""
    banner = http_reply(200, "{}", headers={"Docker-Distribution-Api-Version": "registry/2.0"})
    return FakeRegistry({"/v2/": [502, 502, banner], "/_status": STATUS, "/_ping": "true"}, url=URL)


def services(*documents: dict[str, Any], registry: FakeRegistry | None = None, **engine: Any) -> FakeServices:
    return FakeServices(
        fake_engine=FakeEngine(*documents, images={IMAGE: "sha256:one"}, **engine),
        registries={URL: registry or well()},
    )


def start(given: FakeServices, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["bootstrap", "start", IMAGE, *arguments], obj=given)


def told(result: Result) -> str:
    """Return what stderr says, wherever the lines of a usage error's frame break."""
    return " ".join(result.stderr.replace("│", " ").split())


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in STORE.items():
        monkeypatch.setenv(name, value)


def run_options(given: FakeServices) -> dict[str, Any]:
    return next(dict(call[2]) for call in given.fake_engine.calls if call[0] == "run")


@pytest.mark.usefixtures("store")
def test_the_engine_gets_the_documented_variables_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not for a registry")
    given = services()
    result = start(given, "-o", "json")
    data = json.loads(result.stdout)["data"]
    options = run_options(given)
    assert options["environment"] == STORE
    assert options["ports"] == {"8080/tcp": ("127.0.0.1", 5000), "8443/tcp": ("127.0.0.1", 5443)}
    assert options["restart_policy"] == {"Name": "unless-stopped"}
    assert options["labels"]["regops.registry"] == "true"
    assert (data["http_url"], data["https_url"]) == (URL, "https://127.0.0.1:5443")
    assert (data["variables"], data["flavor"]) == (sorted(STORE), "qa")
    assert "canary" not in result.stdout + result.stderr


@pytest.mark.usefixtures("store")
def test_ports_name_network_volumes_and_restart_are_the_operators() -> None:
    given = services(registry=well())
    given.registries = {"http://127.0.0.1:80": well()}
    places = ("--name", "first", "--http-port", "80", "--https-port", "443", "--address", "0.0.0.0")
    start(given, *places, "--network", "backend", "-v", "logs:/var/log", "--restart", "no")
    options = run_options(given)
    assert (options["name"], options["network"], options["restart_policy"]) == ("first", "backend", {"Name": "no"})
    assert options["ports"] == {"8080/tcp": ("0.0.0.0", 80), "8443/tcp": ("0.0.0.0", 443)}
    assert options["volumes"] == {"logs": {"bind": "/var/log", "mode": "rw"}}


@pytest.mark.parametrize(
    "address", ["", "foo", "registry.example", "127.0.0.1:5000", "fe80::1%eth0", "127.1", "0", " "]
)
def test_an_address_that_is_none_is_a_usage_error_and_nothing_is_started(address: str) -> None:
    given = services()
    result = start(given, "--address", address)
    assert (result.exit_code, given.fake_engine.calls) == (2, [])
    assert "is no IP address" in told(result)


@pytest.mark.parametrize(
    ("address", "published"), [("localhost", "127.0.0.1"), ("0:0::1", "::1"), ("0.0.0.0", "0.0.0.0")]
)
def test_the_engine_gets_an_address_it_cannot_take_for_all(address: str, published: str) -> None:
    given = services()
    given.registries = {f"http://{host}:5000": well() for host in ("127.0.0.1", "[::1]")}
    start(given, "--address", address)
    assert {bound[0] for bound in run_options(given)["ports"].values()} == {published}


class Strange(FakeEngine):
    """An engine whose description of what it started cannot be read."""

    def run(self, image: str, **options: Any) -> str:
        made = super().run(image, **options)
        self.documents[-1]["Config"]["Env"] = "one text"  # type: ignore[index]
        return made


def test_what_was_started_is_removed_even_when_it_cannot_be_read() -> None:
    engine = Strange(images={IMAGE: "sha256:one"})
    result = start(FakeServices(fake_engine=engine))
    assert (result.exit_code, engine.documents) == (3, [])


def test_the_variables_of_swifts_version_1_do_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ST_AUTH": STORE["OS_AUTH_URL"], "ST_USER": "lab:operator", "ST_KEY": "k"}.items():
        monkeypatch.setenv(name, value)
    given = services()
    start(given)
    environment = run_options(given)["environment"]
    assert environment == {"OS_AUTH_URL": STORE["OS_AUTH_URL"], "OS_USERNAME": "lab:operator", "OS_PASSWORD": "k"}


@pytest.mark.usefixtures("store")
def test_with_an_env_file_the_shell_has_no_say(tmp_path: Path) -> None:
    path = tmp_path / "registry.env"
    path.write_text("SETTINGS_FLAVOR=local\nANYTHING=x y\nOS_PASSWORD\n")
    given = services()
    start(given, "--env-file", str(path))
    environment = run_options(given)["environment"]
    assert environment == {"SETTINGS_FLAVOR": "local", "ANYTHING": "x y", "OS_PASSWORD": "canary-hunter2"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"export A=1\n", "line 1: this is a shell's"),
        (b"NOT_SET_ANYWHERE\n", "takes NOT_SET_ANYWHERE from the environment"),
        (b"\xff\xfe", "it is not UTF-8"),
    ],
)
def test_an_env_file_that_cannot_be_used_is_told(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "registry.env"
    path.write_bytes(content)
    result = start(services(), "--env-file", str(path))
    assert result.exit_code == 2
    assert reason in result.stderr


@pytest.mark.parametrize("volume", ["logs", "logs:var", "../x:/var/log", ":/var"])
def test_a_volume_that_is_none_is_a_usage_error(volume: str) -> None:
    assert start(services(), "-v", volume).exit_code == 2


@pytest.mark.usefixtures("store")
def test_a_swift_on_the_loopback_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_AUTH_URL", "http://localhost:8080/auth/v1.0")
    given = services()
    result = start(given)
    assert result.exit_code == 3
    assert "inside the container that is the container itself" in result.stderr
    assert given.fake_engine.calls == []


@pytest.mark.usefixtures("store")
def test_a_second_one_with_a_cache_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETTINGS_FLAVOR", "devel")
    running = container_document("first", env=tuple(f"{name}={value}" for name, value in STORE.items()))
    given = services(running)
    result = start(given)
    assert result.exit_code == 3
    assert "the registry first" in result.stderr
    assert given.fake_engine.calls == []


def test_a_name_that_is_in_use_is_refused() -> None:
    given = services(container_document("docker-registry"))
    result = start(given)
    assert (result.exit_code, given.fake_engine.calls) == (3, [])
    assert "docker rm -f docker-registry" in result.stderr


def test_an_image_that_is_not_there_or_serves_nothing_is_refused() -> None:
    given = services()
    assert "has no image nowhere" in CliRunner().invoke(app, ["bootstrap", "start", "nowhere"], obj=given).stderr
    given.fake_engine.facts[IMAGE] = {"ports": (22,)}
    assert "is no registry that can be started" in start(given).stderr
    assert given.fake_engine.calls == []


def test_another_machines_loopback_is_no_place_for_it() -> None:
    result = start(services(address="tcp://10.0.0.7:2376", is_local=False))
    assert result.exit_code == 3
    assert "--address 0.0.0.0" in result.stderr


class Ending(FakeEngine):
    """An engine whose containers end at once, saying why."""

    def run(self, image: str, **options: Any) -> str:
        made = super().run(image, **options)
        document = self.documents[-1]
        assert isinstance(document, dict)
        document["State"] |= {"Status": "exited", "Running": False, "ExitCode": 78}
        self.output[made] = b"docker-registry: canary-hunter2 is no password\nX-Auth-Token: AUTH_tk12345\n"
        self.files[made, "/var/log/supervisor/docker-registry.log"] = b"panic: swift\ngoroutine 1:\n\tmain.go:1\n"
        return made


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("keep", [False, True])
def test_one_that_ends_is_told_with_its_last_lines_and_removed(keep: bool) -> None:
    engine = Ending(images={IMAGE: "sha256:one"})
    given = FakeServices(fake_engine=engine, registries={URL: FakeRegistry({"/v2/": 502}, url=URL)})
    result = start(given, *(("--keep",) if keep else ()))
    assert result.exit_code == 1
    assert "ended with exit code 78; its last lines:" in result.stderr
    assert "docker-registry: *** is no password" in result.stderr
    assert "X-Auth-Token: ***" in result.stderr
    assert "panic: swift" in result.stderr
    assert "goroutine" not in result.stderr
    assert (engine.documents == []) is not keep


@pytest.mark.usefixtures("store")
def test_one_that_does_not_answer_in_time_is_told_and_removed() -> None:
    given = services(registry=FakeRegistry({"/v2/": 502}, url=URL))
    result = start(given, "--timeout", "5")
    assert result.exit_code == 1
    assert "did not answer within 5 s: /v2/ answers 502" in result.stderr
    assert given.fake_engine.documents == []


@pytest.mark.usefixtures("store")
def test_a_store_that_fails_is_told_and_the_registry_kept() -> None:
    failing = json.dumps(
        {"failures": {"storage": "refused"}, "host": "h", "services": {"storage": {"status": "error"}}}
    )
    banner = http_reply(200, "{}", headers={"Docker-Distribution-Api-Version": "registry/2.0"})
    replies = {"/v2/": banner, "/_status": http_reply(503, failing), "/_ping": "true"}
    given = services(registry=FakeRegistry(replies, url=URL))
    result = start(given)
    assert result.exit_code == 1
    assert "storage" in result.stdout
    assert given.fake_engine.documents != []


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("to_v2", [403, 404, 308])
def test_one_that_sends_plain_http_away_from_v2_is_up_when_it_answers_at_all(to_v2: int) -> None:
    ping = http_reply(200, "true", headers={"X-Docker-Registry-Version": "0.8.1"})
    given = services(registry=FakeRegistry({"/v2/": to_v2, "/_ping": [502, ping], "/_status": STATUS}, url=URL))
    assert "answering after" in start(given).stdout


@pytest.mark.usefixtures("store")
def test_parts_that_come_up_later_are_waited_for() -> None:
    registry = well()
    registry.replies["/_status"] = [502, 502, STATUS]
    assert "√ http" in start(services(registry=registry)).stdout
