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
    tags = _engine_tags(engine, reference, image) if engine else None
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
        loaded=None if tags is None else bool(tags),
        tags=tags or (),
    )


def _engine_tags(engine: Engine, reference: str, image: Image) -> tuple[str, ...] | None:
    """Return what the engine calls this very image, its id where it has no name; None where it does not answer."""
    try:
        found = engine.image(reference)
        if found is None or found.labels.get(FINGERPRINT_LABEL) != image.fingerprint:
            found = engine.image(image.id)
    except RegopsError:
        return None
    return () if found is None else found.tags or (found.id,)
