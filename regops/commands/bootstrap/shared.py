"""The options that the commands of `regops bootstrap` share."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from regops.options import note_target
from regops.settings import StoreOptions
from regops.wiring import Services


def _note(ctx: typer.Context, **said: Any) -> None:
    """Tell Services what was said about Swift, for whoever asks it for the store."""
    services = ctx.find_object(Services)
    if services is not None:
        services.store_options = replace(services.store_options, **said)


def _note_cloud(ctx: typer.Context, value: str | None) -> str | None:
    _note(ctx, cloud=value)
    return value


def _note_cacert(ctx: typer.Context, value: Path | None) -> Path | None:
    _note(ctx, cacert=value)
    return value


def _note_insecure(ctx: typer.Context, value: bool) -> bool:
    _note(ctx, insecure=value)
    return value


def _note_swift_container(ctx: typer.Context, value: str) -> str:
    note_target(ctx, swift_container=value)
    return value


OsCloudOption = Annotated[
    str | None,
    typer.Option(
        "--os-cloud",
        envvar="OS_CLOUD",
        metavar="NAME",
        callback=_note_cloud,
        help="A cloud of clouds.yaml, instead of OS_* and ST_* variables.",
    ),
]
OsCacertOption = Annotated[
    Path | None,
    typer.Option(
        "--os-cacert",
        exists=True,
        dir_okay=False,
        metavar="FILE",
        callback=_note_cacert,
        help="Trust this CA bundle (PEM) for Keystone and Swift, instead of OS_CACERT.",
    ),
]
InsecureOption = Annotated[
    bool,
    typer.Option("--insecure", callback=_note_insecure, help="Accept any certificate, as OS_INSECURE does."),
]
SwiftContainerOption = Annotated[
    str,
    typer.Option(
        "--container",
        "-c",
        envvar="REGOPS_SWIFT_CONTAINER",
        metavar="NAME",
        callback=_note_swift_container,
        help="The Swift container of the tarballs, if it is not the usual one.",
        show_default=False,
    ),
]
RetriesOption = Annotated[
    int,
    typer.Option(
        "--retries",
        envvar="REGOPS_RETRIES",
        min=0,
        max=100,
        metavar="COUNT",
        help="How often to try again, in a row and in vain, after a lost connection, a silence or a 5xx.",
    ),
]
RETRIES = 4


def connections_option(text: str) -> Any:
    """Return the option that says over how many connections at a time; text tells what."""
    return typer.Option("--connections", envvar="REGOPS_CONNECTIONS", min=1, max=32, metavar="COUNT", help=text)


CONNECTIONS = 4
CONTAINER = "docker-registry.bootstrap"


def complete_object(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of the objects that may be meant, for shell completion; [] where Swift does not list them."""
    from regops.wiring import object_names

    said = ctx.params
    options = StoreOptions(said.get("os_cloud"), said.get("os_cacert"), bool(said.get("insecure")))
    names = object_names(os.environ, options, said.get("swift_container") or CONTAINER)
    return [name for name in names if name.startswith(incomplete)]
