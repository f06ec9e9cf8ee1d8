"""Sees to the lab's images: builds what is missing or out of date, as `regops image build` does, and loads it."""

from collections.abc import Iterable, Mapping
from functools import partial

from regops.image.build import Build, ensure_packages, load
from regops.image.image import Image, put_together
from regops.image.in_engine import DEBIAN, EngineInstaller
from regops.lab.background import run_within
from regops.lab.recipe import LabImage, chains
from regops.lab.tools import Tools
from regops.ports import Installer

_BUILD_SECONDS = 1800.0


def ensure_images(tools: Tools, images: Iterable[LabImage], *, rebuild: bool) -> Mapping[LabImage, Image]:
    """Build and load the images that are missing or out of date, all of them with rebuild; return all of them.

    Raises Failed with the last lines of what failed.
    """
    made: dict[LabImage, Image] = {}
    build = Build(tools.images, installer(tools), tools.clock, tools.progress, rebuild=rebuild)
    with tools.images.only_one(tools.clock, tools.progress):

        def make(group: tuple[LabImage, ...]) -> None:
            ensure_packages(build, [one.recipe for one in group])
            for one in group:
                made[one] = put_together(one.recipe, tools.images)
                load(tools.engine, tools.progress, made[one], one.reference)

        # Swift's image shares nothing with the others: on two processors the wait is a third shorter.
        run_within(_BUILD_SECONDS, "the build", [partial(make, group) for group in chains(images)])
    return made


def installer(tools: Tools) -> Installer:
    """Return what installs packages here: mmdebstrap, or a container of the engine where that one cannot work."""
    obstacle = tools.installer.obstacle()
    return EngineInstaller(tools.engine, DEBIAN) if obstacle else tools.installer
