"""`regops bootstrap load`: images from Swift, or from a file, into this host's engine."""

from pathlib import Path
from typing import Annotated

import typer

from regops.collectors.bootstrap.listing import target_of
from regops.collectors.bootstrap.load import load as load_tarball
from regops.collectors.bootstrap.patience import Patience, log_in
from regops.collectors.bootstrap.tarball_source import file_tarball, means_file, nor_file, swift_tarball
from regops.commands.bootstrap.shared import (
    CONTAINER,
    RETRIES,
    InsecureOption,
    OsCacertOption,
    OsCloudOption,
    RetriesOption,
    SwiftContainerOption,
    complete_object,
)
from regops.model.answer import Target
from regops.options import Output, OutputOption, timeout_option
from regops.wiring import Services


def load(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE",
            help="The tarball, as `list` names it, or a file on this machine.",
            autocompletion=complete_object,
            show_default=False,
        ),
    ],
    replace: Annotated[
        bool, typer.Option("--replace", help="Give a tag to the new image where another image has it.")
    ] = False,
    swift_container: SwiftContainerOption = CONTAINER,
    os_cloud: OsCloudOption = None,
    os_cacert: OsCacertOption = None,
    insecure: InsecureOption = False,
    retries: RetriesOption = RETRIES,
    output: OutputOption = Output.TABLE,
    timeout: Annotated[
        float, timeout_option("Give up after so much silence of Swift; what moves may take as long as it takes.")
    ] = 30.0,
) -> None:
    """Load images from Swift, or from a file, into the engine of this host.

    Tarballs lie in the Swift container docker-registry.bootstrap, unless
    --container names another.

    The tarball goes to the engine as it comes, with no copy on a disk in
    between, and is checked on its way: against Swift's checksums, and every
    layer against the digest in the image's configuration. The end is only
    sent when all of it is good; until then the engine makes nothing of it, so
    a damaged, cut or foreign tarball leaves no image and no tag behind.

    A tag that names another image at this engine is not taken from it without
    --replace: then nothing of the tarball is loaded. The same image under the
    same tag is no trouble.

    A file of that name is taken before an object in Swift; ./NAME is always a
    file. The engine is the one that DOCKER_HOST or Docker's context names.
    Credentials: see `regops bootstrap list --help`.

    Exit status: 0 when the images are there, 1 when the tarball is damaged or
    the engine did not take it, 2 when a variable is missing, 3 when Swift or
    the engine could not be asked, or a tag names another image.

    Examples:
      regops bootstrap load docker-registry.tar.gz
      regops bootstrap load ./docker-registry.tar.gz --replace
      DOCKER_HOST=tcp://10.0.0.7:2376 regops bootstrap load one.tar.gz -o json
    """
    services = ctx.ensure_object(Services)
    store = None
    if means_file(name):
        services.target = Target()
        opened = file_tarball(Path(name))
    else:
        with nor_file(name):
            store = services.object_store(timeout_seconds=timeout)
        patience = Patience(retries, services.clock)
        log_in(store, patience)
        opened = swift_tarball(store, swift_container, name, patience)
    with services.progress() as progress, opened as source:
        target = target_of(store.account, swift_container) if store else services.target
        answer = load_tarball(services.engine(), source, target, replace=replace, progress=progress)
    services.emit(answer)
