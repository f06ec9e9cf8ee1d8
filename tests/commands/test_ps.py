"""`regops ps`: the registries of an engine, how they are, and no secret of theirs."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fake_clock import FakeClock
from fake_engine import FakeEngine, container_document
from fake_services import FakeServices
from regops.errors import Phase, Unreachable
from regops.main import app

CANARY = "canary-hunter2"
ALLOCATED = "driver failed programming external connectivity: Bind for 127.0.0.1:5080 failed: port is already allocated"
IN_USE = "Error starting userland proxy: listen tcp4 127.0.0.1:5080: bind: address already in use"
STOPPED: dict[str, Any] = {
    "Status": "exited",
    "Running": False,
    "Pid": 0,
    "FinishedAt": "2026-11-23T09:11:00Z",
}


def ps(*arguments: str, engine: FakeEngine, clock: FakeClock | None = None) -> Result:
    services = FakeServices(fake_engine=engine, clock=clock or FakeClock())
    return CliRunner().invoke(app, ["ps", *arguments], obj=services)


def one(document: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return the exit status and what the JSON says about the only container."""
    result = ps("-o", "json", engine=FakeEngine(document))
    (found,) = json.loads(result.stdout)["data"]["instances"]
    return result.exit_code, found


def test_a_healthy_registry_is_listed_with_all_an_operator_asks_for() -> None:
    result = ps(engine=FakeEngine(container_document("reg-main")))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "NAME                   STATE    PORTS                 FLAVOR, SWIFT",
        "reg-main               running  127.0.0.1:5080->8080  prod",
        "registry-classic:main  7 s                            docker-registry",
    ]


def test_one_that_was_published_by_a_name_is_listed_as_published_everywhere() -> None:
    sample = Path(__file__).parents[1] / "parsers" / "samples" / "docker_inspect" / "published_by_name.json"
    (document,) = json.loads(sample.read_text())
    status, found = one(document)
    assert status == 0
    assert [(port["container_port"], port["host_ip"], port["bound"]) for port in found["ports"]] == [
        (8080, None, True),
        (8443, None, True),
    ]


@pytest.mark.parametrize(
    ("state", "changes", "word", "detail", "status"),
    [
        ({}, {}, "running", "", 0),
        ({}, {"RestartCount": 3}, "running", "restarted 3 times", 0),
        ({"Health": {"Status": "healthy"}}, {}, "running", "", 0),
        ({"Health": {"Status": "starting"}}, {}, "starting", "its health check has not finished", 0),
        (
            {"Health": {"Status": "unhealthy", "Log": [{"Output": "old"}, {"Output": "redis: down\n"}]}},
            {},
            "unhealthy",
            "redis: down",
            1,
        ),
        ({"Status": "paused", "Paused": True}, {}, "paused", "accepts connections and never answers", 1),
        (
            {"Status": "restarting", "Restarting": True, "Pid": 0, "ExitCode": 1},
            {"RestartCount": 7},
            "restarting",
            "restart 7, last ended with exit code 1",
            1,
        ),
        (
            {"Status": "restarting", "Restarting": True, "Pid": 0, "ExitCode": 137, "OOMKilled": True},
            {"RestartCount": 2},
            "restarting",
            "restart 2, last ended with out of memory",
            1,
        ),
        (STOPPED, {}, "exited", "exit code 0", 1),
        ({**STOPPED, "ExitCode": 3}, {}, "exited", "exit code 3", 1),
        ({**STOPPED, "ExitCode": 143}, {}, "exited", "terminated (143)", 1),
        ({**STOPPED, "ExitCode": 137, "OOMKilled": True}, {}, "out of memory", "killed (137)", 1),
        ({**STOPPED, "Status": "created", "ExitCode": 128, "Error": ALLOCATED}, {}, "port clash", ALLOCATED, 1),
        ({**STOPPED, "ExitCode": 128, "Error": IN_USE}, {}, "port clash", IN_USE, 1),
        (
            {**STOPPED, "Status": "created", "ExitCode": 127, "Error": "no such file"},
            {},
            "not started",
            "no such file",
            1,
        ),
        ({**STOPPED, "Status": "created"}, {}, "created", "never started", 1),
        ({**STOPPED, "Health": {"Status": "unhealthy"}}, {}, "exited", "exit code 0", 1),
        ({**STOPPED, "Status": "dead"}, {}, "unknown", "the engine says: dead", 1),
    ],
)
def test_each_state_has_its_word_its_reason_and_its_exit_status(
    state: dict[str, Any], changes: dict[str, Any], word: str, detail: str, status: int
) -> None:
    exit_code, found = one(container_document(state=state, **changes))
    assert (found["state"], found["detail"], exit_code) == (word, detail, status)


def test_a_port_clash_shows_the_port_that_was_asked_for_and_why_it_is_not_there() -> None:
    state = {**STOPPED, "Status": "created", "Error": ALLOCATED}
    result = ps(engine=FakeEngine(container_document("reg", state=state, bound=False)))
    assert result.exit_code == 1
    assert "(127.0.0.1:5080->8080)" in result.stdout
    assert "reg: port clash, driver failed" in result.stdout
    assert one(container_document(state=state, bound=False))[1]["ports"] == [
        {"container_port": 8080, "protocol": "tcp", "host_ip": "127.0.0.1", "host_port": 5080, "bound": False}
    ]


def test_since_is_when_the_state_began() -> None:
    assert one(container_document())[1]["since"] == "2026-11-23T09:11:52.100556Z"
    assert one(container_document(state=STOPPED))[1]["since"] == "2026-11-23T09:11:00Z"
    created = {**STOPPED, "Status": "created", "FinishedAt": "0001-01-01T00:00:00Z"}
    assert one(container_document(state=created))[1]["since"] == "2026-11-23T09:11:50.846719Z"


@pytest.mark.parametrize(
    ("started", "age"),
    [("09:11:59", "1 s"), ("09:09:30", "2 min"), ("02:00:00", "7 h"), ("09:30:00", "0 s")],
)
def test_an_age_is_in_its_largest_unit_and_never_negative(started: str, age: str) -> None:
    document = container_document(state={"StartedAt": f"2026-11-23T{started}Z"})
    assert f" {age} " in ps(engine=FakeEngine(document)).stdout + " "


def test_a_distribution_registry_shows_its_own_swift_container_and_no_flavor() -> None:
    env = ("REGISTRY_STORAGE_SWIFT_CONTAINER=blobs", f"REGISTRY_STORAGE_SWIFT_AUTHURL=http://a:{CANARY}@swift/v3")
    _, found = one(container_document(image="registry:2", env=env))
    assert (found["flavor"], found["swift_container"], found["auth_url"]) == (None, "blobs", "http://***@swift/v3")


def test_other_containers_are_not_listed_and_do_not_count() -> None:
    engine = FakeEngine(
        container_document("reg"), container_document("web", image="nginx", env=(), ports={}, state=STOPPED)
    )
    result = ps("-o", "json", engine=engine)
    data = json.loads(result.stdout)["data"]
    assert (result.exit_code, data["total"], [found["name"] for found in data["instances"]]) == (0, 2, ["reg"])


def test_all_shows_every_container_and_why_it_is_a_registry_or_not() -> None:
    engine = FakeEngine(
        container_document("web", image="nginx", env=(), ports={}), container_document("reg", image="registry:2")
    )
    result = ps("--all", engine=engine)
    assert result.exit_code == 0
    assert "reg: a registry: image registry" in result.stdout
    assert "web: no registry: no sign of a registry" in result.stdout
    assert result.stdout.index("reg ") < result.stdout.index("web ")


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ((), "No containers on unix:///var/run/docker.sock. `regops lab up` starts a registry to practise on."),
        (
            (container_document("web", image="nginx", env=(), ports={}),),
            "No registry in the only container of unix:///var/run/docker.sock. `regops ps --all` shows them, and why.",
        ),
    ],
)
def test_no_registry_at_all_is_said_and_is_well(documents: tuple[dict[str, Any], ...], said: str) -> None:
    result = ps(engine=FakeEngine(*documents))
    assert (result.exit_code, " ".join(result.stdout.split())) == (0, " ".join(said.split()))


def test_an_engine_that_does_not_answer_ends_with_3_and_its_message() -> None:
    failure = Unreachable("unix:///x.sock: no such file", hint="is dockerd running?", phase=Phase.CONNECT)
    result = ps(engine=FakeEngine(fails=failure))
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == "error: unix:///x.sock: no such file\nhint: is dockerd running?\n"


def test_an_engine_that_answers_too_slowly_ends_with_3_within_the_deadline() -> None:
    engine = FakeEngine(*(container_document(f"reg{number}") for number in range(9)))
    result = ps("--timeout", "10", engine=engine, clock=FakeClock(step=4))
    assert result.exit_code == 3
    assert "told of 2 of its 9 containers in 10 s" in result.stderr


def test_a_container_that_goes_away_meanwhile_is_left_out() -> None:
    class Hasty(FakeEngine):
        def containers(self, *, everything: bool = True) -> tuple[str, ...]:
            return (*super().containers(everything=everything), "f" * 64)

    result = ps("-o", "json", engine=Hasty(container_document("reg")))
    assert (result.exit_code, json.loads(result.stdout)["data"]["total"]) == (0, 1)


@pytest.mark.parametrize("text", ["[]", "{", '{"Id": 5}', "[" * 100_000, '{"State": {"Pid": ' + "9" * 9999 + "}}"])
def test_a_description_that_cannot_be_read_is_one_unknown_container(text: str) -> None:
    result = ps("-o", "json", engine=FakeEngine(text, container_document("reg")))
    found = {one["name"]: one["state"] for one in json.loads(result.stdout)["data"]["instances"]}
    assert (result.exit_code, found) == (1, {"reg": "running", "text0": "unknown"})


@pytest.mark.parametrize("arguments", [(), ("--all",), ("-o", "json"), ("--all", "-o", "json")])
def test_no_secret_is_shown_in_any_form(arguments: tuple[str, ...]) -> None:
    document = container_document(
        env=(f"OS_PASSWORD={CANARY}", f"OS_AUTH_URL=http://me:{CANARY}@swift/v3", f"REDIS_URL=redis://:{CANARY}@r"),
        labels={"password": CANARY},
        state={"Health": {"Status": "unhealthy", "Log": [{"Output": f"GET http://me:{CANARY}@127.0.0.1/ failed"}]}},
    )
    result = ps(*arguments, engine=FakeEngine(document))
    assert result.exit_code in {0, 1}
    assert CANARY not in result.output


def test_hostile_texts_are_shown_harmlessly_and_within_80_columns() -> None:
    evil = "\x1b]52;c;aGk=\x07[red]x[/nope]\u202e\x9b2J\n" + "long " * 2000
    document = container_document(
        image=f"registry:{evil}",
        env=(f"SETTINGS_FLAVOR={evil}", f"OS_CONTAINER={evil}"),
        state={**STOPPED, "Error": evil},
    )
    result = ps("--all", engine=FakeEngine(document))
    assert result.exit_code == 1
    assert not set(result.stdout) & set("\x1b\x07\x9b\u202e")
    assert "[/nope]" in "".join(result.stdout.split())
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_the_listing_is_one_json_document_with_the_usual_envelope() -> None:
    document = json.loads(ps("-o", "json", engine=FakeEngine(container_document())).stdout)
    assert (document["command"], document["ok"], document["exit_code"], document["errors"]) == ("ps", True, 0, [])
    assert document["data"]["engine"] == "unix:///var/run/docker.sock"
