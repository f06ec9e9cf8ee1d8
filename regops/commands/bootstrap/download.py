"""`regops bootstrap download`: objects of Swift as files, whole and checked."""

from pathlib import Path
from typing import Annotated

import typer

from regops.collectors.download import download as download_objects
from regops.commands.bootstrap.shared import CONTAINER, SwiftContainerOption
from regops.options import Output, OutputOption, timeout_option
from regops.wiring import Services


def download(
    ctx: typer.Context,
    names: Annotated[
        list[str], typer.Argument(metavar="NAME", help="What to fetch, as `list` names it.", show_default=False)
    ],
    to: Annotated[
        Path, typer.Option("--to", envvar="REGOPS_TO", metavar="DIR", help="The folder for the files.")
    ] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there and differs.")] = False,
    swift_container: SwiftContainerOption = CONTAINER,
    output: OutputOption = Output.TABLE,
    timeout: Annotated[
        float, timeout_option("Give up after so much silence; a download that moves may take as long as it takes.")
    ] = 30.0,
) -> None:
    """Download tarballs from Swift, each checked before it gets its name.

    Bytes go to .NAME.part in the folder and are checked against Swift's
    checksums as they come: the md5 of a plain object, that of every segment
    of an SLO. Only a whole and checked file gets its final name, so a file
    that is there can be loaded, whatever happened. A DLO has no checksum:
    only its length is checked, and the answer says so.

    A file that is there already is compared: the same is left alone, another
    is only replaced with --force.

    Credentials: see `regops bootstrap list --help`.

    Exit status: 0 when all are there, 1 when one arrived damaged, did not
    fit, or, of several, failed; 2 when a variable is missing; 3 when the
    store could not be asked.

    Examples:
      regops bootstrap download docker-registry.tar.gz
      regops bootstrap download one.tar.gz two.tar.gz --to /var/tmp
      docker load -i docker-registry.tar.gz
    """
    services = ctx.ensure_object(Services)
    store = services.object_store(timeout_seconds=timeout)
    with services.progress() as progress:
        answer = download_objects(store, swift_container, names, to, force=force, progress=progress)
    services.emit(answer)
