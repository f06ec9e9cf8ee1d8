"""Images of ours as they are, for people and scripts."""

from datetime import UTC, datetime

from regops.errors import NotFound, RegopsError
from regops.image.image import FINGERPRINT_LABEL, Image, put_together
from regops.image.recipes import registry_recipe
from regops.image.store import Store
from regops.model.built_image import BuiltImage, ImageName
from regops.ports import Engine

TAG = "latest"


def reference_of(name: ImageName) -> str:
    """Return the name under which an engine gets an image of ours."""
    return f"{registry_recipe(name).repository}:{TAG}"


def built_images(store: Store, engine: Engine) -> tuple[BuiltImage, ...]:
    """Return the images that are built; those that are not, or are of another recipe by now, are left out."""
    found: list[BuiltImage] = []
    for name in ImageName:
        try:
            image = put_together(registry_recipe(name), store)
        except NotFound:
            continue
        found.append(describe(name, image, engine))
    return tuple(found)


def describe(name: ImageName, image: Image, engine: Engine | None) -> BuiltImage:
    """Return what there is to say of an image, and whether the engine, if one shall be asked, has it."""
    reference = reference_of(name)
    return BuiltImage(
        name=name,
        reference=reference,
        id=image.id,
        architecture=image.architecture,
        size_bytes=image.size_bytes,
        layers=tuple(layer.facts for layer in image.layers),
        packages=len(image.packages),
        created=image.created,
        made_at=datetime.fromtimestamp(int(image.installed.made_at), UTC),
        origin=image.installed.origin,
        loaded=_is_loaded(engine, reference, image) if engine else None,
    )


def _is_loaded(engine: Engine, reference: str, image: Image) -> bool | None:
    try:
        labels = engine.image_labels(reference)
    except RegopsError:
        return None
    return labels is not None and labels.get(FINGERPRINT_LABEL) == image.fingerprint
