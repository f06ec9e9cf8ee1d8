"""`regops image push`: an image to another registry, through the engine."""

from regops.errors import Failed
from regops.image.build import load
from regops.image.describe import reference_of
from regops.image.image import Image
from regops.model.answer import Target
from regops.model.built_image import ImageName, PushedImage
from regops.ports import Engine, Progress


def push(engine: Engine, progress: Progress, image: Image, name: ImageName, reference: str) -> PushedImage:
    """Push an image to where its new name says, loading it into the engine first where it is not there.

    Raises Failed with the registry's reason.
    """
    local = reference_of(name)
    load(engine, progress, image, local)
    progress.step(f"Pushing {local} to {reference}")
    digest, sent = "", dict[str, int]()
    with progress.transfer("sent", image.size_bytes) as came:
        for event in engine.push(local, reference):
            digest = event.digest or digest
            if event.sent_bytes > sent.get(event.layer, 0):
                came(event.sent_bytes - sent.get(event.layer, 0))
                sent[event.layer] = event.sent_bytes
    if not digest:
        raise Failed(f"the engine ended the push of {reference} without saying what the registry took")
    return PushedImage(target=Target(url=reference.partition("/")[0]), name=name, reference=reference, digest=digest)
