"""`regops lab down`: what `up` made, in the opposite order."""

from regops.errors import Refused
from regops.lab.containers import LAB_LABEL, files_volume, find, images_in_use, swift_name
from regops.lab.place import forget_certificate, only_one
from regops.lab.recipe import ALL_IMAGES
from regops.lab.tools import Tools
from regops.model.answer import Target
from regops.model.lab import LabRemoved


def down(tools: Tools, name: str, *, purge: bool) -> LabRemoved:
    """Remove a lab's containers and network; with purge its volumes and the images as well.

    What is stored stays until then. Images and a network that others use stay in any case.
    """
    labels = {LAB_LABEL: name}
    engine, removed, kept = tools.engine, list[str](), list[str]()
    with only_one(tools.folder, tools.clock, tools.progress):
        for container in (name, swift_name(name)):
            if find(engine, container, name):
                tools.progress.step(f"Removing the container {container}")
                engine.remove(container)
                removed.append(f"container {container}")
        try:
            if engine.remove_network(name, labels):
                removed.append(f"network {name}")
        except Refused as error:
            kept.append(f"network {name}: others are on it; {error.hint}")
        forget_certificate(tools.folder, name)
        if purge:
            for volume in (files_volume(name), swift_name(name)):
                if engine.remove_volume(volume, labels):
                    removed.append(f"volume {volume}")
            used = images_in_use(engine)
            for image in ALL_IMAGES:
                found = engine.image_id(image.reference)
                if found in used:
                    kept.append(f"image {image.reference}: another container uses it")
                elif found is not None:
                    engine.remove_image(image.reference)
                    removed.append(f"image {image.reference}")
    return LabRemoved(target=Target(container=name), name=name, removed=tuple(removed), kept=tuple(kept))
