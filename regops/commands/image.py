"""`regops image`: build the registry's own images, save them, push them, list what is in them."""

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from regops.errors import ConfigurationError
from regops.image.build import Build, ensure_packages, load, snapshot_sources, versions_of
from regops.image.describe import built_images, describe, reference_of
from regops.image.image import put_together
from regops.image.in_engine import EngineInstaller
from regops.image.lock import lock_text, read_lock
from regops.image.push import push
from regops.image.recipes import registry_recipe
from regops.image.save import save
from regops.image.store import Store, cache_folder
from regops.model.answer import Target
from regops.model.built_image import ImageName, Images, SavedTarballs, Subject
from regops.options import Output, OutputOption
from regops.wiring import Services

_DATE = re.compile(r"\d{8}T\d{6}Z")
_REFERENCE = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?"
    r"(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
)
_TARBALLS = (ImageName.MAIN, ImageName.DEV)

app = typer.Typer(no_args_is_help=True)

WhichArgument = Annotated[
    ImageName | None, typer.Argument(metavar="IMAGE", help="Which one; all without it.", show_default=False)
]
OneArgument = Annotated[ImageName, typer.Argument(metavar="IMAGE", help="Which one.", show_default=False)]


def _checked_date(value: str | None) -> str | None:
    if value is not None and not _DATE.fullmatch(value):
        raise typer.BadParameter("a moment as 20261101T000000Z")
    return value


def _checked_reference(value: str) -> str:
    if not _REFERENCE.fullmatch(value):
        raise typer.BadParameter("a registry and a name there: registry.example:5000/docker-registry:1")
    return value


@app.callback()
def image() -> None:
    """Build the registry's own images, and pack them.

    base has all packages and no configuration; main, which runs in
    production, is base with nginx, storage and index configured, and no
    redis; dev is main with a redis.
    """


@app.command("build")
def build_(
    ctx: typer.Context,
    which: WhichArgument = None,
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            envvar="REGOPS_IMAGE_BASE",
            metavar="IMAGE",
            help="Install in a container of this Debian image, not with mmdebstrap.",
        ),
    ] = None,
    snapshot: Annotated[
        str | None,
        typer.Option(
            "--snapshot",
            envvar="REGOPS_IMAGE_SNAPSHOT",
            metavar="DATE",
            callback=_checked_date,
            help="Take packages as they were then (20261101T000000Z), from snapshot.debian.org.",
        ),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source",
            metavar="LINE",
            help="Take packages from there: a line of apt's sources.list, in quotes; may be repeated.",
        ),
    ] = None,
    lock: Annotated[
        Path | None,
        typer.Option(
            "--lock",
            envvar="REGOPS_IMAGE_LOCK",
            dir_okay=False,
            metavar="FILE",
            help="Demand the package versions this file records; write it where it is not there.",
        ),
    ] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Install all packages anew, today's versions.")] = False,
    only: Annotated[bool, typer.Option("--no-load", help="Build only: no engine is asked for anything.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Build images where they are missing or out of date, and load them into the engine.

    Packages come from the distribution's mirror (mmdebstrap), which needs
    root or user namespaces and no engine; configuration is laid over them.
    What is built is kept in ~/.cache/regops/image: an unchanged recipe takes
    no time, a changed configuration a second. Newer packages are taken only
    with --rebuild, or when a recipe asks for others.

    The same packages make the same image, byte for byte: its date is that of
    the newest file in them, or SOURCE_DATE_EPOCH. To have the same packages
    another day, record their versions (--lock) or name a day (--snapshot).

    Exit status: 0 when all is built; 1 when a step failed, or other versions
    came than were demanded; 3 when mmdebstrap cannot work here, or no engine
    answers.

    Examples:
      regops image build
      regops image build main --no-load
      regops image build --rebuild --lock versions.json
      regops image build --rebuild --snapshot 20261101T000000Z
      regops image build --base debian:bookworm-slim
    """
    services = ctx.ensure_object(Services)
    if sum(map(bool, (base and (snapshot or source), snapshot and source))):
        raise ConfigurationError("--base, --snapshot and --source each say where packages come from; choose one")
    versions = read_lock(lock) if lock else None
    if lock and versions is None and which not in (None, ImageName.DEV):
        raise ConfigurationError(f"{lock} is not there, and {which} has not all packages to record", hint="build all")
    names = tuple(ImageName) if which is None else (which,)
    engine = None if only and not base else services.engine()
    store = Store(cache_folder(os.environ))
    with services.progress() as progress, store.only_one(services.clock, progress):
        work = Build(
            store=store,
            installer=EngineInstaller(engine, base) if engine and base else services.installer(),
            clock=services.clock,
            progress=progress,
            rebuild=rebuild,
            epoch=_epoch(os.environ.get("SOURCE_DATE_EPOCH")),
            sources=snapshot_sources(snapshot) if snapshot else tuple(source or ()),
            versions=versions or {},
            origin=base or (f"snapshot {snapshot}" if snapshot else "; ".join(source or ())),
        )
        installed = ensure_packages(work, [registry_recipe(name) for name in names])
        images = {name: put_together(registry_recipe(name), store) for name in names}
        if lock and versions is None:
            services.replace_file(lock, lock_text(versions_of(images.values())))
        loaded_by = None if only else engine
        if loaded_by:
            for name, one in images.items():
                load(loaded_by, progress, one, reference_of(name))
        found = tuple(describe(name, one, loaded_by) for name, one in images.items())
    services.emit(Images(Target(), found, installed))


@app.command("list")
def list_(ctx: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """Show the images that are built: layers, sizes, packages, where they came from, and whether the engine has them.

    Exit status: 0, also when nothing is built.

    Examples:
      regops image list
      regops image list -o json | jq '.data.images[].layers'
    """
    services = ctx.ensure_object(Services)
    services.emit(Images(Target(), built_images(Store(cache_folder(os.environ)), services.engine())))


@app.command("save")
def save_(
    ctx: typer.Context,
    which: WhichArgument = None,
    to: Annotated[
        Path, typer.Option("--to", envvar="REGOPS_TO", metavar="DIR", help="The folder for the files.")
    ] = Path(),
    output: OutputOption = Output.TABLE,
) -> None:
    """Write docker-registry.tar.gz and docker-registry-dev.tar.gz, for `docker load`.

    No engine is needed. The same image makes the same file, byte for byte,
    on any number of processors; a file gets its name when it is whole and on
    the disk. They load in every engine: Docker's layout and the OCI's are
    both in them.

    Exit status: 0 when all are written; 1 when one could not be, or did not
    fit; 3 when an image is not built, or the folder may not be written.

    Examples:
      regops image build && regops image save --to /var/tmp
      regops image save main
      docker load -i docker-registry.tar.gz
    """
    services = ctx.ensure_object(Services)
    store = Store(cache_folder(os.environ))
    names = _TARBALLS if which is None else (which,)
    images = {name: put_together(registry_recipe(name), store) for name in names}
    with services.progress() as progress:
        saved = tuple(save(one, name, to, progress) for name, one in images.items())
    services.emit(SavedTarballs(Target(), saved))


@app.command("push")
def push_(
    ctx: typer.Context,
    which: OneArgument,
    reference: Annotated[
        str,
        typer.Argument(
            metavar="REGISTRY/NAME:TAG",
            callback=_checked_reference,
            help="Where to, as `docker push` takes it.",
            show_default=False,
        ),
    ],
    output: OutputOption = Output.TABLE,
) -> None:
    """Push an image to another registry, through the engine.

    The engine gets the image first where it does not have it, and the new
    name beside its own. Credentials are those of `docker login`.

    Exit status: 0 when the registry has it; 1 when it refused; 3 when the
    image is not built, or no engine answers.

    Examples:
      regops image push main registry.example:5000/docker-registry:1
    """
    services = ctx.ensure_object(Services)
    found = put_together(registry_recipe(which), Store(cache_folder(os.environ)))
    with services.progress() as progress:
        answer = push(services.engine(), progress, found, which, reference)
    services.emit(answer)


@app.command("sbom")
def sbom(ctx: typer.Context, which: OneArgument) -> None:
    """Print the packages of an image as a CycloneDX document (SBOM, JSON), which vulnerability scanners read.

    It is made of dpkg's own list in the image: every package with its
    version, its source and its supplier. The same image gives the same
    document.

    Exit status: 0; 3 when the image is not built.

    Examples:
      regops image sbom main > docker-registry.cdx.json
      regops image sbom dev | jq -r '.components[].purl'
    """
    services = ctx.ensure_object(Services)
    found = put_together(registry_recipe(which), Store(cache_folder(os.environ)))
    subject = Subject(reference_of(which), found.id, found.architecture, found.created)
    typer.echo(services.bill_of_materials(subject, found.packages), nl=False)


def _epoch(text: str | None) -> int | None:
    """Return SOURCE_DATE_EPOCH. Source: reproducible-builds.org, SOURCE_DATE_EPOCH specification."""
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise ConfigurationError(f"SOURCE_DATE_EPOCH is {text!r}, and must be seconds since 1970")
    return int(text)
