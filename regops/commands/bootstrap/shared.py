"""The options that the commands of `regops bootstrap` share."""

from typing import Annotated, Any

import typer

from regops.wiring import Services


def _note_cloud(ctx: typer.Context, value: str | None) -> str | None:
    """Tell Services which cloud was named, for whoever asks it for the store."""
    services = ctx.find_object(Services)
    if services is not None:
        services.os_cloud = value
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
SwiftContainerOption = Annotated[
    str,
    typer.Option(
        "--container",
        "-c",
        envvar="REGOPS_SWIFT_CONTAINER",
        metavar="NAME",
        help="The Swift container that holds the tarballs.",
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
