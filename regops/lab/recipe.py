"""The lab's images: the registry's own, under the lab's names, and a Swift."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from regops.image.recipes import Recipe, read_recipe, registry_recipe
from regops.model.built_image import ImageName


@dataclass(frozen=True, slots=True)
class LabImage:
    """One image of a lab: the name the engine has it under; registry says which of the registry's it is, if any."""

    reference: str
    registry: ImageName | None = None

    @property
    def recipe(self) -> Recipe:
        """What it is made of."""
        return registry_recipe(self.registry) if self.registry else _swift_recipe()


MAIN = LabImage("regops/docker-registry:lab", ImageName.MAIN)
DEV = LabImage("regops/docker-registry-dev:lab", ImageName.DEV)
SWIFT = LabImage("regops/lab-swift:latest")
ALL_IMAGES = (DEV, MAIN, SWIFT)


def images_of(*, dev: bool, swift: bool) -> tuple[LabImage, ...]:
    """Return the images a lab needs: with Swift both registry images, for both are put there as tarballs."""
    return (MAIN, *((DEV,) if dev or swift else ()), *((SWIFT,) if swift else ()))


def chains(images: Iterable[LabImage]) -> tuple[tuple[LabImage, ...], ...]:
    """Return images in groups that share no packages, so that they can be made at the same time."""
    found = tuple(images)
    groups = (tuple(one for one in found if one.registry), tuple(one for one in found if not one.registry))
    return tuple(group for group in groups if group)


@cache
def _swift_recipe() -> Recipe:
    return read_recipe(files("regops.lab") / "image" / "swift", "swift", "regops/lab-swift")
