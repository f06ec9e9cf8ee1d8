"""The recipes of the lab's images as build contexts."""

import io
import tarfile
from pathlib import Path

import pytest

from regops.lab.recipe import DEV, MAIN, SWIFT, Recipe, build_context, fingerprint, recipe_context


def members(context: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(context)) as archive:
        return {member.name: member for member in archive}


def folder(path: Path, **files: str) -> Path:
    path.mkdir()
    for name, text in files.items():
        (path / name).write_text(text)
    return path


def test_a_context_is_the_same_for_the_same_contents_whatever_the_file_system_says(tmp_path: Path) -> None:
    one = folder(tmp_path / "one", Dockerfile="FROM x", b="1", a="2")
    two = folder(tmp_path / "two", a="2", b="1", Dockerfile="FROM x")
    (two / "a").chmod(0o600)
    (two / "__pycache__").mkdir()
    (two / "__pycache__" / "a.pyc").write_text("compiled")
    assert build_context(one) == build_context(two)


def test_scripts_are_executable_and_nothing_else_is(tmp_path: Path) -> None:
    found = members(build_context(folder(tmp_path / "one", script="#!/bin/sh\n", text="no script")))
    assert {name: member.mode for name, member in found.items()} == {"script": 0o755, "text": 0o644}


def test_another_content_name_or_parent_is_another_fingerprint(tmp_path: Path) -> None:
    contexts = [
        build_context(folder(tmp_path / "one", a="1")),
        build_context(folder(tmp_path / "two", a="2")),
        build_context(folder(tmp_path / "three", b="1")),
    ]
    prints = {fingerprint(context, parent) for context in contexts for parent in ("", "sha256:1", "sha256:2")}
    assert len(prints) == 9


@pytest.mark.parametrize("recipe", [MAIN, DEV, SWIFT], ids=lambda recipe: recipe.folder)
def test_every_recipe_is_there_and_begins_on_the_base_it_is_given(recipe: Recipe) -> None:
    context = recipe_context(recipe)
    assert "Dockerfile" in members(context)
    with tarfile.open(fileobj=io.BytesIO(context)) as archive:
        dockerfile = archive.extractfile("Dockerfile")
        assert dockerfile is not None
        assert "ARG BASE\nFROM ${BASE}\n" in dockerfile.read().decode()


def test_only_the_development_image_has_a_redis() -> None:
    redis = "rootfs/etc/supervisor/conf.d/redis.conf"
    assert redis not in members(recipe_context(MAIN))
    assert redis in members(recipe_context(DEV))
