"""The options that the commands of `regops bootstrap` share."""

from typing import Annotated

import typer

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
CONTAINER = "docker-registry.bootstrap"
