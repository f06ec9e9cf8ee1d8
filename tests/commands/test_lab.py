"""`regops lab`: what it makes, keeps and says, on an engine in memory."""

import gzip
import json
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fake_engine import FakeEngine, container_document
from fake_installer import FakeInstaller
from fake_registry import FakeRegistry, http_reply
from fake_services import FakeServices
from regops.errors import Failed, NotFound
from regops.lab.recipe import DEV, MAIN, SWIFT
from regops.main import app
from regops.model.tarball import ObjectKind, StoredObject

ANY_PORTS = ("--http-port", "0", "--https-port", "0", "--swift-port", "0")
WELL = {"/v2/": "{}", "/_status": '{"failures": {"redis": "unconfigured"}, "services": []}', "/healthcheck": "OK"}
PEM = b"-----BEGIN CERTIFICATE-----\n"


class Store:
    """Swift containers in memory, for what the lab asks of ports.ObjectStore."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], tuple[bytes, dict[str, str]]] = {}
        self.environ: dict[str, str] = {}
        self.lock = Lock()

    def head(self, swift_container: str, name: str) -> StoredObject:
        if (swift_container, name) not in self.objects:
            raise NotFound(f"no {name}")
        content, metadata = self.objects[swift_container, name]
        kept = tuple((key.lower(), text) for key, text in metadata.items())
        return StoredObject(name, len(content), None, None, ObjectKind.PLAIN, None, kept)

    def put(self, swift_container: str, name: str, chunks: Any, *, metadata: Any = None) -> StoredObject:
        content = b"".join(chunks)
        with self.lock:
            self.objects[swift_container, name] = (content, dict(metadata or {}))
        return self.head(swift_container, name)


@dataclass(slots=True)
class LabServices(FakeServices):
    """Services whose every registry answers alike, and whose every Swift is the same."""

    registry_replies: Any = None
    store: Store = field(default_factory=Store)

    def object_store(self, *, timeout_seconds: float, environ: Any = None) -> Any:
        self.store.environ = dict(environ)
        return self.store

    def registry(self, url: str, options: Any, *, connect: Any = None) -> Any:
        return FakeRegistry(self.registry_replies or WELL, url=url)


def engine(*documents: dict[str, Any], **more: Any) -> FakeEngine:
    files = {("regops-lab", "/run/docker-registry/tls/cert.pem"): PEM}
    return FakeEngine(*documents, files=files, **more)


def lab(*arguments: str, on: FakeEngine, replies: Any = None, store: Store | None = None) -> Result:
    services = LabServices(fake_engine=on, registry_replies=replies, store=store or Store())
    return CliRunner().invoke(app, ["lab", *arguments], obj=services)


def data(*arguments: str, on: FakeEngine, **more: Any) -> dict[str, Any]:
    result = lab(*arguments, "-o", "json", on=on, **more)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    document = json.loads(result.stdout)
    assert document["exit_code"] == result.exit_code
    return document["data"] or {"error": document["errors"][0], "exit_code": result.exit_code}


def started(on: FakeEngine) -> dict[str, dict[str, Any]]:
    """Return the options of the containers that were started, by name, and forget the calls."""
    found = {call[2]["name"]: {"image": call[1], **call[2]} for call in on.calls if call[0] == "run"}
    on.calls.clear()
    return found


def test_up_makes_a_registry_and_its_swift_on_the_loopback_only() -> None:
    on = engine()
    answer = data("up", *ANY_PORTS, on=on)
    made = started(on)
    assert {name: one["image"] for name, one in made.items()} == {
        "regops-lab-swift": SWIFT.reference,
        "regops-lab": MAIN.reference,
    }
    addresses = {binding[0] for one in made.values() for binding in one["ports"].values()}
    assert addresses == {"127.0.0.1"}
    http = made["regops-lab"]["ports"]["8080/tcp"][1]
    https = made["regops-lab"]["ports"]["8443/tcp"][1]
    swift = made["regops-lab-swift"]["ports"]["8080/tcp"][1]
    assert len({http, https, swift}) == 3
    assert (answer["registry"]["http_url"], answer["registry"]["https_url"], answer["swift"]["auth_url"]) == (
        f"http://127.0.0.1:{http}",
        f"https://127.0.0.1:{https}",
        f"http://127.0.0.1:{swift}/auth/v1.0",
    )
    assert Path(answer["registry"]["ca_file"]).read_bytes() == PEM


@pytest.mark.parametrize(
    ("arguments", "image", "flavor", "swift"),
    [
        ((), MAIN.reference, "qa", True),
        (("--no-swift",), MAIN.reference, "local", False),
        (("--variant", "dev"), DEV.reference, "devel", True),
        (("--variant", "dev", "--no-swift"), DEV.reference, "devel", False),
    ],
)
def test_variant_and_store_decide_image_and_flavor(
    arguments: tuple[str, ...], image: str, flavor: str, swift: bool
) -> None:
    on = engine()
    answer = data("up", *arguments, *ANY_PORTS, on=on)
    registry = started(on)["regops-lab"]
    environment = registry["environment"]
    assert (registry["image"], environment["SETTINGS_FLAVOR"], "OS_AUTH_URL" in environment) == (image, flavor, swift)
    assert (answer["registry"]["flavor"], answer["swift"] is not None) == (flavor, swift)
    assert ("regops-lab-files" in registry["volumes"]) is not swift


def test_up_on_a_lab_that_is_up_starts_nothing() -> None:
    on = engine()
    before = data("up", *ANY_PORTS, on=on)
    started(on)
    assert data("up", *ANY_PORTS, on=on) == before
    assert not [call for call in on.calls if call[0] in {"run", "remove", "load"}]


def test_another_setup_replaces_the_registry_and_keeps_its_address() -> None:
    on = engine()
    before = data("up", *ANY_PORTS, on=on)
    started(on)
    after = data("up", "--variant", "dev", *ANY_PORTS, on=on)
    assert list(started(on)) == ["regops-lab"]
    assert after["registry"]["http_url"] == before["registry"]["http_url"]


@pytest.mark.parametrize(
    "state", [{"Status": "exited", "Running": False, "Pid": 0}, {"Status": "paused", "Paused": True}]
)
def test_a_container_that_does_not_run_is_made_anew(state: dict[str, Any]) -> None:
    on = engine()
    data("up", *ANY_PORTS, on=on)
    started(on)
    on.documents[-1]["State"].update(state)  # type: ignore[index]  the documents of this test are dictionaries
    data("up", *ANY_PORTS, on=on)
    assert list(started(on)) == ["regops-lab"]


def test_a_registry_that_runs_and_stays_sick_is_made_anew() -> None:
    on = engine()
    data("up", *ANY_PORTS, on=on)
    started(on)
    result = lab("up", *ANY_PORTS, on=on, replies={**WELL, "/v2/": 502})
    assert list(started(on)) == ["regops-lab"]
    assert "The container regops-lab is not well after 35 s: " in result.stderr


def test_without_swift_the_swift_of_before_goes_and_its_objects_stay() -> None:
    on = engine()
    data("up", *ANY_PORTS, on=on)
    on.calls.clear()
    data("up", "--no-swift", *ANY_PORTS, on=on)
    assert ("remove", "regops-lab-swift") in on.calls
    assert not [call for call in on.calls if call[0] == "remove_volume"]


def test_a_port_that_is_taken_is_told_before_anything_is_built() -> None:
    on = engine()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = lab("up", *ANY_PORTS, "--http-port", str(port), on=on)
    assert result.exit_code == 1
    assert f"port {port} on 127.0.0.1 cannot be had: Address already in use" in result.stderr
    assert "0 takes a free one" in result.stderr
    assert on.calls == []


@pytest.mark.parametrize("same", [("--http-port", "--https-port"), ("--https-port", "--swift-port")])
def test_one_port_for_two_doors_is_a_usage_error(same: tuple[str, str]) -> None:
    engine = FakeEngine()
    result = lab("up", *ANY_PORTS, same[0], "5999", same[1], "5999", on=engine)
    assert (result.exit_code, engine.calls) == (2, [])
    assert "two of its ports are the same" in result.stderr


def test_a_container_of_that_name_that_is_not_the_labs_is_left_alone() -> None:
    on = engine(container_document("regops-lab"))
    for arguments in (("up", *ANY_PORTS), ("down",), ("down", "--purge"), ("status",)):
        result = lab(*arguments, on=on)
        assert (result.exit_code, "is there and is not the lab's" in result.stderr) == (3, True)
        assert on.calls == []


def test_an_engine_on_another_machine_is_refused() -> None:
    on = engine(address="ssh://far", is_local=False)
    result = lab("up", *ANY_PORTS, on=on)
    assert result.exit_code == 3
    assert "ssh://far is another machine" in result.stderr


def test_a_registry_that_ends_is_told_with_its_last_words() -> None:
    class Ending(FakeEngine):
        def run(self, image: str, **options: Any) -> str:
            made = super().run(image, **options)
            if options["name"] == "regops-lab":
                self.documents[-1]["State"].update(Running=False, Status="exited")  # type: ignore[index]
            return made

    on = Ending(output={"regops-lab": b"docker-registry: OS_PASSWORD is \x1b[31mmissing\n"})
    result = lab("up", *ANY_PORTS, on=on, replies={**WELL, "/v2/": 502})
    assert result.exit_code == 1
    assert (
        "the container regops-lab is not well: it ended:\ndocker-registry: OS_PASSWORD is \\x1b[31mmissing\n"
        in result.stderr
    )


def test_a_registry_whose_store_never_works_is_told_with_the_stores_complaint() -> None:
    sick = http_reply(503, '{"failures": {"redis": "unconfigured", "storage": "PUT: 507"}, "services": ["storage"]}')
    result = lab("up", *ANY_PORTS, on=engine(), replies={**WELL, "/_status": sick})
    assert result.exit_code == 1
    assert "the container regops-lab is not well: after 60 s: storage: PUT: 507\n" in result.stderr
    assert "regops logs regops-lab" in result.stderr


def test_a_build_that_fails_shows_its_last_lines_and_starts_nothing() -> None:
    on = engine()
    broken = FakeInstaller(fails=Failed("mmdebstrap ended with status 25; its last lines:\nno \x1b[31mspace left"))
    services = LabServices(fake_engine=on, fake_installer=broken)
    result = CliRunner().invoke(app, ["lab", "up", *ANY_PORTS], obj=services)
    assert result.exit_code == 1
    assert "its last lines:\nno \\x1b[31mspace left\n" in result.stderr
    assert started(on) == {}


def test_swift_is_filled_with_both_images_and_only_when_they_changed() -> None:
    on, store = engine(), Store()
    answer = data("up", *ANY_PORTS, on=on, store=store)
    assert store.environ == {"ST_AUTH": answer["swift"]["auth_url"], "ST_USER": "lab:operator", "ST_KEY": "practice"}
    other = FakeEngine()
    for name, image in (("docker-registry.tar.gz", MAIN), ("docker-registry-dev.tar.gz", DEV)):
        content, metadata = store.objects["docker-registry.bootstrap", name]
        assert list(other.load(iter([gzip.decompress(content)]))) == [f"Loaded image: {image.reference}"]
        assert metadata == {"image-id": on.images[image.reference], "regops-image-tags": image.reference}
        assert on.images[image.reference] == other.images[image.reference]

    before = dict(store.objects)
    data("up", *ANY_PORTS, on=on, store=store)
    assert store.objects == before

    store.objects["docker-registry.bootstrap", "docker-registry.tar.gz"] = (b"of another image", {"image-id": "x"})
    data("up", *ANY_PORTS, on=on, store=store)
    assert store.objects == before


def test_a_lab_without_swift_keeps_no_tarballs() -> None:
    store = Store()
    data("up", "--no-swift", *ANY_PORTS, on=engine(), store=store)
    assert store.objects == {}


def test_down_removes_what_up_made_and_keeps_what_was_stored() -> None:
    on = engine()
    data("up", *ANY_PORTS, on=on)
    on.calls.clear()
    assert data("down", on=on) == {
        "name": "regops-lab",
        "removed": ["container regops-lab", "container regops-lab-swift", "network regops-lab"],
        "kept": ["volume regops-lab-swift: what was stored is in it, and goes with --purge"],
    }
    assert on.calls == [
        ("remove", "regops-lab"),
        ("remove", "regops-lab-swift"),
        ("remove_network", "regops-lab"),
    ]
    assert data("down", on=on)["removed"] == []
    assert data("down", "--purge", on=on)["kept"] == []  # what is left of it is a lab still
    assert "There is no lab regops-lab." in lab("down", on=on).stdout


def test_down_leaves_a_network_that_another_container_is_on() -> None:
    on = engine()
    lab("up", *ANY_PORTS, on=on)
    on.on_network = "docker-registry"
    result = lab("down", on=on)
    assert result.exit_code == 0
    assert "kept network regops-lab: others are on it; remove docker-registry" in " ".join(result.stdout.split())


def test_down_tells_each_removal_once() -> None:
    on = engine()
    data("up", *ANY_PORTS, on=on)
    result = lab("down", on=on)
    assert (result.output.count("container regops-lab\n"), result.stderr) == (1, "")


def test_purge_of_a_lab_that_never_was_says_so_and_removes_nothing() -> None:
    on = engine()
    data("up", *ANY_PORTS, on=on)
    data("down", on=on)  # its images are held by no container now
    images = dict(on.images)
    on.calls.clear()
    result = lab("down", "--purge", "--name", "never", on=on)
    assert result.exit_code == 3
    assert "there is no lab never on the engine at" in result.stderr
    assert "regops-lab" in result.stderr
    assert (on.calls, on.images) == ([], images)
    assert data("down", "--purge", "--name", "never", on=on)["error"]["kind"] == "not_found"


def test_purge_removes_volumes_and_images_but_none_while_there_is_another_lab() -> None:
    on = engine()
    data("up", *ANY_PORTS, on=on)
    data("up", "--no-swift", "--name", "second", *ANY_PORTS, on=on)
    data("down", "--name", "second", on=on)  # nothing of it is left but its volume
    images = dict(on.images)
    on.calls.clear()
    answer = data("down", "--purge", on=on)
    assert {call[1] for call in on.calls if call[0] == "remove_volume"} == {"regops-lab-files", "regops-lab-swift"}
    assert on.images == images
    assert answer["kept"] == [f"image {one.reference}: for other labs: second" for one in (DEV, MAIN, SWIFT)]
    assert data("down", "--purge", "--name", "second", on=on)["kept"] == []
    assert on.images == {}


def test_purge_leaves_the_image_of_a_container_that_is_no_lab_s() -> None:
    on = engine()
    data("up", *ANY_PORTS, on=on)
    on.documents.append(container_document("mine", Image=on.images[MAIN.reference]))
    assert data("down", "--purge", on=on)["kept"] == [f"image {MAIN.reference}: another container uses it"]
    assert set(on.images) == {MAIN.reference}


def test_status_tells_what_is_not_well() -> None:
    on = engine()
    data("up", *ANY_PORTS, on=on)
    on.documents[0]["State"].update(Running=True, Paused=True, Status="paused")  # type: ignore[index]
    answer = data("status", on=on, replies={**WELL, "/v2/": 502})
    assert (answer["swift"]["state"], answer["swift"]["ready"]) == ("paused", False)
    assert answer["swift"]["detail"] == "the container is paused"
    assert answer["registry"]["detail"].endswith("/v2/ answers 502 Bad Gateway")
    assert lab("status", on=on).exit_code == 1


def test_status_of_no_lab_says_how_to_make_one() -> None:
    result = lab("status", "--name", "other", on=engine())
    assert result.exit_code == 3
    assert "there is no lab other" in result.stderr
    assert "regops lab up" in result.stderr


def test_env_points_a_shell_at_the_lab() -> None:
    on = engine()
    up = data("up", *ANY_PORTS, on=on)
    lines = lab("env", on=on).stdout.splitlines()
    assert lines == [
        f"export REGOPS_URL={up['registry']['http_url']}",
        "export REGOPS_CONTAINER=regops-lab",
        f"export REGOPS_CACERT={up['registry']['ca_file']}",
        f"export ST_AUTH={up['swift']['auth_url']}",
        "export ST_USER=lab:operator",
        "export ST_KEY=practice",
    ]


def test_env_without_a_lab_fails_in_the_shell_that_evaluates_it() -> None:
    result = lab("env", on=engine())
    assert (result.exit_code, result.stdout) == (3, "false\n")
    assert "there is no lab regops-lab" in result.stderr
    assert subprocess.run(["/bin/sh", "-c", f'eval "{result.stdout}"']).returncode == 1


@pytest.mark.parametrize("name", ["", "Lab", "a_b", "-x", "../x", "a" * 41, "x\x1b"])
def test_a_name_that_is_no_host_name_is_a_usage_error(name: str) -> None:
    for command in ("up", "down", "status", "env"):
        on = engine()
        assert (lab(command, "--name", name, on=on).exit_code, on.calls) == (2, [])


def test_the_table_shows_addresses_and_next_commands() -> None:
    on = engine()
    up = data("up", *ANY_PORTS, on=on)
    shown = lab("status", on=on).stdout
    for text in (up["registry"]["http_url"], up["swift"]["auth_url"], 'eval "$(regops lab env)"', "regops lab down"):
        assert text in shown
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_a_missing_certificate_is_no_reason_to_fail() -> None:
    class NoFiles(FakeEngine):
        def read_file(self, name: str, path: str, *, limit_bytes: int) -> bytes:
            raise NotFound("no such file")

    assert data("up", *ANY_PORTS, on=NoFiles())["registry"]["ca_file"] is None


def test_connections_that_were_just_closed_do_not_hold_a_lab_s_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            listener.accept()[0].close()  # who closes first keeps the port in TIME_WAIT
            assert client.recv(1) == b""
    on = engine()
    data("up", "--http-port", str(port), "--https-port", "0", "--swift-port", "0", on=on)
    assert started(on)["regops-lab"]["ports"]["8080/tcp"] == ("127.0.0.1", port)
