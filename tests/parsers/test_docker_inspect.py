"""What an engine says about a container: real samples of each state, and hostile ones."""

import json
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_engine import container_document
from parsers.docker_inspect import SHOWN_ENVIRONMENT, Container, Health, Mount, Network, Port, parse_docker_inspect
from parsers.errors import ParseError

SAMPLES = Path(__file__).parent / "samples" / "docker_inspect"
CANARY = "canary-hunter2"


def sample(name: str) -> Container:
    return parse_docker_inspect((SAMPLES / name).read_text(), name)


def test_a_running_container_is_read_from_the_command_s_list() -> None:
    found = sample("running_dev.json")
    assert (found.name, found.image, found.status, found.running) == (
        "reg-dev",
        "registry-classic:dev",
        "running",
        True,
    )
    assert (found.pid, found.exit_code, found.error, found.health) == (28815, 0, "", None)
    assert found.started_at == datetime(2026, 11, 23, 9, 11, 52, 100556, UTC)
    assert found.finished_at is None
    loopback = ip_address("127.0.0.1")
    assert found.ports == tuple(
        Port(inside, "tcp", loopback, outside) for inside, outside in ((5000, 21500), (8080, 21081), (8443, 21444))
    )
    assert found.asked_ports == found.ports
    assert found.networks == (Network("bridge", ip_address("172.17.0.4"), ip_address("172.17.0.1")),)
    assert found.environment["SETTINGS_FLAVOR"] == "devel"
    assert (found.network_mode, found.pid_mode, found.log_driver, found.tty) == ("default", "", "json-file", False)
    assert found.labels == {"role": "classic"}


def test_a_running_container_is_read_from_the_api_s_object() -> None:
    found = sample("running_main.api.json")
    assert (found.name, found.pid, found.environment["SETTINGS_FLAVOR"]) == ("reg-main", 22531, "qa")


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("created.json", ("created", False, None, 0, "")),
        ("exited.json", ("exited", False, None, 3, "")),
        ("oom_killed.json", ("exited", False, None, 137, "")),
        ("paused.json", ("paused", True, 19974, 0, "")),
        ("restarting.json", ("restarting", True, None, 1, "")),
        ("unhealthy.json", ("running", True, 20527, 0, "")),
    ],
)
def test_each_state_an_engine_knows_is_read(name: str, state: tuple[Any, ...]) -> None:
    found = sample(name)
    assert (found.status, found.running, found.pid, found.exit_code, found.error) == state


def test_the_details_of_the_states_are_read() -> None:
    assert sample("oom_killed.json").oom_killed
    assert sample("paused.json").paused
    assert (sample("restarting.json").restarting, sample("restarting.json").restart_count) == (True, 7)
    assert sample("unhealthy.json").health == Health("unhealthy", 8, "write failed: no space")
    assert (sample("host_network.json").network_mode, sample("host_network.json").pid_mode) == ("host", "host")
    assert "no such file" in sample("no_such_command.json").error


@pytest.mark.parametrize(
    ("name", "error"),
    [("port_allocated.json", "port is already allocated"), ("port_in_use.json", "address already in use")],
)
def test_a_port_clash_has_asked_ports_and_no_bound_ones(name: str, error: str) -> None:
    found = sample(name)
    assert error in found.error
    assert (len(found.asked_ports), found.ports, found.status) == (1, (), "created")


def test_a_port_that_was_asked_for_by_a_name_is_published_everywhere() -> None:
    found = sample("published_by_name.json")
    assert [(port.container_port, port.host_ip) for port in found.asked_ports] == [(8080, None), (8443, None)]
    assert {port.host_ip for port in found.ports} == {None}


def test_ports_networks_and_mounts_are_read() -> None:
    found = sample("network_and_mounts.json")
    assert found.ports == (
        Port(53, "udp", None, 25083),
        Port(8080, "tcp", None, 25082),
        Port(9000, "tcp", None, 32768),
    )
    assert [port.container_port for port in found.exposed_ports] == [53, 8080, 9000]
    assert found.networks == (Network("reg-net", ip_address("172.18.0.2"), ip_address("172.18.0.1")),)
    assert Mount("bind", "/tmp", "/mnt", writable=False) in found.mounts
    assert found.log_driver == "none"


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_no_secret_of_a_real_container_gets_out(path: Path) -> None:
    text = path.read_text()
    found = parse_docker_inspect(text, path.name)
    assert CANARY not in repr(found)
    assert CANARY not in repr(list(found.environment.items()))
    assert set(found.environment) <= SHOWN_ENVIRONMENT


def test_the_samples_hold_a_secret_that_could_get_out() -> None:
    assert CANARY in (SAMPLES / "paused.json").read_text()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("http://keystone:5000/v3", "http://keystone:5000/v3"),
        (f"http://me:{CANARY}@keystone:5000/v3", "http://***@keystone:5000/v3"),
        (f"https://a@b:{CANARY}@keystone/v3?token={CANARY}", "https://***@keystone/v3"),
        (f"me:{CANARY}@keystone", "***@keystone"),
    ],
)
def test_an_address_in_the_environment_loses_its_credentials(value: str, shown: str) -> None:
    document = container_document(env=(f"OS_AUTH_URL={value}", f"OS_PASSWORD={CANARY}", "BROKEN"))
    found = parse_docker_inspect(json.dumps(document), "engine")
    assert found.environment == {"OS_AUTH_URL": shown}
    assert found.environment_names == {"OS_AUTH_URL", "OS_PASSWORD"}


@pytest.mark.parametrize("pid", ["1", "text", -1, 2**22 + 1, 2**40, 1.5, True, [], {}, "9" * 5000])
def test_a_pid_that_is_none_is_refused_and_named(pid: Any) -> None:
    text = json.dumps([container_document(state={"Pid": pid})], indent=4)
    with pytest.raises(ParseError) as refused:
        parse_docker_inspect(text, "engine")
    assert (refused.value.source, refused.value.line) == ("engine", _line(text, '"Pid"'))
    assert refused.value.reason == "State.Pid must be a whole number from 0 to 4194304"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("Id",), "897da3d2b127"),
        (("Id",), 1),
        (("Name",), "../images/x"),
        (("Name",), "/-v"),
        (("State",), "running"),
        (("State", "Status"), None),
        (("State", "Status"), "\x1b[2J"),
        (("State", "Running"), "true"),
        (("State", "StartedAt"), "yesterday"),
        (("State", "StartedAt"), "2026-11-23T09:11:52"),
        (("State", "StartedAt"), "9999-12-31T23:59:59-23:00"),
        (("State", "StartedAt"), 5),
        (("State", "ExitCode"), 2**64),
        (("State", "Health"), []),
        (("Config",), []),
        (("Config", "Env"), f"OS_PASSWORD={CANARY}"),
        (("Config", "Env"), [f"OS_PASSWORD={CANARY}", 5]),
        (("Config", "Labels"), {"a": 5}),
        (("HostConfig", "PortBindings"), {"eighty": [{}]}),
        (("HostConfig", "PortBindings"), {"70000/tcp": [{}]}),
        (("HostConfig", "PortBindings"), {"80/tcp": [{"HostIp": 7}]}),
        (("HostConfig", "PortBindings"), {"80/tcp": [{"HostPort": "99999"}]}),
        (("HostConfig", "PortBindings"), {"80/tcp": ["80"]}),
        (("NetworkSettings", "Networks"), {"bridge": {"IPAddress": 5}}),
        (("Mounts",), [5]),
    ],
)
def test_a_value_no_engine_writes_is_refused_without_being_quoted(path: tuple[str, ...], value: Any) -> None:
    document = container_document(env=(f"OS_PASSWORD={CANARY}",))
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(ParseError) as refused:
        parse_docker_inspect(json.dumps(document), "engine")
    assert refused.value.reason.startswith(".".join(path))
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        "[{}, {}]",
        "null",
        "5",
        '["text"]',
        "{}",
        '{"Id": "sha256:91307842f5e4", "RepoTags": ["registry:2"]}',
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"Id": ' + "9" * 10_000 + "}",
        f'[{{"Config": {{"Env": ["OS_PASSWORD={CANARY}',
    ],
)
def test_what_is_no_container_is_refused(text: str) -> None:
    with pytest.raises(ParseError) as refused:
        parse_docker_inspect(text, "engine")
    assert (refused.value.source, refused.value.line) == ("engine", 1)
    assert CANARY not in str(refused.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(st.text())
def test_any_text_is_a_container_or_an_error_with_source_and_line(text: str) -> None:
    _read_or_refuse(text)


@given(st.data(), json_values)
def test_any_value_anywhere_is_a_container_or_an_error_with_source_and_line(data: st.DataObject, value: Any) -> None:
    document = container_document(state={"Health": {"Status": "healthy", "Log": [{"Output": "ok"}]}})
    inner: Any = document
    while True:
        keys = sorted(inner) if isinstance(inner, dict) else range(len(inner))
        key = data.draw(st.sampled_from(list(keys)))
        if not isinstance(inner[key], dict | list) or not inner[key] or data.draw(st.booleans()):
            break
        inner = inner[key]
    inner[key] = value
    _read_or_refuse(json.dumps([document], indent=data.draw(st.sampled_from([None, 4]))))


def _read_or_refuse(text: str) -> None:
    found = _outcome(text)
    if isinstance(found, ParseError):
        assert (found.source, 1 <= found.line <= text.count("\n") + 1) == ("engine", True)
    else:
        assert len(found.id) == 64


def _outcome(text: str) -> Container | ParseError:
    try:
        return parse_docker_inspect(text, "engine")
    except ParseError as error:
        return error


def _line(text: str, key: str) -> int:
    return text[: text.index(key)].count("\n") + 1
