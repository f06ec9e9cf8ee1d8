"""`regops bootstrap verify`: tarballs against their checksums, and the images in them."""

import re
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from regops.collectors.bootstrap.listing import target_of
from regops.collectors.bootstrap.patience import Patience, log_in
from regops.collectors.bootstrap.tarball_source import TarballSource, file_tarball, means_file, nor_file, swift_tarball
from regops.collectors.bootstrap.verify import Expected, Subject, expected_of
from regops.collectors.bootstrap.verify import verify as verify_tarballs
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
from regops.errors import ConfigurationError, RegopsError
from regops.model.answer import Target
from regops.options import Output, OutputOption, timeout_option
from regops.wiring import Services


def verify(
    ctx: typer.Context,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME|FILE",
            help="Tarballs, as `list` names them, or files on this machine.",
            autocompletion=complete_object,
            show_default=False,
        ),
    ],
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="OBJECT", help="Compare a file with this object's checksums in Swift."),
    ] = None,
    sha256: Annotated[
        str | None, typer.Option("--sha256", metavar="DIGEST", help="Compare with this sha256, of 64 digits.")
    ] = None,
    checksums_only: Annotated[
        bool,
        typer.Option("--checksums-only", help="Do not look for an image inside; a file needs one of the two above."),
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
    """Check tarballs without loading them: their checksums, and the images inside.

    They lie in the Swift container docker-registry.bootstrap, unless
    --container names another; or are files.

    An object of Swift is read whole and compared with Swift's checksums, and
    with the sha256 that `upload` noted beside it. A file is compared with an
    object when --against names one.

    Then the tarball itself, as it passes by: the gzip data whole, the
    manifest there, and every configuration and layer what its digest says.
    Nothing is unpacked to a disk, and an archive made to do harm (a bomb,
    names that lead elsewhere, two files of one name) is refused.

    A file of that name is taken before an object in Swift; ./NAME is always a
    file. Credentials are only needed for Swift: see
    `regops bootstrap list --help`.

    Exit status: 0 when all are good, 1 when one is damaged or no image, or
    when some of several failed; 2 when a variable is missing; 3 when the
    store could not be asked, nothing of what was named is there, or the
    archive was refused.

    Examples:
      regops bootstrap verify docker-registry.tar.gz
      regops bootstrap verify ./first.tar.gz --against first.tar.gz
      regops bootstrap verify ./rootfs.tar.gz --checksums-only --sha256 DIGEST
    """
    services = ctx.ensure_object(Services)
    if len(names) > 1 and (against or sha256):
        raise ConfigurationError("--against and --sha256 are for one tarball, and several are named")
    if sha256 and not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise ConfigurationError(f"--sha256 {sha256} is no sha256", hint="it has 64 digits from 0 to f")
    files = [name for name in names if means_file(name)]
    if checksums_only and files and not (against or sha256):
        raise ConfigurationError(
            f"--checksums-only leaves nothing to compare the file {files[0]} with",
            hint="--against OBJECT or --sha256 DIGEST; without --checksums-only, the image inside is checked",
        )
    others = [name for name in names if name not in files]
    patience = partial(Patience, retries, services.clock)
    if not (against or others):
        services.target = Target()
    store, target, failure = None, services.target, None
    if against or others:
        try:
            with nor_file(*others):
                store = services.object_store(timeout_seconds=timeout)
                target = target_of(log_in(store, patience()), swift_container)
        except RegopsError as error:
            if against or not files:
                raise
            failure = error  # of the others: the files can be checked all the same
    expected = expected_of(store, swift_container, against, patience()) if store and against else Expected()
    if sha256:
        expected = replace(expected, sha256=sha256.lower())

    def opened(name: str) -> AbstractContextManager[TarballSource]:
        if name in files:
            return file_tarball(Path(name))
        if store is None:
            raise failure or AssertionError
        return swift_tarball(store, swift_container, name, patience())

    subjects = [Subject(name, name in files, partial(opened, name)) for name in names]
    with services.progress() as progress:
        answer = verify_tarballs(subjects, expected, target, look_inside=not checksums_only, progress=progress)
    services.emit(answer)
