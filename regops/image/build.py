"""`regops image build`: install packages where they are missing or out of date, and load what comes of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from parsers.dpkg_status import parse_dpkg_status
from regops.errors import Failed
from regops.image.archive import archive
from regops.image.image import FINGERPRINT_LABEL, Image
from regops.image.layers import Entry, read_root, write_layer
from regops.image.recipes import SUITE, Recipe
from regops.image.store import Installed, Store
from regops.model.installation import Installation
from regops.ports import Clock, Engine, Installer, Progress

_SHOWN = 5
_SNAPSHOT = "http://snapshot.debian.org/archive"


@dataclass(frozen=True, slots=True)
class Build:
    """What a build works with, and how it was asked for.

    epoch is SOURCE_DATE_EPOCH, None to take the date of the newest file in the packages. sources are apt's lines, ()
    for the distribution's mirror; versions are those demanded, empty for whatever there is.
    """

    store: Store
    installer: Installer
    clock: Clock
    progress: Progress
    rebuild: bool = False
    epoch: int | None = None
    sources: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    origin: str = ""


def snapshot_sources(date: str) -> tuple[str, ...]:
    """Return apt's lines for the distribution as it was at a moment (20261101T000000Z)."""
    archive_url, security = f"{_SNAPSHOT}/debian/{date}/", f"{_SNAPSHOT}/debian-security/{date}/"
    return (
        f"deb {archive_url} {SUITE} main",
        f"deb {archive_url} {SUITE}-updates main",
        f"deb {security} {SUITE}-security main",
    )


def ensure_packages(build: Build, recipes: Iterable[Recipe]) -> tuple[str, ...]:
    """Install the packages of recipes and of those below them, where they are missing or not what was asked for.

    Returns the names of the recipes whose packages were installed now. Raises Failed when that fails or other versions
    came than were demanded, PermissionDenied where nothing can be installed.
    """
    made: list[str] = []
    installed: dict[str, Installed] = {}
    for one in _with_packages(recipes):
        under = one.installed_below
        below = installed[under.name] if under else None
        found = None if build.rebuild else build.store.find(one)
        if found is None or found.below != (below.digest if below else "") or not _is_wanted(build, found):
            found = _install(build, one, under, below)
            made.append(one.name)
        installed[one.name] = found
    return tuple(made)


def load(engine: Engine, progress: Progress, image: Image, reference: str) -> bool:
    """Give an image to the engine under a name, unless it has this very one; return whether it was given."""
    labels = engine.image_labels(reference)
    if labels is not None and labels.get(FINGERPRINT_LABEL) == image.fingerprint:
        return False
    progress.step(f"Loading {reference}")
    for line in engine.load(archive(image, reference)):
        progress.detail(line)
    return True


def versions_of(images: Iterable[Image]) -> dict[str, str]:
    """Return the version of every package in some images that stand on each other."""
    return {package.name: package.version for image in images for package in image.packages}


def _with_packages(recipes: Iterable[Recipe]) -> list[Recipe]:
    """Return the recipes that install something, each once and after what it stands on."""
    found = {one.name: one for recipe in recipes for one in recipe.lineage if one.packages}
    return list(found.values())


def _is_wanted(build: Build, found: Installed) -> bool:
    """Return whether layers that are there may be used: without other wishes, wherever they came from."""
    if build.origin and found.origin != build.origin:
        return False
    if build.epoch is not None and found.epoch != build.epoch:
        return False
    return not (build.versions and _differences(found.dpkg_status, build.versions))


def _install(build: Build, recipe: Recipe, under: Recipe | None, below: Installed | None) -> Installed:
    store, progress = build.store, build.progress
    store.check_space()
    began, started = int(build.clock.now()), build.clock.monotonic()
    origin = build.origin or build.installer.origin
    progress.step(f"Installing {', '.join(recipe.packages)} ({origin})")
    wanted = Installation(
        suite=SUITE,
        packages=recipe.packages,
        setup=recipe.setup,
        below=str(store.layer_path(under)) if under else None,
        sources=build.sources,
        versions=build.versions,
    )
    with build.installer.install(wanted, progress) as tarball:
        root = read_root(tarball, began)
        epoch = root.newest if build.epoch is None else build.epoch
        dpkg_status = root.texts.get("var/lib/dpkg/status", "")
        _check_versions(dpkg_status, build.versions)
        with store.part(recipe) as (path, out):
            layer = write_layer(tarball, root, _entries(store, under, began), out, began=began, epoch=epoch)
        record = Installed(
            key=recipe.key,
            below=below.digest if below else "",
            origin=origin,
            digest=layer.digest,
            size_bytes=layer.size_bytes,
            epoch=epoch,
            made_at=build.clock.now(),
            passwd=root.texts.get("etc/passwd", ""),
            group=root.texts.get("etc/group", ""),
            dpkg_status=dpkg_status,
        )
        store.keep(recipe, path, record)
    progress.step(f"Installed in {build.clock.monotonic() - started:.0f} s")
    return record


def _entries(store: Store, under: Recipe | None, began: int) -> Mapping[str, Entry]:
    if under is None:
        return {}
    with store.layer_path(under).open("rb") as tarball:
        return read_root(tarball, began).entries


def _check_versions(dpkg_status: str, demanded: Mapping[str, str]) -> None:
    found = _differences(dpkg_status, demanded) if demanded else ()
    if found:
        rest = f", and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise Failed(
            f"the packages that can be had are not those that were recorded: {', '.join(found[:_SHOWN])}{rest}",
            hint="--snapshot names a day on which they could be had; without --lock, today's are taken",
        )


def _differences(dpkg_status: str, demanded: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        f"{one.name} {one.version} instead of {demanded.get(one.name, 'none')}"
        for one in parse_dpkg_status(dpkg_status)
        if demanded.get(one.name) != one.version
    )
