"""Sees to the lab's images: builds those whose recipe changed, on a base that is pulled or made here."""

import io
from collections.abc import Iterable
from functools import partial

from regops.errors import RegopsError
from regops.lab.background import run_within
from regops.lab.recipe import BASE, DEBIAN, DEV, MAIN, RECIPE_LABEL, SWIFT, Recipe, fingerprint, recipe_context
from regops.ports import BaseMaker, Clock, Engine, Progress

ALL_IMAGES = (DEV.image, MAIN.image, SWIFT.image, BASE)
_PULL_SECONDS = 180.0
_BUILD_SECONDS = 1800.0
# Build steps fetch packages: over the host's network, which works where a bridge's name service may not.
_NETWORK = "host"


def images_of(*, dev: bool, swift: bool) -> tuple[Recipe, ...]:
    """Return the recipes a lab needs: with Swift both registry images, for both are put there as tarballs."""
    return (MAIN, *((DEV,) if dev or swift else ()), *((SWIFT,) if swift else ()))


def ensure_images(
    engine: Engine, maker: BaseMaker, progress: Progress, clock: Clock, recipes: Iterable[Recipe], *, rebuild: bool
) -> bool:
    """Build the images that are missing or out of date, all of them with rebuild; return whether any was built.

    Raises Failed, naming the step of the recipe that failed.
    """
    stale = [recipe for recipe in recipes if rebuild or not _is_current(engine, recipe)]
    if not stale:
        return False
    base = _ensure_base(engine, maker, progress, rebuild=rebuild)
    # Another value makes the engine install packages anew instead of taking them from its cache.
    packages = f"{clock.now():.0f}" if rebuild else ""
    began = clock.monotonic()
    progress.step(f"Building {', '.join(recipe.image for recipe in stale)}")

    def build_all(chain: Iterable[Recipe]) -> None:
        for recipe in chain:
            _build(engine, progress, recipe, base, packages)

    # Swift's image shares nothing with the others but the base: on two processors the wait is a third shorter.
    chains = ([recipe for recipe in stale if recipe is not SWIFT], [recipe for recipe in stale if recipe is SWIFT])
    run_within(_BUILD_SECONDS, "the build", [partial(build_all, chain) for chain in chains])
    progress.step(f"Built in {clock.monotonic() - began:.0f} s")
    return True


def _is_current(engine: Engine, recipe: Recipe) -> bool:
    labels = engine.image_labels(recipe.image)
    parent_id = _parent_id(engine, recipe)
    if labels is None or parent_id is None:
        return False
    return labels.get(RECIPE_LABEL) == fingerprint(recipe_context(recipe), parent_id)


def _parent_id(engine: Engine, recipe: Recipe) -> str | None:
    """Return the id of the image a recipe stands on, None when it is to be built; a newer base alone is no reason."""
    if recipe.parent is None:
        return ""
    return engine.image_id(recipe.parent.image) if _is_current(engine, recipe.parent) else None


def _build(engine: Engine, progress: Progress, recipe: Recipe, base: str, packages: str) -> None:
    context = recipe_context(recipe)
    parent_id = (engine.image_id(recipe.parent.image) or "") if recipe.parent else ""
    lines = engine.build(
        io.BytesIO(context),
        tag=recipe.image,
        buildargs={"BASE": recipe.parent.image if recipe.parent else base, "PACKAGES": packages},
        labels={RECIPE_LABEL: fingerprint(context, parent_id)},
        network=_NETWORK,
    )
    for line in lines:
        progress.detail(f"{recipe.folder}: {line}")


def _ensure_base(engine: Engine, maker: BaseMaker, progress: Progress, *, rebuild: bool) -> str:
    """Return a Debian to build on: the official image where there is one, else our own from the package mirror."""
    if not rebuild:
        for reference in (DEBIAN, BASE):
            if engine.image_id(reference):
                return reference
    progress.step(f"Pulling {DEBIAN}")
    try:
        pull = partial(engine.pull, DEBIAN, timeout_seconds=_PULL_SECONDS)
        run_within(_PULL_SECONDS, "the pull", [pull])
    except RegopsError as error:
        progress.step(f"That is not possible here ({_first_line(error)})")
    if engine.image_id(DEBIAN):
        return DEBIAN
    progress.step("Making a base image from the distribution's package mirror instead (mmdebstrap)")
    with maker.root_file_system(progress) as tarball:
        engine.import_image(tarball, BASE)
    return BASE


def _first_line(error: RegopsError) -> str:
    return error.message.strip().partition("\n")[0]
