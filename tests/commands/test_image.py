"""`regops image`: what it builds, writes and says, with a mirror and an engine in memory."""

import errno
import gzip
import hashlib
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fake_engine import FakeEngine
from fake_installer import FakeInstaller
from fake_services import FakeServices
from regops.errors import PermissionDenied, Phase, Unreachable
from regops.image import save as saving
from regops.image.recipes import registry_recipe
from regops.main import app
from regops.model.built_image import ImageName

NAMES = {"base": "regops/docker-registry-base", "main": "regops/docker-registry", "dev": "regops/docker-registry-dev"}


def image(*arguments: str, on: FakeEngine | None = None, makes: FakeInstaller | None = None) -> Result:
    services = FakeServices(fake_engine=on or FakeEngine(), fake_installer=makes or FakeInstaller())
    return CliRunner().invoke(app, ["image", *arguments], obj=services)


def data(*arguments: str, **more: Any) -> dict[str, Any]:
    result = image(*arguments, "-o", "json", **more)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)["data"]
    return found


def test_build_makes_all_three_in_their_order_and_loads_them() -> None:
    on = FakeEngine()
    found = data("build", on=on)
    assert [(one["name"], one["reference"]) for one in found["images"]] == [
        (name, f"{repository}:latest") for name, repository in NAMES.items()
    ]
    assert on.images == {one["reference"]: one["id"] for one in found["images"]}
    assert [one["loaded"] for one in found["images"]] == [True] * 3
    assert found["installed"] == ["base", "dev"]
    assert data("build", on=on)["installed"] == []


def test_build_of_one_makes_only_what_it_stands_on() -> None:
    on, makes = FakeEngine(), FakeInstaller()
    data("build", "main", on=on, makes=makes)
    assert (set(on.images), len(makes.asked)) == ({f"{NAMES['main']}:latest"}, 1)


def test_without_loading_no_engine_is_asked() -> None:
    dead = FakeEngine(fails=Unreachable("no engine", phase=Phase.CONNECT))
    found = data("build", "--no-load", on=dead)
    assert [one["loaded"] for one in found["images"]] == [None] * 3
    assert [one["loaded"] for one in data("list", on=dead)["images"]] == [None] * 3
    assert image("build", on=dead).exit_code == 3


def test_list_says_what_is_built_how_large_it_is_and_whether_the_engine_has_it() -> None:
    assert "Nothing is built" in image("list").stdout
    on = FakeEngine()
    data("build", "--no-load")
    data("build", "main", on=on)
    shown = image("list", on=on).stdout
    assert "main  regops/docker-registry:latest  in the engine" in shown
    assert "dev   regops/docker-registry-dev:latest  not in the engine" in shown
    assert "2 layers, 8 packages" in shown
    assert "packages of 2026-09-21, installed 2026-11-23 09:12 UTC (package mirror)" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_list_finds_an_image_that_the_engine_has_under_another_name() -> None:
    on = FakeEngine()
    data("build", "main", on=on)
    on.images = {"regops/docker-registry:lab": on.images["regops/docker-registry:latest"]}
    shown = image("list", on=on).stdout
    assert "main  regops/docker-registry:latest  in the engine as regops/docker-registry:lab\n" in shown
    (main,) = [one for one in data("list", on=on)["images"] if one["name"] == "main"]
    assert (main["loaded"], main["tags"]) == (True, ["regops/docker-registry:lab"])


def test_what_mmdebstrap_lacks_is_told_with_what_to_do() -> None:
    makes = FakeInstaller(fails=PermissionDenied("mmdebstrap needs root, or user namespaces", hint="run this as root"))
    result = image("build", makes=makes)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "error: mmdebstrap needs root, or user namespaces\nhint: run this as root\n" in result.stderr


def test_a_base_is_installed_upon_in_a_container_of_it() -> None:
    on, makes = FakeEngine(), FakeInstaller()
    result = image("build", "--base", "debian:bookworm-slim", on=on, makes=makes)
    assert [call[:2] for call in on.calls[:2]] == [("pull", "debian:bookworm-slim"), ("run", "debian:bookworm-slim")]
    assert "installing packages in a container of debian:bookworm-slim ended" in result.stderr
    assert makes.asked == []


@pytest.mark.parametrize(
    "wrong",
    [
        ("--snapshot", "20261101"),
        ("--snapshot", "20261101T000000Z", "--base", "x"),
        ("--snapshot", "20261101T000000Z", "--source", "deb x y main"),
        ("main", "--lock", "none.json"),
        ("other",),
    ],
)
def test_wishes_that_do_not_fit_are_usage_errors(
    wrong: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert image("build", *wrong).exit_code == 2


@pytest.mark.parametrize("epoch", ["yesterday", "-1", "1.5", "٣"])
def test_a_source_date_epoch_that_is_none_is_a_usage_error(epoch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    assert image("build").exit_code == 2


def test_a_snapshot_and_sources_become_apts_lines() -> None:
    makes = FakeInstaller()
    found = data("build", "--no-load", "--snapshot", "20261101T000000Z", makes=makes)
    assert found["images"][0]["origin"] == "snapshot 20261101T000000Z"
    assert makes.asked[0].sources[0].endswith("/debian/20261101T000000Z/ bookworm main")
    line = "deb http://mirror.example/debian bookworm main"
    data("build", "--no-load", "--source", line, makes=makes)
    assert makes.asked[-1].sources == (line,)


def test_versions_are_recorded_once_and_demanded_from_then_on(tmp_path: Path) -> None:
    lock, makes = tmp_path / "versions.json", FakeInstaller()
    services = FakeServices(fake_installer=makes)
    CliRunner().invoke(app, ["image", "build", "--no-load", "--lock", str(lock)], obj=services)
    text = services.written[lock]
    assert json.loads(text)["packages"]["redis-server"] == "1"
    lock.write_text(text)
    assert data("build", "--no-load", "--lock", str(lock), makes=makes)["installed"] == []
    makes.versions["redis-server"] = "2"
    result = image("build", "--no-load", "--rebuild", "--lock", str(lock), makes=makes)
    assert result.exit_code == 1
    assert "redis-server 2 instead of 1" in result.stderr


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 2, "suite": "bookworm", "packages": {}}', "\x00"])
def test_a_record_that_is_none_is_a_usage_error(text: str, tmp_path: Path) -> None:
    lock = tmp_path / "versions.json"
    lock.write_text(text)
    assert image("build", "--lock", str(lock)).exit_code == 2


def test_save_writes_both_tarballs_which_load_as_the_images_they_are_of(tmp_path: Path) -> None:
    data("build", "--no-load")
    saved = data("save", "--to", str(tmp_path))["tarballs"]
    assert [Path(one["path"]).name for one in saved] == ["docker-registry.tar.gz", "docker-registry-dev.tar.gz"]
    for one in saved:
        content = Path(one["path"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (one["size_bytes"], one["sha256"])
        engine = FakeEngine()
        list(engine.load(iter([gzip.decompress(content)])))
        assert engine.images == {f"{NAMES[one['name']]}:latest": one["image"]}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docker-registry-dev.tar.gz", "docker-registry.tar.gz"]
    assert data("save", "--to", str(tmp_path))["tarballs"] == saved


def test_save_shows_where_and_the_checksum(tmp_path: Path) -> None:
    data("build", "--no-load")
    shown = image("save", "main", "--to", str(tmp_path)).stdout
    digest = hashlib.sha256((tmp_path / "docker-registry.tar.gz").read_bytes()).hexdigest()
    assert f"sha256:{digest}\n" in shown


def test_what_is_not_built_cannot_be_saved_pushed_or_listed(tmp_path: Path) -> None:
    for command in (("save", "--to", str(tmp_path)), ("push", "main", "a.example/b:1"), ("sbom", "main")):
        result = image(*command)
        assert (result.exit_code, result.stdout) == (3, "")
        assert "hint: regops image build main" in result.stderr


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    data("build", "--no-load")
    result = image("save", "--to", str(tmp_path / "none"))
    assert result.exit_code == 3
    assert "mkdir -p" in result.stderr


@pytest.mark.parametrize("failing", ["fsync", "full"])
def test_a_tarball_that_does_not_get_to_the_disk_leaves_nothing(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data("build", "--no-load")
    (tmp_path / "docker-registry.tar.gz").write_text("of before")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if failing == "full":
        monkeypatch.setattr(saving, "_SHARE", 1e15)
    else:
        monkeypatch.setattr(os, "fsync", full)
    result = image("save", "main", "--to", str(tmp_path))
    assert result.exit_code == 1
    assert ("No space left" if failing == "fsync" else "B free, and a tarball may need") in result.stderr
    assert [path.read_text() for path in tmp_path.iterdir()] == ["of before"]


def test_push_loads_what_the_engine_lacks_and_gives_it_a_second_name() -> None:
    on = FakeEngine()
    data("build", "--no-load")
    found = data("push", "main", "registry.example:5000/mirror/docker-registry:1", on=on)
    assert [call[:2] for call in on.calls] == [
        ("load", "regops/docker-registry:latest"),
        ("push", "regops/docker-registry:latest"),
    ]
    assert found == {
        "name": "main",
        "reference": "registry.example:5000/mirror/docker-registry:1",
        "digest": on.pushed_digest,
    }
    on.pushed_digest = ""
    result = image("push", "main", "registry.example:5000/a:1", on=on)
    assert result.exit_code == 1
    assert "without saying what the registry took" in result.stderr


@pytest.mark.parametrize("reference", ["", "main", "a b/c", "registry/UPPER:1", "http://registry/x", "r/x:\x1b"])
def test_a_place_that_is_none_is_a_usage_error(reference: str) -> None:
    assert image("push", "main", reference).exit_code == 2


def test_sbom_lists_the_packages_of_an_image() -> None:
    data("build", "--no-load")
    found = json.loads(image("sbom", "dev").stdout)
    assert "redis-server" in {one["name"] for one in found["components"]}
    assert found["metadata"]["component"]["name"] == "regops/docker-registry-dev:latest"
    assert "redis-server" not in image("sbom", "main").stdout


def test_a_tarball_holds_no_name_of_who_made_it(tmp_path: Path) -> None:
    data("build", "--no-load")
    data("save", "main", "--to", str(tmp_path))
    with tarfile.open(tmp_path / "docker-registry.tar.gz") as archive:
        assert {(one.uid, one.gid, one.uname, one.gname) for one in archive} == {(0, 0, "", "")}


def test_every_image_has_a_recipe_with_its_own_name() -> None:
    assert {str(name): registry_recipe(name).repository for name in ImageName} == NAMES
