"""`regops lab up`: images, network, containers, tarballs, in this order, and only what is missing."""

from dataclasses import replace

from parsers.docker_inspect import Container
from regops.errors import Failed, NotFound, Refused
from regops.lab.containers import (
    HTTP,
    LAB_LABEL,
    Part,
    choose_ports,
    find,
    fits,
    registry_part,
    run_options,
    swift_name,
    swift_part,
)
from regops.lab.describe import describe
from regops.lab.health import wait_until_well
from regops.lab.images import ensure_images
from regops.lab.place import forget_certificate, keep_certificate, only_one
from regops.lab.recipe import images_of
from regops.lab.tarballs import fill
from regops.lab.tools import Tools, Wanted
from regops.model.lab import Lab, Variant

_START_SECONDS = 60.0
# The registry finds a store that came back within its health check's three rounds of ten seconds at the latest.
_RECOVERY_SECONDS = 35.0
_CERTIFICATE = "/run/docker-registry/tls/cert.pem"
_CERTIFICATE_BYTES = 64 * 1024


def up(tools: Tools, wanted: Wanted) -> Lab:
    """Bring a lab up as it was asked for, and return it once it is well.

    Raises Refused for an engine on another machine or a name that is in use, Failed when a build or a start fails.
    """
    if not tools.engine.is_local:
        raise Refused(
            f"the lab publishes its ports on the engine's own loopback, and {tools.engine.address} is another machine",
            hint="run regops there, or choose a local engine: DOCKER_HOST=unix:///var/run/docker.sock",
        )
    with only_one(tools.folder, tools.clock, tools.progress):
        parts = {"swift": swift_part(wanted)} if wanted.swift else {}
        parts["registry"] = registry_part(wanted)
        found = {key: find(tools.engine, part.container, wanted.name) for key, part in parts.items()}
        ports = choose_ports(parts, found)
        needed = images_of(dev=wanted.variant is Variant.DEV, swift=wanted.swift)
        images = ensure_images(tools, needed, rebuild=wanted.rebuild)
        tools.engine.ensure_network(wanted.name, {LAB_LABEL: wanted.name})
        if not wanted.swift and find(tools.engine, swift_name(wanted.name), wanted.name):
            tools.engine.remove(swift_name(wanted.name))
        for key, part in parts.items():
            _ensure(tools, wanted.name, replace(part, ports=ports[key]), found[key])
        if wanted.swift:
            fill(tools, f"http://127.0.0.1:{ports['swift'][HTTP]}", images)
        _copy_certificate(tools, wanted.name)
    return describe(tools, wanted.name)


def _ensure(tools: Tools, lab: str, part: Part, found: Container | None) -> None:
    """See that a container runs as it shall, and that what is in it is well; one that stays sick is made anew."""
    name = part.container
    if fits(found, part, tools.engine.image_id(part.image.reference)):
        fault = wait_until_well(tools, part, lab, seconds=_RECOVERY_SECONDS)
        if not fault:
            return
        tools.progress.step(f"The container {name} is not well {fault}")
    tools.progress.step(f"Starting the container {name}")
    tools.engine.remove(name)
    for volume in part.volumes:
        tools.engine.ensure_volume(volume, {LAB_LABEL: lab})
    tools.engine.run(part.image.reference, **run_options(part, lab, part.ports))
    fault = wait_until_well(tools, part, lab, seconds=_START_SECONDS)
    if fault:
        raise Failed(f"the container {name} is not well: {fault}", hint=f"its logs may tell more: regops logs {name}")


def _copy_certificate(tools: Tools, name: str) -> None:
    try:
        keep_certificate(tools.folder, name, tools.engine.read_file(name, _CERTIFICATE, limit_bytes=_CERTIFICATE_BYTES))
    except NotFound:
        forget_certificate(tools.folder, name)
