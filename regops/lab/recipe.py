"""The recipes of the lab's images: package data as build contexts, and what tells one version from another."""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

BASE = "regops/lab-base:latest"
DEBIAN = "debian:bookworm-slim"
# On every image: the fingerprint of what it was built from.
RECIPE_LABEL = "regops.recipe"


@dataclass(frozen=True, slots=True)
class Recipe:
    """One image: the package and folder of its recipe, its name, and the recipe it is built on, None for the base."""

    package: str
    folder: str
    image: str
    parent: "Recipe | None" = None


MAIN = Recipe("regops.image", "recipe/main", "regops/docker-registry:lab")
DEV = Recipe("regops.image", "recipe/dev", "regops/docker-registry-dev:lab", parent=MAIN)
SWIFT = Recipe("regops.lab", "image/swift", "regops/lab-swift:latest")


def build_context(folder: Traversable) -> bytes:
    """Return a folder as a tar for the engine, the same bytes for the same contents.

    Scripts are marked executable by their first line: an installed package need not have kept its file modes.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in _contents(folder):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.mode = 0o755 if content.startswith(b"#!") else 0o644
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def recipe_context(recipe: Recipe) -> bytes:
    """Return the build context of a recipe."""
    return build_context(files(recipe.package).joinpath(recipe.folder))


def fingerprint(context: bytes, parent_id: str) -> str:
    """Return what changes whenever an image must be built anew: its context, or the image it stands on."""
    return hashlib.sha256(context + parent_id.encode()).hexdigest()


def _contents(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name == "__pycache__":
            continue
        if entry.is_dir():
            yield from _contents(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry.read_bytes()
