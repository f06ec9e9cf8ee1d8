"""Which images are built, and on what."""

import contextlib
import io
from collections.abc import Iterator
from threading import Event
from typing import BinaryIO

import pytest

from fake_clock import FakeClock
from fake_engine import FakeEngine
from quiet_progress import QuietProgress
from regops.errors import Failed, NotFound, RegopsError, UnexpectedAnswer
from regops.lab import images
from regops.lab.images import ensure_images, images_of
from regops.lab.recipe import BASE, DEBIAN, DEV, MAIN, SWIFT, Recipe

EVERYTHING = images_of(dev=False, swift=True)


class Maker:
    made = 0

    @contextlib.contextmanager
    def root_file_system(self, progress: object) -> Iterator[BinaryIO]:
        self.made += 1
        yield io.BytesIO(b"a root file system")


class Offline(FakeEngine):
    """An engine that reaches no registry."""

    def pull(self, reference: str, *, timeout_seconds: float) -> None:
        raise Failed(f"cannot pull {reference}: no such host\nand more")


def ensure(
    engine: FakeEngine, *, rebuild: bool = False, recipes: tuple[Recipe, ...] = EVERYTHING
) -> tuple[QuietProgress, Maker]:
    progress, maker = QuietProgress(), Maker()
    ensure_images(engine, maker, progress, FakeClock(), recipes, rebuild=rebuild)
    return progress, maker


def built(engine: FakeEngine) -> dict[str, str]:
    """Return what was built on what, and forget it."""
    found = {call[1]: call[2]["BASE"] for call in engine.calls if call[0] == "build"}
    engine.calls.clear()
    return found


def test_with_swift_both_registry_images_are_needed_and_without_only_the_one_that_runs() -> None:
    assert images_of(dev=False, swift=True) == (MAIN, DEV, SWIFT)
    assert images_of(dev=False, swift=False) == (MAIN,)
    assert images_of(dev=True, swift=False) == (MAIN, DEV)


def test_everything_is_built_on_a_debian_that_is_here_without_pulling_anything() -> None:
    engine = FakeEngine(images={DEBIAN: "sha256:debian"})
    ensure(engine)
    assert not [call for call in engine.calls if call[0] == "pull"]
    assert built(engine) == {MAIN.image: DEBIAN, DEV.image: MAIN.image, SWIFT.image: DEBIAN}


def test_a_debian_that_can_be_pulled_is() -> None:
    engine = FakeEngine()
    _, maker = ensure(engine)
    assert engine.calls[0] == ("pull", DEBIAN)
    assert (built(engine)[MAIN.image], maker.made) == (DEBIAN, 0)


def test_where_nothing_can_be_pulled_a_base_is_made_once_and_that_is_said() -> None:
    engine = Offline()
    progress, maker = ensure(engine)
    assert (built(engine)[SWIFT.image], maker.made) == (BASE, 1)
    assert progress.steps[:3] == [
        f"Pulling {DEBIAN}",
        f"That is not possible here (cannot pull {DEBIAN}: no such host)",
        "Making a base image from the distribution's package mirror instead (mmdebstrap)",
    ]
    engine.images.pop(SWIFT.image)
    _, maker = ensure(engine)
    assert (built(engine), maker.made) == ({SWIFT.image: BASE}, 0)


@pytest.mark.parametrize("error", [Failed("not now"), NotFound("no such image"), UnexpectedAnswer("what?")])
def test_however_a_pull_fails_a_debian_of_before_will_do(error: RegopsError) -> None:
    class Refusing(FakeEngine):
        def pull(self, reference: str, *, timeout_seconds: float) -> None:
            raise error

    engine = Refusing(images={DEBIAN: "sha256:debian"})
    _, maker = ensure(engine, rebuild=True)
    assert (built(engine)[MAIN.image], maker.made) == (DEBIAN, 0)


def test_what_is_current_is_not_built_again() -> None:
    engine = FakeEngine()
    ensure(engine)
    built(engine)
    progress, _ = ensure(engine)
    assert (engine.calls, progress.steps) == ([], [])


def test_a_changed_recipe_builds_its_image_and_those_on_top_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine()
    ensure(engine)
    built(engine)
    real = images.recipe_context
    monkeypatch.setattr(images, "recipe_context", lambda recipe: real(recipe) + (b"!" if recipe is MAIN else b""))
    ensure(engine)
    assert set(built(engine)) == {MAIN.image, DEV.image}


def test_an_image_that_lost_its_parent_is_built_again() -> None:
    engine = FakeEngine()
    ensure(engine)
    built(engine)
    engine.images[MAIN.image] = "sha256:another"
    ensure(engine)
    assert set(built(engine)) == {DEV.image}


def test_a_rebuild_takes_nothing_from_before() -> None:
    engine = Offline(images={BASE: "sha256:base"})
    ensure(engine)
    built(engine)
    _, maker = ensure(engine, rebuild=True)
    packages = {call[2]["PACKAGES"] for call in engine.calls if call[0] == "build"}
    assert (maker.made, set(built(engine))) == (1, {MAIN.image, DEV.image, SWIFT.image})
    assert packages == {"1795425120"}


def test_a_build_that_fails_is_told_with_its_step() -> None:
    class Broken(FakeEngine):
        def build(self, *arguments: object, tag: str, **more: object) -> Iterator[str]:
            yield "Step 2/3 : RUN false"
            raise Failed(f"the build of {tag} failed at: Step 2/3 : RUN false\nno space left")

    with pytest.raises(Failed, match="failed at: Step 2/3"):
        ensure(Broken(), recipes=(MAIN,))


def test_a_build_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_BUILD_SECONDS", 0.05)

    over = Event()

    class Silent(FakeEngine):
        def build(self, *arguments: object, **more: object) -> Iterator[str]:
            over.wait(60)
            yield ""

    with pytest.raises(Failed, match=r"the build took longer than 0\.05 s"):
        ensure(Silent(), recipes=(MAIN,))
    over.set()
