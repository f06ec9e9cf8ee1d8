"""Starting a registry's container from an image that the engine has, and waiting for it to answer."""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from parsers.secret_names import is_secret_name
from regops.collectors.bootstrap.start_conflict import StoreUse, check_conflicts, store_use
from regops.collectors.bootstrap.start_environment import LOCAL, Given, check_swift
from regops.collectors.bootstrap.start_left import MARK, kept, remove, remove_late, sentences
from regops.collectors.bootstrap.start_ports import host_of, port_taken, ports_of, published
from regops.collectors.bootstrap.start_wait import Waiting, check_it_runs, failed, wait_until_it_answers
from regops.collectors.instances import each_container, read_container
from regops.collectors.recognition import REGISTRY_LABEL
from regops.collectors.status import collect_status
from regops.errors import ExitStatus, NotFound, PortTaken, Refused, RegopsError
from regops.model.answer import Target
from regops.model.hints import name_container
from regops.model.image import ImageFacts
from regops.model.start import Started
from regops.model.status import BROKEN, RegistryHealth
from regops.ports import Clock, Engine, Progress, Registry
from regops.secret import Secret

# Where our image has its images, its certificate, and where one of the operator's is looked for.
_FILES = "/var/lib/docker-registry"
_CERTIFICATE, _GIVEN_CERTIFICATE = "/run/docker-registry/tls/cert.pem", "/etc/nginx/tls/cert.pem"
_ENGINE_SECONDS = 10.0
_SETTLE_SECONDS, _STEP_SECONDS = 20.0, 0.5
# While it is not known to work: one that has a wrong password would try it again and again, and lock the account.
_NO_RESTART = "no"
# Wherever in the name: what is set for one's own programs is called SECRET_KEY_BASE, too.
_SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|KEY", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume of the engine or a folder of its host, the place inside where it is mounted, and ro or rw."""

    source: str
    place: str
    mode: str


@dataclass(frozen=True, slots=True)
class StartPlan:
    """A container as it shall be.

    It is published on address, an IP address, port 0 for any. seconds is how long it may take to answer; keep leaves
    one that does not, or whose parts do not work.
    """

    image: str
    container: str
    address: str
    http_port: int
    https_port: int
    restart: str
    network: str | None
    volumes: tuple[Volume, ...]
    given: Given
    seconds: float
    keep: bool


def start(
    engine: Engine, registry: Callable[[str], Registry], plan: StartPlan, clock: Clock, progress: Progress
) -> Started:
    """Start a registry and return how it is once all of it works.

    Raises NotFound for an image the engine does not have, ConfigurationError for variables that contradict each other,
    Refused where it must not be started, ConfigurationError where the image refuses a setting, Failed when it does not
    start, does not answer in time or a part of it does not work, with its last lines. Nothing of it is left then,
    unless plan keeps it: then one that answers is returned. It gets its restart policy when all of it works.
    """
    facts = _image(engine, plan)
    check_swift(plan.given, facts, plan.network)
    host = host_of(engine, plan.address)
    inside = ports_of(plan.image, facts, plan.http_port, plan.https_port)
    _check_name(engine, plan)
    environment = {**facts.environment, **plan.given.variables}
    use = store_use(environment, environment, plan.image)
    running = each_container(engine, clock, everything=False, timeout_seconds=_ENGINE_SECONDS)
    check_conflicts(use, running, engine.address)
    progress.step(f"Starting the container {plan.container}")
    began, mark, container_id = clock.monotonic(), secrets.token_hex(8), ""
    try:
        container_id = engine.run(plan.image, **_options(plan, inside, mark))
        outside = published(read_container(engine, container_id), inside)
        asked = registry(f"http://{host}:{outside['http']}")
        progress.step(f"Waiting for {asked.url}")
        waiting = Waiting(plan.container, container_id, plan.seconds, _hidden(plan.given))
        wait_until_it_answers(engine, asked, waiting, clock)
        answered = clock.monotonic() - began
        progress.step("Waiting for its parts")
        health = _settled(engine, asked, waiting, clock, keep=plan.keep)
    except PortTaken as error:
        remove(engine, plan.container, container_id, mark)
        raise port_taken(engine, error, clock) from error
    except BaseException as error:
        # One that the engine did not even start leaves nothing to look into.
        keep = plan.keep and container_id
        left = kept(plan.container) if keep else remove(engine, plan.container, container_id, mark)
        if isinstance(error, KeyboardInterrupt | SystemExit):
            left = left or remove_late(engine, plan.container, mark, clock)
            if left:
                progress.step(f"interrupted; {left}")
        elif isinstance(error, RegopsError) and left:
            may_stay = container_id and left.endswith("was removed")
            error.hint = sentences(error.hint, f"{left}; --keep leaves it" if may_stay else left)
        raise
    restart = _restarted(engine, container_id, plan.restart) if health.exit_status is ExitStatus.OK else _NO_RESTART
    files = _files(environment, use)
    return Started(
        target=Target(url=asked.url, container=plan.container),
        engine=engine.address,
        container=plan.container,
        container_id=container_id,
        image=plan.image,
        image_id=facts.id,
        http_url=asked.url,
        https_url=f"https://{host}:{outside['https']}" if "https" in outside else None,
        variables=tuple(sorted(plan.given.variables)),
        flavor=environment.get("SETTINGS_FLAVOR", ""),
        swift_container=use.swift_container,
        files=files,
        files_kept=any(_covers(volume.place, files) for volume in plan.volumes),
        certificate=_own_certificate(engine, plan, container_id),
        answered_seconds=answered,
        restart=restart,
        restart_asked=plan.restart,
        health=name_container(health, plan.container),
    )


def _restarted(engine: Engine, container_id: str, policy: str) -> str:
    """Give a container that works its restart policy, and return the one it has then; one without works as well."""
    try:
        if policy != _NO_RESTART:
            engine.set_restart(container_id, policy)
    except RegopsError:
        return _NO_RESTART
    return policy


def _settled(engine: Engine, registry: Registry, waiting: Waiting, clock: Clock, *, keep: bool) -> RegistryHealth:
    """Return how it is once all is well, or else after a while: its parts come up one after the other.

    Raises Failed for one that ended, or is not well by then and is not to be kept.
    """
    ends = clock.monotonic() + _SETTLE_SECONDS
    while True:
        health = collect_status(
            registry, clock, timeout_seconds=waiting.seconds, debug=None, on_wait=lambda _waited, _of: None
        )
        well = health.exit_status is ExitStatus.OK
        if well:
            return health
        check_it_runs(engine, waiting)
        if keep and clock.monotonic() > ends:
            return health
        if clock.monotonic() > ends:
            broken = [part for part in health.parts if part.health in BROKEN]
            told = "; ".join(f"{part.name}: {part.said or part.words}" for part in broken)
            # The last one is nearest to the cause: what is in front fails with the store behind it.
            hint = broken[-1].hint if broken else health.hint
            hint = name_container(hint, waiting.container)
            raise failed(engine, waiting, f"answers, and is {health.headline} ({told})", hint=hint)
        clock.sleep(_STEP_SECONDS)


def _files(environment: Mapping[str, str], use: StoreUse) -> str:
    """Return the folder inside where it keeps images, "" for one that keeps them elsewhere, or where nothing tells."""
    flavor = environment.get("SETTINGS_FLAVOR", "")
    in_files = flavor == LOCAL or (flavor.startswith("dev") and not use.auth_url)
    return (environment.get("STORAGE_PATH") or _FILES) if in_files else ""


def _covers(place: str, folder: str) -> bool:
    return bool(folder) and PurePosixPath(folder).is_relative_to(place)


def _own_certificate(engine: Engine, plan: StartPlan, container_id: str) -> str:
    """Return where in the container the certificate is that our image made for itself, "" where it made none."""
    if any(_covers(volume.place, _GIVEN_CERTIFICATE) for volume in plan.volumes):
        return ""
    try:
        engine.file_facts(container_id, _CERTIFICATE)
    except RegopsError:
        return ""
    return _CERTIFICATE


def _hidden(given: Given) -> tuple[Secret, ...]:
    return tuple(Secret(value) for name, value in given.variables.items() if _is_secret(name, value))


def _is_secret(name: str, value: str) -> bool:
    """Return whether a variable is a secret: OS_PASSWORD is, and the path in OS_PASSWORD_FILE is none."""
    if name.endswith("_FILE") and value.startswith("/"):
        return False
    return is_secret_name(name) or bool(_SECRET.search(name))


def _image(engine: Engine, plan: StartPlan) -> ImageFacts:
    found = engine.image(plan.image)
    if found is None:
        raise NotFound(
            f"the engine at {engine.address} has no image {plan.image}",
            hint="`regops bootstrap load NAME` brings one from Swift, and says what it is called",
        )
    return found


def _check_name(engine: Engine, plan: StartPlan) -> None:
    try:
        found = read_container(engine, plan.container)
    except NotFound:
        return
    raise Refused(
        f"there is a container {plan.container} already, {found.status}, of the image {found.image}",
        hint=f"another name: --name; or, if it is not needed: docker rm -f {plan.container}",
    )


def _options(plan: StartPlan, inside: Mapping[str, tuple[int, int]], mark: str) -> dict[str, Any]:
    return {
        "name": plan.container,
        "ports": {f"{port}/tcp": (plan.address, outside or None) for port, outside in inside.values()},
        "environment": dict(plan.given.variables),
        "volumes": [f"{volume.source}:{volume.place}:{volume.mode}" for volume in plan.volumes],
        "labels": {REGISTRY_LABEL: "true", MARK: mark},
        "restart_policy": {"Name": _NO_RESTART},
        **({"network": plan.network} if plan.network else {}),
    }
