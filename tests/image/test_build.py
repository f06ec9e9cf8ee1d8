"""What is built when, and what becomes of it: packages from a mirror of programs of one line."""

import fcntl
import io
import json
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from fake_clock import FakeClock
from fake_engine import FakeEngine
from fake_installer import PACKED, FakeInstaller
from quiet_progress import QuietProgress
from regops.errors import Corrupted, Failed, NotFound, PermissionDenied
from regops.image import store as stores
from regops.image.archive import archive, archive_size
from regops.image.build import Build, ensure_packages, load, snapshot_sources, versions_of
from regops.image.image import Image, put_together
from regops.image.recipes import Owned, Recipe, read_recipe, registry_recipe
from regops.image.store import Store, cache_folder
from regops.model.built_image import ImageName

BASE, MAIN, DEV = (registry_recipe(name) for name in ImageName)


def work(folder: Path, makes: FakeInstaller | None = None) -> Build:
    folder.mkdir(exist_ok=True)
    return Build(Store(folder), makes or FakeInstaller(), FakeClock(), QuietProgress())


def built(build: Build, recipe: Recipe = DEV) -> Image:
    ensure_packages(build, [recipe])
    return put_together(recipe, build.store)


def files_in(tar: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as packed:
        found = {member.name: packed.extractfile(member) for member in packed}
        return {name: file.read() if file else b"" for name, file in found.items()}


def test_each_image_stands_on_the_one_before_and_shares_its_layers(tmp_path: Path) -> None:
    build = work(tmp_path)
    dev = built(build)
    base, main = put_together(BASE, build.store), put_together(MAIN, build.store)
    assert [len(one.layers) for one in (base, main, dev)] == [1, 2, 4]
    assert (base.layers, main.layers) == (dev.layers[:1], dev.layers[:2])
    assert [one.packages[-1] for one in build.installer.asked] == ["supervisor", "redis-server"]  # type: ignore[attr-defined]
    assert build.installer.asked[1].below == str(tmp_path / "base.tar")  # type: ignore[attr-defined]


def test_two_builds_at_different_times_and_places_make_the_same_bytes(tmp_path: Path) -> None:
    one, other = work(tmp_path / "one"), work(tmp_path / "two")
    other.clock.sleep(4)
    first, second = built(one), built(other)
    assert first.id == second.id
    assert b"".join(archive(first, "a:1")) == b"".join(archive(second, "a:1"))
    assert first.created.timestamp() == PACKED


def test_what_is_built_is_not_built_again_and_a_changed_file_costs_no_installation(tmp_path: Path) -> None:
    build = work(tmp_path)
    assert ensure_packages(build, [DEV, MAIN]) == ("base", "dev")
    assert ensure_packages(build, [DEV]) == ()
    changed = replace(MAIN, files={**MAIN.files, "etc/new": b"new"})
    assert ensure_packages(build, [changed]) == ()
    before, after = put_together(MAIN, build.store), put_together(changed, build.store)
    assert before.layers[0] == after.layers[0]
    assert before.fingerprint != after.fingerprint


@pytest.mark.parametrize("change", [{"packages": ("nginx",)}, {"setup": "true\n"}])
def test_other_packages_or_another_setup_are_installed_with_what_stands_on_them(
    tmp_path: Path, change: dict[str, object]
) -> None:
    build = work(tmp_path)
    ensure_packages(build, [DEV])
    base = replace(BASE, **change)  # type: ignore[arg-type]
    dev = replace(DEV, parent=replace(MAIN, parent=base))
    assert ensure_packages(build, [dev]) == ("base", "dev")
    assert build.store.find(DEV) is None


def test_a_rebuild_takes_todays_versions_and_without_one_yesterdays_stay(tmp_path: Path) -> None:
    build = work(tmp_path, makes := FakeInstaller())
    before = built(build)
    makes.versions["nginx"] = "2"
    assert built(build) == before
    assert ensure_packages(replace(build, rebuild=True), [DEV]) == ("base", "dev")
    assert versions_of([before])["nginx"] == "1"
    assert versions_of([put_together(DEV, build.store)])["nginx"] == "2"


def test_the_source_date_epoch_is_the_date_of_all_that_is_newer(tmp_path: Path) -> None:
    build = replace(work(tmp_path), epoch=PACKED - 100)
    image = built(build)
    layer = files_dates((tmp_path / "base.tar").read_bytes())
    assert (image.created.timestamp(), set(layer.values())) == (PACKED - 100, {PACKED - 100})
    assert ensure_packages(build, [DEV]) == ()
    assert ensure_packages(replace(build, epoch=PACKED - 200), [DEV]) == ("base", "dev")


def files_dates(tar: bytes) -> dict[str, int]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as packed:
        return {member.name: int(member.mtime) for member in packed}


def test_versions_that_were_recorded_are_preferred_demanded_and_enough(tmp_path: Path) -> None:
    makes = FakeInstaller()
    wanted = versions_of([built(work(tmp_path / "one", makes))])
    build = replace(work(tmp_path / "two", makes), versions=wanted)
    ensure_packages(build, [DEV])
    assert "Package: nginx\nPin: version 1\nPin-Priority: 1001\n" in makes.asked[-1].preferences
    assert ensure_packages(build, [DEV]) == ()
    makes.versions["nginx"] = "2"
    with pytest.raises(Failed) as caught:
        ensure_packages(replace(build, rebuild=True), [DEV])
    assert caught.value.message.endswith("are not those that were recorded: nginx 2 instead of 1")
    assert put_together(DEV, build.store).packages


def test_a_package_that_was_not_recorded_is_told(tmp_path: Path) -> None:
    build = replace(work(tmp_path), versions={"libc6": "2.36"})
    with pytest.raises(Failed, match=r"ca-certificates 1 instead of none, .*, and 2 more"):
        ensure_packages(build, [BASE])


def test_another_origin_is_taken_only_when_it_is_asked_for(tmp_path: Path) -> None:
    build = work(tmp_path)
    ensure_packages(build, [BASE])
    snapshot = replace(build, origin="snapshot 20261101T000000Z", sources=snapshot_sources("20261101T000000Z"))
    assert ensure_packages(snapshot, [BASE]) == ("base",)
    sources = build.installer.asked[-1].sources  # type: ignore[attr-defined]
    assert sources[0] == "deb http://snapshot.debian.org/archive/debian/20261101T000000Z/ bookworm main"
    assert sources[2].endswith("/debian-security/20261101T000000Z/ bookworm-security main")
    assert ensure_packages(build, [BASE]) == ()


def test_a_failed_installation_leaves_what_was_there(tmp_path: Path) -> None:
    build = work(tmp_path)
    before = built(build)
    broken = replace(build, installer=FakeInstaller(fails=Failed("no mirror")), rebuild=True)
    with pytest.raises(Failed, match="no mirror"):
        ensure_packages(broken, [DEV])
    assert put_together(DEV, build.store) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base.json", "base.tar", "dev.json", "dev.tar"]


@pytest.mark.parametrize("damage", ["record", "layer", "shorter", "key"])
def test_what_is_kept_and_not_whole_counts_as_not_there(tmp_path: Path, damage: str) -> None:
    build = work(tmp_path)
    ensure_packages(build, [DEV])
    record, layer = tmp_path / "base.json", tmp_path / "base.tar"
    if damage == "record":
        record.write_text("{")
    elif damage == "key":
        record.write_text(json.dumps({**json.loads(record.read_text()), "more": 1}))
    elif damage == "layer":
        layer.unlink()
    else:
        os.truncate(layer, 100)
    with pytest.raises(NotFound, match="the image main is not built"):
        put_together(MAIN, build.store)
    assert ensure_packages(build, [DEV]) == ("base",)


def test_a_layer_that_was_changed_on_the_disk_is_found_before_anybody_loads_it(tmp_path: Path) -> None:
    build = work(tmp_path)
    image = built(build)
    path = tmp_path / "base.tar"
    path.write_bytes(path.read_bytes().replace(b"nginx 1", b"nginx X"))
    with pytest.raises(Corrupted, match=r"a layer .* is not the one that was put there"):
        list(archive(image, "a:1"))


def test_a_full_disk_is_told_before_anything_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "_NEEDED_BYTES", 1 << 60)
    build = work(tmp_path)
    with pytest.raises(Failed, match=r"[0-9.]+ [GM]B free, and a build needs up to 1153 PB"):
        ensure_packages(build, [BASE])
    assert build.installer.asked == []  # type: ignore[attr-defined]


def test_two_builds_wait_for_each_other(tmp_path: Path) -> None:
    store, progress, clock = Store(tmp_path / "new" / "folder"), QuietProgress(), FakeClock()
    with store.only_one(clock, progress):
        assert (store.folder.stat().st_mode & 0o777, progress.steps) == (0o700, [])
        held = os.open(store.folder / "lock", os.O_RDWR)
        with pytest.raises(BlockingIOError):
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(held)
        ended = pytest.raises(Failed, match="another build holds")
        with ended, store.only_one(clock, progress):
            pass
    assert progress.steps == ["Waiting for another build"]


def test_a_cache_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = Store(cache_folder({"XDG_CACHE_HOME": str(tmp_path / "file")}))
    with (
        pytest.raises((Failed, PermissionDenied), match="cannot write to"),
        store.only_one(FakeClock(), QuietProgress()),
    ):
        pass


def test_an_image_is_loaded_once_and_known_by_its_label(tmp_path: Path) -> None:
    image, engine, progress = built(work(tmp_path)), FakeEngine(), QuietProgress()
    assert load(engine, progress, image, "a:1")
    assert not load(engine, progress, image, "a:1")
    assert engine.images["a:1"] == image.id
    assert (progress.steps, progress.details) == (["Loading a:1"], ["Loaded image: a:1"])


def test_the_archive_is_dockers_and_an_oci_layout_over_the_same_blobs(tmp_path: Path) -> None:
    image = built(work(tmp_path))
    tar = b"".join(archive(image, "regops/docker-registry-dev:latest"))
    assert image.size_bytes < len(tar) <= archive_size(image)
    found = files_in(tar)
    (docker,) = json.loads(found["manifest.json"])
    assert docker["RepoTags"] == ["regops/docker-registry-dev:latest"]
    assert json.loads(found["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    (described,) = json.loads(found["index.json"])["manifests"]
    manifest = found[f"blobs/sha256/{described['digest'].removeprefix('sha256:')}"]
    assert len(manifest) == described["size"]
    assert described["platform"] == {"architecture": "amd64", "os": "linux"}
    oci = json.loads(manifest)
    blobs = [f"blobs/sha256/{one['digest'].removeprefix('sha256:')}" for one in (oci["config"], *oci["layers"])]
    assert [docker["Config"], *docker["Layers"]] == blobs
    assert [one["size"] for one in oci["layers"]] == [len(found[blob]) for blob in blobs[1:]]
    config = json.loads(found[blobs[0]])
    assert [f"blobs/sha256/{one.removeprefix('sha256:')}" for one in config["rootfs"]["diff_ids"]] == blobs[1:]
    assert len(config["history"]) == len(oci["layers"])


def test_what_a_container_runs_is_added_up_over_the_recipes(tmp_path: Path) -> None:
    health = {"command": ["/bin/true"], "interval_seconds": 1.5, "retries": 3}
    below = replace(
        BASE, settings={"environment": {"A": "1", "B": "1"}, "ports": [1], "user": "one", "labels": {"x": "y"}}
    )
    above = replace(
        MAIN,
        parent=below,
        files={},
        owned=(Owned("var/x", "redis", "redis", 0o700),),
        settings={"environment": {"B": "2"}, "ports": [2], "volumes": ["/x"], "command": ["c"], "healthcheck": health},
    )
    config = json.loads(built(work(tmp_path), above).config)["config"]
    assert config["Env"][1:] == ["A=1", "B=2"]
    assert config["Env"][0].startswith("PATH=/usr/local/sbin:")
    assert (config["User"], config["Cmd"], config["Volumes"]) == ("one", ["c"], {"/x": {}})
    assert set(config["ExposedPorts"]) == {"1/tcp", "2/tcp"}
    assert config["Healthcheck"] == {"Test": ["CMD", "/bin/true"], "Interval": 1500000000, "Retries": 3}
    assert config["Labels"]["x"] == "y"
    assert "Entrypoint" not in config


def test_a_word_that_means_nothing_in_a_recipe_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "image.toml").write_text('package = []\n[config]\nentripoint = ["x"]\n')
    with pytest.raises(ValueError, match="the recipe of x has entripoint, package, which means nothing"):
        read_recipe(tmp_path, "x", "x/y")


def test_only_the_development_image_has_a_redis() -> None:
    assert not [name for name in (*BASE.files, *MAIN.files) if "redis" in name.rpartition("/")[2]]
    assert "redis-server" not in BASE.packages
    assert "redis-server" in DEV.packages
