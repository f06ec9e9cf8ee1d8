"""`regops bootstrap start`: what the engine is asked for, and what is said when nothing comes of it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fake_engine import FakeEngine, container_document
from fake_registry import FakeRegistry, http_reply
from fake_services import FakeServices
from regops.collectors.bootstrap.start_environment import PASSED
from regops.errors import PortTaken, RegopsError, UnexpectedAnswer
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


def restart_policies(engine: FakeEngine) -> list[str]:
    """Return those of the containers that are left."""
    return [one["HostConfig"]["RestartPolicy"]["Name"] for one in engine.documents if not isinstance(one, str)]


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
    assert options["labels"]["regops.registry"] == "true"
    assert (data["http_url"], data["https_url"]) == (URL, "https://127.0.0.1:5443")
    assert (data["variables"], data["flavor"]) == (sorted(STORE), "qa")
    assert "canary" not in result.stdout + result.stderr


def test_what_our_image_reads_of_openstacks_variables_is_passed() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "image.md"
    rows = [row for row in page.read_text().splitlines() if row.startswith("| `OS_")]
    read = {name for row in rows for name in re.findall(r"`(OS_[A-Z_]+)`", row.split("|")[1])}
    read |= {
        name.replace("_NAME", "_ID") for row in rows if "`…_ID`" in row for name in re.findall(r"OS_\w+_NAME", row)
    }
    assert read - set(PASSED) == {"OS_CACERT"}, "which names a file in the container"
    assert len(read) > 10


@pytest.mark.usefixtures("store")
def test_ports_name_network_volumes_and_restart_are_the_operators() -> None:
    given = services(registry=well())
    given.registries = {"http://127.0.0.1:80": well()}
    places = ("--name", "first", "--http-port", "80", "--https-port", "443", "--address", "0.0.0.0")
    start(given, *places, "--network", "backend", "-v", "logs:/var/log", "--restart", "no")
    options = run_options(given)
    assert (options["name"], options["network"]) == ("first", "backend")
    assert restart_policies(given.fake_engine) == ["no"]
    assert "set_restart" not in [call[0] for call in given.fake_engine.calls]
    assert options["ports"] == {"8080/tcp": ("0.0.0.0", 80), "8443/tcp": ("0.0.0.0", 443)}
    assert options["volumes"] == ["logs:/var/log:rw"]


def test_volumes_and_folders_are_mounted_to_read_or_to_write_and_one_in_two_places() -> None:
    given = services()
    start(given, "-v", "/srv/tls:/etc/nginx/tls:ro", "-v", "data:/a:rw", "-v", "data:/b")
    assert run_options(given)["volumes"] == ["/srv/tls:/etc/nginx/tls:ro", "data:/a:rw", "data:/b:rw"]


@pytest.mark.parametrize(
    "address", ["", "foo", "registry.example", "127.0.0.1:5000", "fe80::1%eth0", "127.1", "0", " "]
)
def test_an_address_that_is_none_is_a_usage_error_and_nothing_is_started(address: str) -> None:
    given = services()
    result = start(given, "--address", address)
    assert (result.exit_code, given.fake_engine.calls) == (2, [])
    assert "is no IP address" in told(result)


@pytest.mark.parametrize(
    ("address", "published", "host"),
    [
        ("localhost", "127.0.0.1", "127.0.0.1"),
        ("0:0::1", "::1", "[::1]"),
        ("0.0.0.0", "0.0.0.0", "127.0.0.1"),
        ("::", "::", "[::1]"),
    ],
)
def test_the_engine_gets_an_address_it_does_not_take_for_all_and_is_asked_there(
    address: str, published: str, host: str
) -> None:
    given = services()
    url = f"http://{host}:5000"
    given.registries = {url: FakeRegistry(well().replies, url=url)}
    assert f"at http://{host}:5000 and https://{host}:5443" in start(given, "--address", address).stdout
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
    monkeypatch.setenv("SETTINGS_FLAVOR", "qa")
    given = services()
    start(given)
    environment = run_options(given)["environment"]
    assert environment == {
        "SETTINGS_FLAVOR": "qa",
        "OS_AUTH_URL": STORE["OS_AUTH_URL"],
        "OS_USERNAME": "lab:operator",
        "OS_PASSWORD": "k",
    }


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
        (b"A=1\ncanary\nB\n", "registry.env, lines 2, 3: without a value, a variable is taken from the environment"),
        (b"canary\n", "line 1: without a value"),
        (b"canary='x'\n", "line 1: the value is in quotes"),
        (b"\xff\xfe", "it is not UTF-8"),
        (b"A=1\n" * (1 << 18) + b"B=2\n", "more than 1 MiB"),
    ],
)
def test_an_env_file_that_cannot_be_used_is_told(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "registry.env"
    path.write_bytes(content)
    result = start(services(), "--env-file", str(path))
    assert result.exit_code == 2
    assert reason in result.stderr
    assert "canary" not in result.stderr, "a line without a value may be a pasted password"


@pytest.mark.parametrize(
    "volume", ["logs", "logs:var", "../x:/var/log", "./x:/y:ro", ":/var", "/x:/y:", "/x:/y:rx", "/x:/y:ro:ro", "ro:ro"]
)
def test_a_volume_that_is_none_is_a_usage_error(volume: str) -> None:
    given = services()
    result = start(given, "-v", volume)
    assert (result.exit_code, given.fake_engine.calls) == (2, [])
    assert "a folder is named from the root on" in told(result)


@pytest.mark.parametrize("name", ["OS_AUTH_URL", "ST_AUTH"])
def test_a_swift_on_the_loopback_is_a_usage_error_that_names_the_variable(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SETTINGS_FLAVOR", "qa")
    monkeypatch.setenv(name, "http://localhost:8080/auth/v1.0")
    given = services()
    result = start(given)
    assert (result.exit_code, given.fake_engine.calls) == (2, [])
    assert f"{name} is localhost, and inside the container that is the container itself" in result.stderr
    unknown = CliRunner().invoke(app, ["bootstrap", "start", "nowhere"], obj=given)
    assert "has no image nowhere" in unknown.stderr, "the image comes first"


@pytest.mark.parametrize("own", [{"SETTINGS_FLAVOR": "local"}, {}])
@pytest.mark.parametrize("name", ["OS_AUTH_URL", "ST_AUTH", "OS_CONTAINER"])
def test_a_swift_without_a_flavor_that_uses_it_is_a_usage_error(
    name: str, own: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, STORE["OS_AUTH_URL"])
    given = services()
    given.fake_engine.facts[IMAGE] = {"environment": own}
    result = start(given)
    assert (result.exit_code, given.fake_engine.calls) == (2, [])
    assert f"{name} is set, for a Swift, and SETTINGS_FLAVOR is not" in result.stderr
    assert "SETTINGS_FLAVOR=prod or qa keeps images in Swift" in result.stderr


@pytest.mark.usefixtures("store")
def test_an_image_with_a_flavor_of_its_own_that_uses_swift_needs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SETTINGS_FLAVOR")
    given = services()
    given.fake_engine.facts[IMAGE] = {"environment": {"SETTINGS_FLAVOR": "prod"}}
    assert "flavor prod, Swift container docker-registry" in start(given).stdout


def test_images_that_would_end_with_the_container_are_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETTINGS_FLAVOR", "local")
    monkeypatch.setenv("OS_CONTAINER", "docker-registry")
    result = start(services())
    assert "flavor local, files in the container: its images end with it" in result.stdout
    assert "-v images:/var/lib/docker-registry keeps them" in " ".join(result.stdout.split())
    assert "Swift container" not in result.stdout
    kept = start(services(), "-v", "images:/var/lib")
    assert "flavor local, files on the volume at /var/lib/docker-registry" in kept.stdout


@pytest.mark.usefixtures("store")
def test_the_answer_tells_how_images_get_there_and_where_the_certificate_is() -> None:
    certificate = "/run/docker-registry/tls/cert.pem"

    class Ours(FakeEngine):
        def run(self, image: str, **options: Any) -> str:
            made = super().run(image, **options)
            self.files[made, certificate] = b"PEM"
            return made

    def answer(*arguments: str) -> Result:
        given = FakeServices(fake_engine=Ours(images={IMAGE: "sha256:one"}), registries={URL: well()})
        return start(given, *arguments)

    said = " ".join(answer().stdout.split())
    assert "images go over HTTPS: docker push 127.0.0.1:5443/NAME:TAG" in said
    assert "docker looks for it in /etc/docker/certs.d/127.0.0.1:5443/ca.crt" in said
    assert f"docker cp docker-registry:{certificate} ca.crt" in said
    assert json.loads(answer("-o", "json").stdout)["data"]["certificate"] == certificate
    assert "docker cp" not in answer("-v", "/srv/tls:/etc/nginx/tls").stdout


@pytest.mark.parametrize("ports", [("5000", "5000"), ("443", "443")])
def test_one_port_for_both_is_a_usage_error(ports: tuple[str, str]) -> None:
    given = services()
    result = start(given, "--http-port", ports[0], "--https-port", ports[1])
    assert (result.exit_code, given.fake_engine.calls) == (2, [])
    assert f"are both {ports[0]}" in told(result)


@pytest.mark.parametrize("name", ["a b", "", "-x", "../x", "a"])
def test_a_name_that_no_container_has_is_a_usage_error(name: str) -> None:
    given = services()
    result = start(given, "--name", name)
    assert (result.exit_code, given.fake_engine.calls) == (2, [])
    assert "letters, digits, _, . and -" in told(result)


class Refusing(FakeEngine):
    """An engine that makes containers and cannot start them."""

    error: RegopsError

    def run(self, image: str, **options: Any) -> str:
        super().run(image, **options)
        raise self.error


@pytest.mark.parametrize("keep", [(), ("--keep",)])
@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (
            PortTaken("127.0.0.1", 5443, "port is already allocated"),
            "port 5443 on 127.0.0.1 cannot be had: port is already allocated; the container other publishes it",
            "choose other ports (--http-port, --https-port); 0 takes a free one",
        ),
        (
            PortTaken("192.0.2.7", 5000, "cannot assign requested address"),
            "port 5000 on 192.0.2.7 cannot be had: cannot assign requested address",
            "is 192.0.2.7 an address of the engine's host? --address names another",
        ),
    ],
)
def test_a_port_that_is_taken_is_told_with_who_has_it(
    error: PortTaken, message: str, hint: str, keep: tuple[str, ...]
) -> None:
    other = container_document("other", image="other:1", ports={"443/tcp": ("127.0.0.1", 5443)})
    engine = Refusing(other, images={IMAGE: "sha256:one"})
    engine.error = error
    result = start(FakeServices(fake_engine=engine), "-o", "json", *keep)
    assert json.loads(result.stdout)["errors"] == [{"kind": "failed", "message": message, "hint": hint}]
    assert (result.exit_code, engine.documents) == (1, [other])


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
    assert "it serves the ports 22, and a registry's HTTP is on 8080, 5000, 80" in start(given).stderr
    given.fake_engine.facts[IMAGE] = {"ports": ()}
    assert "is no registry that can be started: it serves no port" in start(given).stderr
    assert given.fake_engine.calls == []


def test_another_machines_loopback_is_no_place_for_it() -> None:
    result = start(services(address="tcp://10.0.0.7:2376", is_local=False))
    assert result.exit_code == 3
    assert "--address 0.0.0.0" in result.stderr


class Ending(FakeEngine):
    """An engine whose containers end at once, saying why."""

    status = 78
    said = b"docker-registry: canary-hunter2 is no password\nX-Auth-Token: AUTH_tk12345\n"

    def run(self, image: str, **options: Any) -> str:
        made = super().run(image, **options)
        document = self.documents[-1]
        assert isinstance(document, dict)
        document["State"] |= {"Status": "exited", "Running": False, "ExitCode": self.status}
        self.output[made] = self.said
        self.files[made, "/var/log/supervisor/docker-registry.log"] = b"panic: swift\ngoroutine 1:\n\tmain.go:1\n"
        return made


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("keep", [False, True])
def test_one_that_ends_is_told_with_its_last_lines_and_removed(keep: bool) -> None:
    engine = Ending(images={IMAGE: "sha256:one"})
    given = FakeServices(fake_engine=engine, registries={URL: FakeRegistry({"/v2/": 502}, url=URL)})
    result = start(given, *(("--keep",) if keep else ()))
    assert result.exit_code == 2
    assert "the container docker-registry ended with exit code 78, for it refuses a setting; its last lines:" in (
        result.stderr
    )
    assert "docker-registry: *** is no password" in result.stderr
    assert "X-Auth-Token: ***" in result.stderr
    assert "panic: swift" in result.stderr
    assert "goroutine" not in result.stderr
    assert restart_policies(engine) == (["no"] if keep else []), "or it would log in again and again"
    kept = (
        "the container docker-registry is kept, and is not started again by itself: "
        "`regops logs docker-registry` tells more; before the next try: docker rm -f docker-registry"
    )
    hint = result.stderr.partition("hint: ")[2]
    assert hint == f"{kept if keep else 'the container docker-registry was removed; --keep leaves it'}\n"


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("status", "exit_code", "kind"), [(78, 2, "configuration"), (1, 1, "failed"), (0, 1, "failed")]
)
def test_a_setting_that_the_image_refuses_is_a_usage_error_and_no_other_end_is(
    status: int, exit_code: int, kind: str
) -> None:
    engine = Ending(images={IMAGE: "sha256:one"})
    engine.status = status
    given = FakeServices(fake_engine=engine, registries={URL: FakeRegistry({"/v2/": 502}, url=URL)})
    result = start(given, "-o", "json")
    assert (result.exit_code, json.loads(result.stdout)["errors"][0]["kind"]) == (exit_code, kind)


NOISE = (
    b'2026-11-30 00:49:42,913 INFO Included extra file "/etc/supervisor/conf.d/programs.conf" during parsing\n'
    b"2026-11-30 00:49:42,922 CRIT Server 'unix_http_server' running without any HTTP authentication checking\n"
    b"2026-11-30 00:49:43,926 INFO spawned: 'registry' with pid 16\n"
)
ENDED = b"2026-11-30 00:49:44,926 INFO exited: nginx (exit status 1; not expected)\n"


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("said", "told_lines"),
    [
        (b"the reason\n" + NOISE * 20 + ENDED, ["the reason", ENDED.decode().strip(), "panic: swift"]),
        (b"".join(b"line %d\n" % n for n in range(40)), [*(f"line {n}" for n in range(31, 40)), "panic: swift"]),
        (NOISE, ["panic: swift"]),
    ],
)
def test_of_the_last_lines_those_that_matter_are_told(said: bytes, told_lines: list[str]) -> None:
    engine = Ending(images={IMAGE: "sha256:one"})
    engine.said = said
    given = FakeServices(fake_engine=engine, registries={URL: FakeRegistry({"/v2/": 502}, url=URL)})
    lines = start(given).stderr.partition("its last lines:\n")[2].splitlines()
    assert lines[:-1] == [f"  {line}" for line in told_lines]


@pytest.mark.usefixtures("store")
def test_routine_is_told_where_there_is_nothing_else() -> None:
    given = services(registry=FakeRegistry({"/v2/": 502}, url=URL))
    name = "docker-registry"
    run = given.fake_engine.run

    def talking(image: str, **options: Any) -> str:
        made = run(image, **options)
        given.fake_engine.output[made] = NOISE
        return made

    given.fake_engine.run = talking  # type: ignore[method-assign]
    assert f"the container {name} did not answer" in (result := start(given)).stderr
    assert "INFO spawned: 'registry' with pid 16" in result.stderr


class Stopped(FakeRegistry):
    """A registry whose caller is stopped while it waits."""

    by: BaseException

    def get(self, path: str, *, timeout_seconds: float | None = None) -> Any:
        raise self.by


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize(("by", "status"), [(KeyboardInterrupt(), 130), (SystemExit(143), 143)])
def test_whoever_stops_it_is_told_what_became_of_the_container(by: BaseException, status: int, keep: bool) -> None:
    registry = Stopped({}, url=URL)
    registry.by = by
    given = services(registry=registry)
    result = start(given, *(("--keep",) if keep else ()))
    became = "is kept, and is not started again by itself" if keep else "was removed\n"
    assert f"interrupted; the container docker-registry {became}" in result.stderr
    assert result.exit_code == status
    assert restart_policies(given.fake_engine) == (["no"] if keep else [])


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("keep", [(), ("--keep",)])
def test_what_the_engine_made_after_an_interruption_is_removed_as_well(keep: tuple[str, ...]) -> None:
    class Slow(FakeEngine):
        looks = 0

        def run(self, image: str, **options: Any) -> str:
            super().run(image, **options)
            self.late = self.documents.pop()
            raise KeyboardInterrupt

        def inspect(self, name: str) -> str:
            self.looks += 1
            if self.looks == 4:
                self.documents.append(self.late)
            return super().inspect(name)

    engine = Slow(images={IMAGE: "sha256:one"})
    result = start(FakeServices(fake_engine=engine, registries={URL: well()}), *keep)
    assert "interrupted; the container docker-registry was removed\n" in result.stderr
    assert (result.exit_code, engine.documents, engine.looks) == (130, [], 4)


@pytest.mark.usefixtures("store")
def test_a_container_that_could_not_be_removed_is_not_said_to_be() -> None:
    class Stuck(Ending):
        def remove(self, name: str) -> None:
            raise UnexpectedAnswer("the device is busy")

    engine = Stuck(images={IMAGE: "sha256:one"})
    given = FakeServices(fake_engine=engine, registries={URL: FakeRegistry({"/v2/": 502}, url=URL)})
    result = start(given)
    assert "the container docker-registry could not be removed: the device is busy" in result.stderr
    assert "--keep" not in result.stderr


@pytest.mark.usefixtures("store")
def test_one_that_works_stays_though_it_does_not_get_its_restart_policy() -> None:
    class Busy(FakeEngine):
        def set_restart(self, name: str, policy: str) -> None:
            raise UnexpectedAnswer("not now")

    engine = Busy(images={IMAGE: "sha256:one"})
    result = start(FakeServices(fake_engine=engine, registries={URL: well()}))
    assert result.exit_code == 0
    assert "docker update --restart unless-stopped docker-registry" in result.stdout
    assert len(engine.documents) == 1


@pytest.mark.usefixtures("store")
def test_one_whose_id_is_not_known_yet_and_that_cannot_be_removed_is_told() -> None:
    class Stuck(FakeEngine):
        def run(self, image: str, **options: Any) -> str:
            super().run(image, **options)
            raise KeyboardInterrupt

        def remove(self, name: str) -> None:
            raise UnexpectedAnswer("the device is busy")

    engine = Stuck(images={IMAGE: "sha256:one"})
    result = start(FakeServices(fake_engine=engine, registries={URL: well()}))
    assert "interrupted; the container docker-registry could not be removed: the device is busy\n" in result.stderr


def test_the_path_of_a_password_is_told_and_a_password_in_its_place_is_not(tmp_path: Path) -> None:
    class Unread(Ending):
        said = b"docker-registry: OS_PASSWORD_FILE: '/run/secrets/os' cannot be read, not 'canary-one', /canary"

    path = tmp_path / "registry.env"
    path.write_text(
        "SETTINGS_FLAVOR=local\nOS_PASSWORD_FILE=/run/secrets/os\nINDEX_PASSWORD_FILE=canary-one\nOS_PASSWORD=/canary\n"
    )
    engine = Unread(images={IMAGE: "sha256:one"})
    given = FakeServices(fake_engine=engine, registries={URL: FakeRegistry({"/v2/": 502}, url=URL)})
    result = start(given, "--env-file", str(path))
    assert "OS_PASSWORD_FILE: '/run/secrets/os' cannot be read, not '***', ***" in result.stderr


def test_no_secret_of_an_env_file_is_in_the_last_lines_whatever_its_variable_is_called(tmp_path: Path) -> None:
    class Talking(Ending):
        said = b"tried canary-long-one, canary, canary-redis, canary-basic, canary-old at http://swift.example/v3"

    path = tmp_path / "registry.env"
    path.write_text(
        "SETTINGS_FLAVOR=local\nOS_PASSWORD=canary\nHTTP_SECRET=canary-long-one\nredis_pass=canary-redis\n"
        "BASIC_AUTH=canary-basic\nSTORAGE_PASSWORD_OLD=canary-old\nOS_AUTH_URL=http://swift.example/v3\n"
    )
    engine = Talking(images={IMAGE: "sha256:one"})
    given = FakeServices(fake_engine=engine, registries={URL: FakeRegistry({"/v2/": 502}, url=URL)})
    assert "tried ***, ***, ***, ***, *** at http://swift.example/v3\n" in start(given, "--env-file", str(path)).stderr


@pytest.mark.usefixtures("store")
def test_one_that_does_not_answer_in_time_is_told_and_removed() -> None:
    given = services(registry=FakeRegistry({"/v2/": 502}, url=URL))
    result = start(given, "--timeout", "5")
    assert result.exit_code == 1
    assert "did not answer within 5 s: /v2/ answers 502" in result.stderr
    assert given.fake_engine.documents == []


def failing() -> FakeRegistry:
    """Return a registry that answers, and whose store does not."""
    report = json.dumps(
        {
            "failures": {"registry": "refused", "storage": "GET http://swift.example:8080: canary-hunter2 refused"},
            "host": "h",
            "services": ["registry", "storage"],
        }
    )
    banner = http_reply(200, "{}", headers={"Docker-Distribution-Api-Version": "registry/2.0"})
    return FakeRegistry({"/v2/": banner, "/_status": http_reply(503, report), "/_ping": "true"}, url=URL)


@pytest.mark.usefixtures("store")
def test_one_whose_store_fails_is_told_with_its_last_lines_and_removed() -> None:
    given = services(registry=failing(), output={"docker-registry": b""})
    result = start(given)
    assert (result.exit_code, result.stdout, given.fake_engine.documents) == (1, "", [])
    assert "answers, and is not well: registry fails and storage fails (" in result.stderr
    assert "storage: GET http://swift.example:8080: *** refused" in result.stderr
    assert result.stderr.endswith(
        "is OS_AUTH_URL right as seen from inside the container? The container docker-registry was removed; "
        "--keep leaves it\n"
    )


@pytest.mark.usefixtures("store")
def test_one_whose_store_fails_can_be_kept() -> None:
    given = services(registry=failing())
    result = start(given, "--keep")
    assert result.exit_code == 1
    assert "storage" in result.stdout
    assert "docker push" not in result.stdout
    assert "it is kept, and is not started again by itself" in result.stdout
    assert "once all of it works: docker update --restart unless-stopped docker-registry" in result.stdout
    assert restart_policies(given.fake_engine) == ["no"]


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("policy", ["unless-stopped", "always", "on-failure"])
def test_it_gets_its_restart_policy_once_all_of_it_works(policy: str) -> None:
    given = services()
    data = json.loads(start(given, "--restart", policy, "-o", "json").stdout)["data"]
    assert run_options(given)["restart_policy"] == {"Name": "no"}
    assert restart_policies(given.fake_engine) == [policy]
    assert (data["restart"], data["restart_asked"]) == (policy, policy)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("keep", [(), ("--keep",)])
def test_one_that_ends_after_its_first_answer_is_told_at_once(keep: tuple[str, ...]) -> None:
    given = services()

    class Late(FakeRegistry):
        def get(self, path: str, *, timeout_seconds: float | None = None) -> Any:
            if path == "/_status":
                document = given.fake_engine.documents[-1]
                assert isinstance(document, dict)
                document["State"] |= {"Status": "exited", "Running": False, "ExitCode": 78}
                return super().get("/gone", timeout_seconds=timeout_seconds)
            return super().get(path, timeout_seconds=timeout_seconds)

    given.registries = {URL: Late({**well().replies, "/gone": 502}, url=URL)}
    result = start(given, *keep)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "ended with exit code 78" in result.stderr


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
