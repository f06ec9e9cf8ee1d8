"""`regops bootstrap download`: objects of Swift as files, whole and checked."""

from pathlib import Path
from typing import Annotated

import typer

from regops.collectors.bootstrap.download import Ways
from regops.collectors.bootstrap.download import download as download_objects
from regops.commands.bootstrap.shared import (
    CONNECTIONS,
    CONTAINER,
    RETRIES,
    InsecureOption,
    OsCacertOption,
    OsCloudOption,
    RetriesOption,
    SwiftContainerOption,
    complete_object,
    connections_option,
)
from regops.options import Output, OutputOption, timeout_option
from regops.wiring import Services


def download(
    ctx: typer.Context,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME",
            help="What to fetch, as `list` names it.",
            autocompletion=complete_object,
            show_default=False,
        ),
    ],
    to: Annotated[
        Path, typer.Option("--to", envvar="REGOPS_TO", metavar="DIR", help="The folder for the files.")
    ] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there and differs.")] = False,
    swift_container: SwiftContainerOption = CONTAINER,
    os_cloud: OsCloudOption = None,
    os_cacert: OsCacertOption = None,
    insecure: InsecureOption = False,
    retries: RetriesOption = RETRIES,
    connections: Annotated[
        int, connections_option("How many connections to fetch one large object over.")
    ] = CONNECTIONS,
    output: OutputOption = Output.TABLE,
    timeout: Annotated[
        float, timeout_option("Try again after so much silence; a download that moves may take as long as it takes.")
    ] = 30.0,
) -> None:
    """Download tarballs from Swift, each checked before it gets its name.

    They lie in the Swift container docker-registry.bootstrap, unless
    --container names another.

    Bytes go to .NAME.part in the folder, a large object's over several
    connections at once, and are checked against Swift's checksums as they
    come: the md5 of a plain object, that of every segment of an SLO. Only a
    whole and checked file gets its final name, so a file that is there is the
    object, whatever happened. Whether the object was good when it was uploaded
    is another question, which `regops bootstrap verify` answers. A DLO has no
    checksum: only its length is checked, and the answer says so.

    A lost connection is taken up again where it broke. What a run that ended
    early has fetched stays in .NAME.part, and the next run goes on from there,
    unless the object was replaced by another. A DLO starts anew: nothing says
    whether it is still the same.

    A file that is there already is compared: the same is left alone, another
    is only replaced with --force.

    Credentials: see `regops bootstrap list --help`.

    Exit status: 0 when all are there, 1 when one arrived damaged or did not
    fit, or when some of several failed; 2 when a variable is missing; 3 when
    the store could not be asked, or nothing of what was named is there.

    Examples:
      regops bootstrap download docker-registry.tar.gz
      regops bootstrap download one.tar.gz two.tar.gz --to /var/tmp
      docker load -i docker-registry.tar.gz
    """
    services = ctx.ensure_object(Services)
    store = services.object_store(timeout_seconds=timeout)
    with services.progress() as progress:
        ways = Ways(force=force, retries=retries, connections=connections, clock=services.clock, progress=progress)
        answer = download_objects(store, swift_container, names, to, ways)
    services.emit(answer)
