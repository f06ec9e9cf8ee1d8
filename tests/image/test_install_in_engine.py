"""Packages installed in a container of an image, where mmdebstrap cannot work."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fake_engine import FakeEngine
from fake_installer import root_tar
from quiet_progress import QuietProgress
from regops.errors import Failed
from regops.image.in_engine import DEBIAN, EngineInstaller
from regops.model.installation import Installation

NGINX = Installation("bookworm", ("nginx", "openssl"), setup="useradd x\n", versions={"nginx": "1.22"})


class Ending(FakeEngine):
    """An engine whose containers say something and end."""

    def __init__(self, status: int = 0, **more: Any) -> None:
        super().__init__(**more)
        self.status = status
        self.exported = root_tar({"usr/bin/nginx": "n"})

    def logs(self, name: str, **_: Any) -> Iterator[bytes]:
        yield b"Unpacking ngi"
        yield b"nx\nSetting up nginx\n"
        self.documents[-1]["State"].update(Status="exited", Running=False, ExitCode=self.status)  # type: ignore[index]


def test_a_container_of_the_image_installs_and_its_file_system_is_given() -> None:
    engine, progress = Ending(), QuietProgress()
    with EngineInstaller(engine, DEBIAN).install(NGINX, progress) as tarball:
        assert tarball.read() == engine.exported
    pulled, run, exported, removed = engine.calls
    assert (pulled, run[1]) == (("pull", DEBIAN), DEBIAN)
    assert run[2]["environment"] == {
        "PACKAGES": "nginx openssl",
        "SETUP": "useradd x\n",
        "SOURCES": "",
        "PREFERENCES": "Package: nginx\nPin: version 1.22\nPin-Priority: 1001\n",
    }
    assert (exported[0], removed) == ("export", ("remove", exported[1]))
    assert progress.details == ["Unpacking nginx", "Setting up nginx"]
    assert engine.documents == []


def test_an_image_that_is_here_is_not_pulled() -> None:
    engine = Ending(images={DEBIAN: "sha256:x"})
    with EngineInstaller(engine, DEBIAN).install(NGINX, QuietProgress()):
        pass
    assert "pull" not in {call[0] for call in engine.calls}


def test_what_is_below_becomes_an_image_for_as_long_as_it_is_needed(tmp_path: Path) -> None:
    below = tmp_path / "base.tar"
    below.write_bytes(root_tar({"etc/passwd": ""}))
    engine = Ending()
    with EngineInstaller(engine, DEBIAN).install(
        Installation("bookworm", ("redis-server",), below=str(below)), QuietProgress()
    ):
        pass
    assert [call[0] for call in engine.calls] == ["import_image", "run", "export", "remove", "remove_image"]
    assert engine.calls[1][1] == engine.calls[0][1] == engine.calls[4][1]
    assert engine.images == {}


def test_a_failure_is_told_with_its_last_lines_and_leaves_no_container() -> None:
    engine = Ending(status=100)
    with pytest.raises(Failed) as caught, EngineInstaller(engine, DEBIAN).install(NGINX, QuietProgress()):
        pass
    assert caught.value.message == (
        f"installing packages in a container of {DEBIAN} ended with status 100; its last lines:\n"
        "Unpacking nginx\nSetting up nginx"
    )
    assert engine.documents == []
