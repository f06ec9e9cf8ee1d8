"""One container as `docker inspect` and `GET /containers/ID/json` describe it.

A trimmed sample (the command line wraps the object in a list):

    [{"Id": "897da3d2b127…", "Name": "/reg-dev", "Image": "sha256:91307842f5e4…",
      "State": {"Status": "running", "Running": true, "Pid": 28815, "StartedAt": "2026-11-23T09:11:52.100556982Z"},
      "HostConfig": {"NetworkMode": "default", "PortBindings": {"8080/tcp": [{"HostIp": "", "HostPort": "80"}]}},
      "Config": {"Image": "registry:dev", "Env": ["SETTINGS_FLAVOR=devel", "OS_PASSWORD=…"]},
      "NetworkSettings": {"Ports": {"8080/tcp": [{"HostIp": "0.0.0.0", "HostPort": "80"}], "5000/tcp": null}}}]

Environments hold passwords. Only the values of SHOWN_ENVIRONMENT leave this module, without URL credentials; errors
quote no value at all. Source: the engine's API reference, ContainerInspect.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from types import MappingProxyType

from parsers.strict_json import JsonObject, parse_json_object

# The variables that tell what a registry is and where it stores, and that hold no secret by their purpose.
SHOWN_ENVIRONMENT = frozenset(
    {
        "SETTINGS_FLAVOR",
        "TZ",
        "DOCKER_REGISTRY_CONFIG",
        "STORAGE_PATH",
        "OS_AUTH_URL",
        "OS_CONTAINER",
        "OS_REGION_NAME",
        "OS_USERNAME",
        "OS_PROJECT_NAME",
        "OS_TENANT_NAME",
        "REGISTRY_STORAGE",
        "REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR",
        "REGISTRY_STORAGE_SWIFT_AUTHURL",
        "REGISTRY_STORAGE_SWIFT_CONTAINER",
        "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY",
        "REGISTRY_HTTP_ADDR",
        "REGISTRY_PROXY_REMOTEURL",
    }
)

# PID_MAX_LIMIT of a 64-bit Linux kernel.
_MOST_PID = 2**22

_ID = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"/?([A-Za-z0-9][A-Za-z0-9_.-]*)")
_ZONE = re.compile(r"(?:Z|[+-]\d\d:\d\d)\Z", re.ASCII)
_PORT = re.compile(r"(\d{1,5})(?:/(tcp|udp|sctp))?", re.ASCII)

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Health:
    """The image's health check: status is healthy, unhealthy or starting; output is what it last said."""

    status: str
    failing_streak: int
    output: str


@dataclass(frozen=True, slots=True)
class Port:
    """A port of the container, and where the host publishes it.

    host_ip is None for every address of the host; host_port is None while the engine is free to choose. Both are None
    for a port that is only exposed. An engine that was asked for a name, such as localhost, publishes on every address.
    """

    container_port: int
    protocol: str
    host_ip: Address | None
    host_port: int | None


@dataclass(frozen=True, slots=True)
class Network:
    """A network the container is attached to; an address is None while the container does not run."""

    name: str
    address: Address | None
    gateway: Address | None


@dataclass(frozen=True, slots=True)
class Mount:
    """A volume or directory inside the container; kind is the engine's word: bind, volume, tmpfs."""

    kind: str
    source: str
    destination: str
    writable: bool


@dataclass(frozen=True, slots=True)
class Container:
    """One container of an engine.

    status is the engine's word: created, running, paused, restarting, removing, exited or dead; a paused container is
    running too. pid is its first process, numbered by the engine's host, None when there is none. Times are in UTC,
    None when it never happened. exit_code counts once it has ended. error is why the engine could not start it.

    asked_ports are the ports it was created to publish, ports those that are bound now, exposed_ports what its image
    names: a container whose port was taken has asked_ports and no ports.

    environment holds the values of SHOWN_ENVIRONMENT that are set, without URL credentials; environment_names every
    name. labels may hold anything: look things up in them, do not show them.
    """

    id: str
    name: str
    image: str
    image_id: str
    created_at: datetime | None
    status: str
    running: bool
    paused: bool
    restarting: bool
    pid: int | None
    started_at: datetime | None
    finished_at: datetime | None
    exit_code: int
    error: str
    oom_killed: bool
    restart_count: int
    health: Health | None
    asked_ports: tuple[Port, ...]
    ports: tuple[Port, ...]
    exposed_ports: tuple[Port, ...]
    networks: tuple[Network, ...]
    labels: Mapping[str, str] = field(repr=False)
    environment: Mapping[str, str]
    environment_names: frozenset[str]
    network_mode: str
    pid_mode: str
    mounts: tuple[Mount, ...]
    log_driver: str
    tty: bool


def parse_docker_inspect(text: str, source: str) -> Container:
    """Return the container that a text describes, as an object or as a list with one object.

    source names where the text came from. Raises ParseError when it is no JSON, no container (an image, say), or a
    value has a type or range no engine writes.
    """
    document = parse_json_object(text, source)
    state, config, host = document.child("State"), document.child("Config"), document.child("HostConfig")
    network = document.child("NetworkSettings")
    environment = _environment(config)
    return Container(
        id=_matching(document, "Id", _ID, "a container's id of 64 hexadecimal digits").group(),
        name=_matching(document, "Name", _NAME, "a container's name").group(1),
        image=config.text("Image"),
        image_id=document.text("Image"),
        created_at=_time(document, "Created"),
        status=_matching(state, "Status", re.compile(r"[a-z]{1,32}"), "a word").group(),
        running=state.flag("Running"),
        paused=state.flag("Paused"),
        restarting=state.flag("Restarting"),
        pid=state.number("Pid", least=0, most=_MOST_PID) or None,
        started_at=_time(state, "StartedAt"),
        finished_at=_time(state, "FinishedAt"),
        exit_code=state.number("ExitCode", least=-(2**31), most=2**32 - 1),
        error=state.text("Error"),
        oom_killed=state.flag("OOMKilled"),
        restart_count=document.number("RestartCount", least=0, most=2**63 - 1),
        health=_health(state.child("Health")),
        asked_ports=_ports(host.child("PortBindings")),
        ports=tuple(port for port in _ports(network.child("Ports")) if port.host_port),
        exposed_ports=tuple(_port(config.child("ExposedPorts"), key) for key in config.child("ExposedPorts")),
        networks=_networks(network.child("Networks")),
        labels=MappingProxyType({key: config.child("Labels").text(key) for key in config.child("Labels")}),
        environment=MappingProxyType(
            {name: _masked(value) for name, value in environment.items() if name in SHOWN_ENVIRONMENT}
        ),
        environment_names=frozenset(environment),
        network_mode=host.text("NetworkMode"),
        pid_mode=host.text("PidMode"),
        mounts=tuple(_mount(mount) for mount in document.children("Mounts")),
        log_driver=host.child("LogConfig").text("Type"),
        tty=config.flag("Tty"),
    )


def _matching(values: JsonObject, key: str, pattern: re.Pattern[str], expected: str) -> re.Match[str]:
    found = pattern.fullmatch(values.text(key))
    if not found:
        raise values.wrong(key, expected)
    return found


def _time(values: JsonObject, key: str) -> datetime | None:
    text = values.text(key)
    # Go's zero time means "never", and so does no time at all.
    if not text or text.startswith("0001-01-01T00:00:00"):
        return None
    try:
        # Without a zone, fromisoformat would take the time for this machine's own.
        return datetime.fromisoformat(text if _ZONE.search(text) else "").astimezone(UTC)
    except (ValueError, OverflowError):
        raise values.wrong(key, "a time as in RFC 3339") from None


def _health(values: JsonObject) -> Health | None:
    status = values.text("Status")
    if status in {"", "none"}:
        return None
    log = values.children("Log")
    streak = values.number("FailingStreak", least=0, most=2**63 - 1)
    return Health(status, streak, log[-1].text("Output").strip() if log else "")


def _ports(values: JsonObject) -> tuple[Port, ...]:
    # One port on 0.0.0.0 and on :: is one port on every address.
    return tuple(dict.fromkeys(_port(values, key, binding) for key in values for binding in values.children(key)))


def _port(values: JsonObject, key: str, binding: JsonObject | None = None) -> Port:
    found = _PORT.fullmatch(key)
    number = int(found[1]) if found else 0
    if not found or not 0 < number < 2**16:
        raise values.wrong(key, "under a port such as 8080/tcp")
    return Port(
        container_port=number,
        protocol=found[2] or "tcp",
        host_ip=_host_ip(binding) if binding is not None else None,
        host_port=_host_port(binding) if binding is not None else None,
    )


def _host_ip(binding: JsonObject) -> Address | None:
    text = binding.text("HostIp")
    try:
        # Of nothing, a name or an address with a zone Go's ParseIP makes nothing, and the engine takes that for all.
        address = ip_address("" if "%" in text else text)
    except ValueError:
        return None
    return None if address.is_unspecified else address


def _host_port(binding: JsonObject) -> int | None:
    text = binding.text("HostPort")
    # An empty text or a range leaves the choice to the engine.
    if not text or re.fullmatch(r"\d{1,5}-\d{1,5}", text, re.ASCII):
        return None
    if not re.fullmatch(r"\d{1,5}", text, re.ASCII) or int(text) >= 2**16:
        raise binding.wrong("HostPort", "a port")
    return int(text) or None


def _networks(values: JsonObject) -> tuple[Network, ...]:
    return tuple(
        Network(name, _address(values.child(name), "IPAddress"), _address(values.child(name), "Gateway"))
        for name in values
    )


def _mount(values: JsonObject) -> Mount:
    return Mount(values.text("Type"), values.text("Source"), values.text("Destination"), values.flag("RW"))


def _address(values: JsonObject, key: str) -> Address | None:
    text = values.text(key)
    try:
        address = ip_address(text) if text else None
    except ValueError:
        raise values.wrong(key, "an IP address") from None
    return None if address and address.is_unspecified else address


def _environment(config: JsonObject) -> dict[str, str]:
    pairs = (entry.partition("=") for entry in config.texts("Env"))
    return {name: value for name, equals, value in pairs if equals}


def _masked(value: str) -> str:
    """Return a value without what an address may carry before its host or in its query."""
    scheme, mark, rest = value.partition("://")
    if mark:
        value = rest.partition("?")[0]
    user, at, host = value.rpartition("@")
    return f"{scheme if mark else ''}{mark}{'***@' if at and user else ''}{host}"
