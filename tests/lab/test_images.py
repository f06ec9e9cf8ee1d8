"""Which images a lab makes, of what, and when."""

from pathlib import Path
from threading import Event

import pytest

from fake_clock import FakeClock
from fake_engine import FakeEngine
from fake_installer import FakeInstaller
from quiet_progress import QuietProgress
from regops.errors import Failed
from regops.image.in_engine import DEBIAN, EngineInstaller
from regops.image.store import Store
from regops.lab import images
from regops.lab.images import ensure_images, installer
from regops.lab.recipe import DEV, MAIN, SWIFT, LabImage, chains, images_of
from regops.lab.tools import Tools

EVERYTHING = images_of(dev=False, swift=True)


def tools(folder: Path, engine: FakeEngine, makes: FakeInstaller | None = None) -> Tools:
    def none(url: str) -> object:
        raise AssertionError(f"nobody asks {url}")

    return Tools(
        engine=engine,
        installer=makes or FakeInstaller(),
        images=Store(folder),
        registry=none,  # type: ignore[arg-type]
        store=none,  # type: ignore[arg-type]
        clock=FakeClock(),
        progress=QuietProgress(),
        folder=folder,
    )


def loaded(engine: FakeEngine) -> set[str]:
    """Return what was loaded, and forget it."""
    found = {call[1] for call in engine.calls if call[0] == "load"}
    engine.calls.clear()
    return found


def test_with_swift_both_registry_images_are_needed_and_without_only_the_one_that_runs() -> None:
    assert images_of(dev=False, swift=True) == (MAIN, DEV, SWIFT)
    assert images_of(dev=False, swift=False) == (MAIN,)
    assert images_of(dev=True, swift=False) == (MAIN, DEV)


def test_swift_is_made_beside_the_others_for_it_shares_no_package_with_them() -> None:
    assert chains(EVERYTHING) == ((MAIN, DEV), (SWIFT,))
    assert chains((MAIN,)) == ((MAIN,),)


def test_everything_is_made_and_loaded_once(tmp_path: Path) -> None:
    engine, makes = FakeEngine(), FakeInstaller()
    made = ensure_images(tools(tmp_path, engine, makes), EVERYTHING, rebuild=False)
    assert {one: engine.images[one.reference] for one in EVERYTHING} == {one: made[one].id for one in EVERYTHING}
    assert {one.packages[-1] for one in makes.asked} == {"supervisor", "redis-server", "python3-swift"}
    assert loaded(engine) == {one.reference for one in EVERYTHING}
    again = tools(tmp_path, engine, makes)
    ensure_images(again, EVERYTHING, rebuild=False)
    assert (engine.calls, again.progress.steps, len(makes.asked)) == ([], [], 3)  # type: ignore[attr-defined]


def test_an_image_that_the_engine_lost_is_loaded_again(tmp_path: Path) -> None:
    engine = FakeEngine()
    ensure_images(tools(tmp_path, engine), EVERYTHING, rebuild=False)
    loaded(engine)
    engine.labels[DEV.reference] = {"regops.recipe": "another"}
    engine.images.pop(SWIFT.reference)
    ensure_images(tools(tmp_path, engine), EVERYTHING, rebuild=False)
    assert loaded(engine) == {DEV.reference, SWIFT.reference}


def test_a_rebuild_installs_all_packages_anew_and_loads_what_became_different(tmp_path: Path) -> None:
    engine, makes = FakeEngine(), FakeInstaller()
    ensure_images(tools(tmp_path, engine, makes), EVERYTHING, rebuild=False)
    loaded(engine)
    makes.asked.clear()
    makes.versions["redis-server"] = "2"
    ensure_images(tools(tmp_path, engine, makes), EVERYTHING, rebuild=True)
    assert (len(makes.asked), loaded(engine)) == (3, {DEV.reference})


@pytest.mark.parametrize("obstacle", ["", "mmdebstrap is not installed"])
def test_where_mmdebstrap_cannot_work_packages_are_installed_in_a_container(tmp_path: Path, obstacle: str) -> None:
    found = installer(tools(tmp_path, FakeEngine(), FakeInstaller(obstacle=obstacle)))
    assert isinstance(found, EngineInstaller) is bool(obstacle)
    assert found.origin == (DEBIAN if obstacle else "package mirror")


def test_a_build_that_fails_is_told_with_its_last_lines(tmp_path: Path) -> None:
    broken = FakeInstaller(fails=Failed("mmdebstrap ended with status 25"))
    with pytest.raises(Failed, match="status 25"):
        ensure_images(tools(tmp_path, FakeEngine(), broken), (MAIN,), rebuild=False)


def test_a_build_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_BUILD_SECONDS", 0.05)
    over = Event()

    class Silent(FakeInstaller):
        def install(self, *_: object) -> object:  # type: ignore[override]
            over.wait(60)
            raise Failed("too late")

    with pytest.raises(Failed, match=r"the build took longer than 0\.05 s"):
        ensure_images(tools(tmp_path, FakeEngine(), Silent()), (MAIN,), rebuild=False)
    over.set()


@pytest.mark.parametrize("image", EVERYTHING, ids=lambda image: image.reference)
def test_every_image_of_a_lab_has_a_recipe(image: LabImage) -> None:
    assert image.recipe.lineage[0].packages
    assert image.recipe.settings
