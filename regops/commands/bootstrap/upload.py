"""`regops bootstrap upload`: a tarball, or an image of this host's engine, into Swift."""

import re
from pathlib import Path
from typing import Annotated

import typer

from regops.collectors.bootstrap.object_names import name_flaw
from regops.collectors.bootstrap.tarball_source import means_file
from regops.collectors.bootstrap.upload import upload as upload_tarball
from regops.collectors.bootstrap.upload_plan import UploadPlan
from regops.collectors.bootstrap.upload_source import file_source, image_source, object_name
from regops.commands.bootstrap.shared import (
    CONNECTIONS,
    CONTAINER,
    RETRIES,
    InsecureOption,
    OsCacertOption,
    OsCloudOption,
    RetriesOption,
    SwiftContainerOption,
    connections_option,
)
from regops.errors import ConfigurationError
from regops.options import Output, OutputOption, complete_image, timeout_option
from regops.wiring import Services

_SIZE = re.compile(r"([1-9][0-9]{0,11})([KMG]?)")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
# Swift takes no object of more than 5 GiB, and at most a thousand segments for one.
_LEAST_BYTES, _MOST_BYTES = 1 << 20, 5 << 30


def _segment_size(text: str) -> int:
    found = _SIZE.fullmatch(text.strip().upper())
    size = int(found[1]) * _UNITS[found[2]] if found else 0
    if not _LEAST_BYTES <= size <= _MOST_BYTES:
        raise typer.BadParameter(f"{text} is not between 1M and 5G")
    return size


def _check_name(name: str) -> None:
    flaw = name_flaw(name)
    if flaw:
        raise ConfigurationError(
            f"the object name {name!r} {flaw}, so it could not be downloaded",
            hint="another NAME behind the FILE or IMAGE",
        )


def upload(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|IMAGE",
            help="A tarball on this machine, or an image of its engine.",
            autocompletion=complete_image,
            show_default=False,
        ),
    ],
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The object's name; made of the source's without one.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an object that has the name.")] = False,
    segment_size: Annotated[
        str,
        typer.Option(
            "--segment-size",
            envvar="REGOPS_SEGMENT_SIZE",
            metavar="SIZE",
            help="Send what is larger in segments of this size: 500M, 1G.",
        ),
    ] = "64M",
    swift_container: SwiftContainerOption = CONTAINER,
    os_cloud: OsCloudOption = None,
    os_cacert: OsCacertOption = None,
    insecure: InsecureOption = False,
    connections: Annotated[int, connections_option("How many segments of a file to send at a time.")] = CONNECTIONS,
    retries: RetriesOption = RETRIES,
    output: OutputOption = Output.TABLE,
    timeout: Annotated[
        float, timeout_option("Try again after so much silence of Swift; what moves may take as long as it takes.")
    ] = 60.0,
) -> None:
    """Upload a tarball, or an image of the engine, to Swift.

    It goes to the Swift container docker-registry.bootstrap, unless
    --container names another; one that is not there is made, and the answer
    says so.

    A file is checked to be the whole tarball of an image: a small one before
    it is sent, a large one while its segments go, several at a time. An image
    is saved, packed with gzip and sent in one stream, and nothing of it
    touches this machine's disk.

    Nobody sees half an upload: a small file stands when its last byte has
    come. A larger one, and any image, goes in segments to the container of the
    same name with _segments behind it, and stands when all of them do.
    Checksums are compared all the way, and the sha256 and the tags are kept
    with the object.

    What a lost connection, a silence or a 5xx breaks is sent again, segment by
    segment; an image is saved again for that. After Ctrl-C, a kill or a
    failure that may pass, the same command goes on: segments that are there
    already and are the same are not sent again. A file that is no image
    leaves nothing. What nobody goes on with is removed by the next upload of
    the same name, an hour later at the earliest.

    An object that has the name is left alone without --replace, also one that
    came in the meantime; with it, the old one stands until the new one does.

    A file of that name is taken before an image. Credentials: see
    `regops bootstrap list --help`.

    Exit status: 0 when it stands, 1 when the source is damaged or Swift has
    no room, 2 when a variable is missing or no file could have the name, 3
    when the name is taken or Swift or the engine could not be asked.

    Examples:
      regops bootstrap upload regops/docker-registry:lab
      regops bootstrap upload ./docker-registry.tar.gz --replace
      regops bootstrap upload registry:2 images/registry-2.tar.gz -c backup
    """
    services = ctx.ensure_object(Services)
    segment_bytes = _segment_size(segment_size)
    found = file_source(Path(source)) if means_file(source) else image_source(services.engine(), source)
    called = object_name(found) if name is None else name
    _check_name(called)
    store = services.object_store(timeout_seconds=timeout)
    plan = UploadPlan(
        swift_container,
        called,
        segment_bytes,
        replace=replace,
        clock=services.clock,
        retries=retries,
        connections=connections,
    )
    with services.progress() as progress:
        answer = upload_tarball(store, found, plan, progress)
    services.emit(answer)
