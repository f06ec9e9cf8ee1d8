"""The maker of a base image, with programs of a few lines in mmdebstrap's place."""

import os
from pathlib import Path

import pytest

from quiet_progress import QuietProgress
from regops.adapters import mmdebstrap
from regops.adapters.mmdebstrap import Mmdebstrap, child_environment
from regops.errors import Failed, PermissionDenied


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is first on PATH, with the shell beside it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def program(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_what_it_writes_is_given_as_a_file_and_what_it_says_is_shown(programs: Path) -> None:
    program(programs, "mmdebstrap", r'printf "5%%\r10%%\rUnpacking\nI: done\n" >&2; echo "a tar of $*"')
    progress = QuietProgress()
    with Mmdebstrap().root_file_system(progress) as tarball:
        written = tarball.read().decode()
    assert progress.details == ["Unpacking", "I: done"]
    assert written.startswith("a tar of --variant=minbase --format=tar --dpkgopt=path-exclude=/usr/share/doc/*")
    assert written.endswith(" bookworm -\n")


def test_a_failure_ends_with_its_status_and_last_lines(programs: Path) -> None:
    program(programs, "mmdebstrap", "for n in $(seq 100); do echo line $n >&2; done; exit 7")
    with pytest.raises(Failed) as caught, Mmdebstrap().root_file_system(QuietProgress()):
        pass
    assert caught.value.message.startswith("mmdebstrap ended with status 7; its last lines:\nline 86\n")
    assert caught.value.message.endswith("line 100")
    assert "apt-get update" in caught.value.hint


def test_one_that_does_not_end_is_ended_with_all_it_started(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mmdebstrap, "_DEADLINE_SECONDS", 0.2)
    program(programs, "mmdebstrap", "echo working >&2; sleep 600 & wait")
    ended = pytest.raises(Failed, match=r"mmdebstrap was ended after 0\.2 s")
    with ended, Mmdebstrap().root_file_system(QuietProgress()):
        pass


def test_an_interruption_ends_it(programs: Path, tmp_path: Path) -> None:
    class Interrupted(QuietProgress):
        def detail(self, text: str) -> None:
            raise KeyboardInterrupt

    program(programs, "mmdebstrap", f"trap 'echo ended > {tmp_path}/mark; exit 1' TERM; echo go >&2; sleep 600 & wait")
    with pytest.raises(KeyboardInterrupt), Mmdebstrap().root_file_system(Interrupted()):
        pass
    assert (tmp_path / "mark").read_text() == "ended\n"


def test_it_is_installed_where_apt_and_root_allow(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    made = f"printf '#!/bin/sh\\n' > {programs}/mmdebstrap; /bin/chmod +x {programs}/mmdebstrap"
    program(programs, "apt-get", f'echo "$@" >&2; [ "$1" = update ] || {{ {made}; }}')
    progress = QuietProgress()
    with Mmdebstrap().root_file_system(progress):
        pass
    assert progress.steps == ["Installing mmdebstrap with apt-get"]
    assert progress.details == ["update", "install --yes --no-install-recommends mmdebstrap debian-archive-keyring"]


@pytest.mark.parametrize(("apt", "user"), [(True, 1000), (False, 0)])
def test_without_root_or_apt_it_says_what_to_install(
    programs: Path, monkeypatch: pytest.MonkeyPatch, apt: bool, user: int
) -> None:
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(os, "geteuid", lambda: user)
    if apt:
        program(programs, "apt-get", "exit 1")
    with pytest.raises(PermissionDenied) as caught, Mmdebstrap().root_file_system(QuietProgress()):
        pass
    assert "mmdebstrap" in caught.value.message
    assert "apt-get install mmdebstrap" in caught.value.hint


def test_no_secret_of_the_environment_reaches_it() -> None:
    given = {
        "PATH": "/usr/bin:/bin",
        "HOME": "/root",
        "http_proxy": "http://proxy:3128",
        "OS_PASSWORD": "canary",
        "REGOPS_TOKEN": "canary",
        "AWS_SECRET_ACCESS_KEY": "canary",
    }
    found = child_environment(given)
    assert "canary" not in found.values()
    assert (found["http_proxy"], found["PATH"]) == ("http://proxy:3128", "/usr/bin:/bin:/usr/sbin:/sbin")
