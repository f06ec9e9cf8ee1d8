"""The recipes of images, as package data: image.toml, setup.sh and rootfs/ in a folder of each."""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from regops.model.built_image import ImageName

SUITE = "bookworm"
# Another number makes every image anew: change it when what is done with packages and files changes.
_FORMAT = 1
_KEYS = frozenset({"packages", "owned", "config"})
_SETTINGS = frozenset(
    (
        *("environment", "ports", "entrypoint", "command", "volumes", "labels", "user", "working_directory"),
        *("stop_signal", "healthcheck"),
    )
)


@dataclass(frozen=True, slots=True)
class Owned:
    """Whom a path of the image belongs to; a path that rootfs/ does not hold is a folder to be made."""

    path: str
    user: str
    group: str
    mode: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """One image: what is installed and laid over its parent, and what a container of it runs.

    repository is the image's name without a tag; setup a shell script for the new root; files maps paths without a
    leading slash to contents; settings are image.toml's [config] table.
    """

    name: str
    repository: str
    parent: "Recipe | None"
    packages: tuple[str, ...]
    setup: str
    files: Mapping[str, bytes]
    owned: tuple[Owned, ...]
    settings: Mapping[str, Any]

    @property
    def lineage(self) -> tuple["Recipe", ...]:
        """This recipe and those it stands on, the lowest first."""
        return (*(self.parent.lineage if self.parent else ()), self)

    @property
    def installed_below(self) -> "Recipe | None":
        """The nearest one below that installs packages."""
        return next((one for one in reversed(self.lineage[:-1]) if one.packages), None)

    @property
    def key(self) -> str:
        """What changes whenever the packages must be installed anew: theirs, and those of the recipes below."""
        installed = [(one.packages, one.setup) for one in self.lineage if one.packages]
        return hashlib.sha256(json.dumps([_FORMAT, SUITE, installed]).encode()).hexdigest()


def read_recipe(folder: Traversable, name: str, repository: str, parent: Recipe | None = None) -> Recipe:
    """Return the recipe in a folder. Raises ValueError for a key it does not know: that would be our own mistake."""
    table = tomllib.loads((folder / "image.toml").read_text(encoding="utf-8"))
    settings: dict[str, Any] = table.get("config", {})
    unknown = (table.keys() - _KEYS) | (settings.keys() - _SETTINGS)
    if unknown:
        raise ValueError(f"the recipe of {name} has {', '.join(sorted(unknown))}, which means nothing")
    owned = (
        Owned(one["path"].strip("/"), one["user"], one["group"], int(one["mode"], 8)) for one in table.get("owned", ())
    )
    setup, rootfs = folder / "setup.sh", folder / "rootfs"
    return Recipe(
        name=name,
        repository=repository,
        parent=parent,
        packages=tuple(table.get("packages", ())),
        setup=setup.read_text(encoding="utf-8") if setup.is_file() else "",
        files=dict(_contents(rootfs)) if rootfs.is_dir() else {},
        owned=tuple(owned),
        settings=settings,
    )


@cache
def registry_recipe(name: ImageName) -> Recipe:
    """Return the recipe of one of the registry's images."""
    parents = {ImageName.MAIN: ImageName.BASE, ImageName.DEV: ImageName.MAIN}
    repositories = {
        ImageName.BASE: "regops/docker-registry-base",
        ImageName.MAIN: "regops/docker-registry",
        ImageName.DEV: "regops/docker-registry-dev",
    }
    parent = registry_recipe(parents[name]) if name in parents else None
    return read_recipe(files("regops.image") / "recipe" / name, str(name), repositories[name], parent)


def _contents(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name == "__pycache__":
            continue
        if entry.is_dir():
            yield from _contents(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry.read_bytes()
