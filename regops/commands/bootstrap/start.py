"""`regops bootstrap start`: the first registry, from an image that was loaded."""

import os
import re
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer

from regops.collectors.bootstrap.start import StartPlan, Volume
from regops.collectors.bootstrap.start import start as start_registry
from regops.collectors.bootstrap.start_environment import registry_environment
from regops.errors import ConfigurationError
from regops.options import Output, OutputOption, complete_image, timeout_option
from regops.settings import HttpOptions
from regops.wiring import Services

_VOLUME = re.compile(r"(?P<source>/[^:]*|[A-Za-z0-9][A-Za-z0-9_.-]+):(?P<place>/[^:]*?)(?::(?P<mode>ro|rw))?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{1,254}")
_ENV_FILE_BYTES = 1 << 20


class Restart(StrEnum):
    """When the engine starts a container again by itself."""

    UNLESS_STOPPED = "unless-stopped"
    ALWAYS = "always"
    ON_FAILURE = "on-failure"
    NO = "no"


def _volume(given: str) -> Volume:
    found = _VOLUME.fullmatch(given)
    if not found:
        raise typer.BadParameter(
            f"{given} is not NAME:/PLACE or /FOLDER:/PLACE, with :ro after it or without; "
            "a folder is named from the root on"
        )
    return Volume(found["source"], found["place"], found["mode"] or "rw")


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise typer.BadParameter("two or more letters, digits, _, . and -, the first one a letter or digit")
    return value


def _address(value: str) -> str:
    # An engine that is given anything else, an address with a zone too, publishes on all addresses without a word.
    try:
        return str(ip_address("127.0.0.1" if value == "localhost" else value.replace("%", " ")))
    except ValueError:
        raise typer.BadParameter(
            f"{value!r} is no IP address of the engine's host, such as 127.0.0.1, or 0.0.0.0 for all of them"
        ) from None


def _env_file(path: Path | None) -> tuple[str, str] | None:
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            content = file.read(_ENV_FILE_BYTES + 1)
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"the env file {path} cannot be read: {why}") from error
    if len(content) > _ENV_FILE_BYTES:
        raise ConfigurationError(f"the env file {path} is larger than any: more than {_ENV_FILE_BYTES >> 20} MiB")
    return str(path), text


def start(
    ctx: typer.Context,
    image: Annotated[
        str,
        typer.Argument(
            metavar="IMAGE",
            help="The registry's image, as `load` names it.",
            autocompletion=complete_image,
            show_default=False,
        ),
    ],
    name: Annotated[
        str,
        typer.Option(
            "--name", envvar="REGOPS_START_NAME", metavar="NAME", callback=_name, help="The container's name."
        ),
    ] = "docker-registry",
    env_file: Annotated[
        Path | None,
        typer.Option(
            "--env-file",
            envvar="REGOPS_ENV_FILE",
            dir_okay=False,
            metavar="FILE",
            help="The registry's variables, NAME=VALUE lines; then none are taken from here.",
        ),
    ] = None,
    address: Annotated[
        str,
        typer.Option(
            "--address",
            envvar="REGOPS_ADDRESS",
            metavar="ADDRESS",
            callback=_address,
            help="The IP address of this host to publish it on; 0.0.0.0 for all.",
        ),
    ] = "127.0.0.1",
    http_port: Annotated[
        int,
        typer.Option(
            "--http-port", envvar="REGOPS_HTTP_PORT", metavar="PORT", min=0, max=65535, help="0 takes a free one."
        ),
    ] = 5000,
    https_port: Annotated[
        int,
        typer.Option(
            "--https-port", envvar="REGOPS_HTTPS_PORT", metavar="PORT", min=0, max=65535, help="0 takes a free one."
        ),
    ] = 5443,
    restart: Annotated[
        Restart,
        typer.Option(
            "--restart",
            envvar="REGOPS_RESTART",
            metavar="POLICY",
            help="When the engine starts it again by itself, once it works: unless-stopped, always, on-failure or no.",
        ),
    ] = Restart.UNLESS_STOPPED,
    network: Annotated[
        str | None,
        typer.Option(
            "--network", envvar="REGOPS_NETWORK", metavar="NAME", help="Attach it to this network of the engine."
        ),
    ] = None,
    volume: Annotated[
        list[str] | None,
        typer.Option(
            "--volume",
            "-v",
            metavar="NAME:/PLACE",
            help="Mount a volume, or a folder named from the root on: logs:/var/log, /srv/tls:/etc/nginx/tls:ro.",
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave a container that does not work, to look into it.")
    ] = False,
    output: OutputOption = Output.TABLE,
    timeout: Annotated[float, timeout_option("How long it may take to answer.")] = 60.0,
) -> None:
    """Start a registry from an image that was loaded, and wait until it answers.

    Its settings are variables of this environment, passed by name, or those
    of an env file, which docker's --env-file takes too: SETTINGS_FLAVOR,
    OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_CONTAINER, HTTP_SECRET and
    TLS_NAMES, and with Keystone OS_PROJECT_NAME, OS_REGION_NAME and the like.
    Where no OS_* name Swift, ST_AUTH, ST_USER and ST_KEY do. No value appears
    on a command line, here or there; but `docker inspect` shows them to
    whoever may ask the engine.

    SETTINGS_FLAVOR says where images are kept: prod, qa and qa-noes keep them
    in Swift, local in the container's own files, which end with it unless a
    volume is mounted. Where a Swift is given without a flavor, none is
    guessed.

    With a redis cache (the flavor devel) it is not started on a Swift
    container that another registry of this engine uses, nor beside one that
    has a cache: what one deletes, the other's cache goes on knowing, and
    later pushes lose layers without an error. Registries on other hosts are
    not seen.

    One that ends, does not answer in time, or has a part that does not work
    20 seconds later, is removed again, and its last lines are told; so is one
    whose start is interrupted. --keep leaves it. It gets its restart policy
    once all of it works: one that is kept is not started again by itself.

    Exit status: 0 when all of it works, 1 when it does not start, a port is
    taken or a part fails, 2 when a setting is wrong, also where the image says
    so (its exit code 78), 3 when it must not be
    started or the engine could not be asked.

    Examples:
      export SETTINGS_FLAVOR=qa OS_CONTAINER=docker-registry
      regops bootstrap start regops/docker-registry:lab
      regops bootstrap start registry:main --env-file /etc/registry.env
      regops bootstrap start registry:main --address 0.0.0.0 --https-port 443
    """
    services = ctx.ensure_object(Services)
    if http_port == https_port != 0:
        raise typer.BadParameter(f"--http-port and --https-port are both {http_port}")
    plan = StartPlan(
        image=image,
        container=name,
        address=address,
        http_port=http_port,
        https_port=https_port,
        restart=restart,
        network=network,
        volumes=tuple(map(_volume, volume or ())),
        given=registry_environment(os.environ, _env_file(env_file)),
        seconds=timeout,
        keep=keep,
    )
    with services.progress() as progress:
        answer = start_registry(
            services.engine(), lambda url: services.registry(url, HttpOptions()), plan, services.clock, progress
        )
    services.emit(answer)
