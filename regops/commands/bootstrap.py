"""`regops bootstrap`: the images from which a first registry starts, kept in Swift."""

from pathlib import Path
from typing import Annotated

import typer

from regops.collectors.bootstrap import collect_tarballs
from regops.collectors.download import download as download_objects
from regops.options import Output, OutputOption, timeout_option
from regops.wiring import Services

app = typer.Typer(
    no_args_is_help=True,
    help="Fetch a registry's own images from Swift, where no registry can be asked for them.",
)

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


@app.command("list")
def list_(
    ctx: typer.Context,
    swift_container: SwiftContainerOption = CONTAINER,
    output: OutputOption = Output.TABLE,
    timeout: Annotated[float, timeout_option("The deadline of the whole listing.")] = 30.0,
) -> None:
    """List the tarballs in Swift: sizes, dates, kinds and checksums.

    Kind plain is one object, checked by its md5; slo is a large one in
    segments, each with a checksum of its own; dlo is a large one that nothing
    vouches for.

    Credentials come from the environment, as OpenStack's clients take them:
    OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME and so on for
    Keystone (v2.0 and v3), OS_AUTH_TOKEN with OS_STORAGE_URL for a token,
    ST_AUTH, ST_USER and ST_KEY for version 1. OS_REGION_NAME, OS_INTERFACE,
    OS_CACERT and OS_INSECURE are honoured. Where Keystone's and version 1's
    are both set, Keystone's are used, unless ST_AUTH_VERSION=1.

    Exit status: 0 when the container could be listed, 2 when a variable is
    missing, 3 when the store could not be asked.

    Examples:
      . openrc.sh; regops bootstrap list
      regops bootstrap list --container registry-images -o json
      ST_AUTH=http://127.0.0.1:5081/auth/v1.0 ST_USER=test:tester
        ST_KEY=testing regops bootstrap list
    """
    services = ctx.ensure_object(Services)
    store = services.object_store(timeout_seconds=timeout)
    services.emit(collect_tarballs(store, swift_container, services.clock, timeout_seconds=timeout))


@app.command()
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
