"""`regops lab down`: what `up` made, in the opposite order."""

from collections.abc import Collection

from regops.errors import NotFound, Refused
from regops.lab.containers import LAB_LABEL, files_volume, find, images_in_use, swift_name
from regops.lab.place import forget_certificate, only_one
from regops.lab.recipe import ALL_IMAGES
from regops.lab.tools import Tools
from regops.model.answer import Target
from regops.model.lab import LabRemoved


def down(tools: Tools, name: str, *, purge: bool) -> LabRemoved:
    """Remove a lab's containers and network; with purge its volumes as well, and the images that no other lab needs.

    A lab that is not there is down; a network that others use stays. Raises NotFound when the storage of a lab that is
    not there shall be purged all the same.
    """
    engine, labels = tools.engine, {LAB_LABEL: name}
    removed, kept = list[str](), list[str]()
    with only_one(tools.folder, tools.clock, tools.progress):
        containers = [one for one in (name, swift_name(name)) if find(engine, one, name)]
        labs = engine.labelled(LAB_LABEL)
        others = sorted(set(labs) - {name})
        if purge and name not in labs:
            raise NotFound(
                f"there is no lab {name} on the engine at {engine.address}: nothing was removed",
                hint=f"the labs there are {', '.join(others)}" if others else "",
            )
        for container in containers:
            engine.remove(container)
            removed.append(f"container {container}")
        try:
            if engine.remove_network(name, labels):
                removed.append(f"network {name}")
        except Refused as error:
            kept.append(f"network {name}: others are on it; {error.hint}")
        forget_certificate(tools.folder, name)
        for volume in (files_volume(name), swift_name(name)):
            if purge and engine.remove_volume(volume, labels):
                removed.append(f"volume {volume}")
            elif not purge and f"volume {volume}" in labs.get(name, ()):
                kept.append(f"volume {volume}: what was stored is in it, and goes with --purge")
        if purge:
            _remove_images(tools, others, removed, kept)
    return LabRemoved(target=Target(container=name), name=name, removed=tuple(removed), kept=tuple(kept))


def _remove_images(tools: Tools, others: Collection[str], removed: list[str], kept: list[str]) -> None:
    """Remove the labs' images unless another lab is there, which may want them, or another container uses them."""
    used = images_in_use(tools.engine)
    for image in ALL_IMAGES:
        found = tools.engine.image_id(image.reference)
        if found is None:
            continue
        if others:
            kept.append(f"image {image.reference}: for other labs: {', '.join(others)}")
        elif found in used:
            kept.append(f"image {image.reference}: another container uses it")
        else:
            tools.engine.remove_image(image.reference)
            removed.append(f"image {image.reference}")
