"""The maker of root file systems, with programs of a few lines in mmdebstrap's place."""

import getpass
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from quiet_progress import QuietProgress
from regops.adapters import mmdebstrap
from regops.adapters.mmdebstrap import Mmdebstrap, child_environment
from regops.errors import Failed, PermissionDenied
from regops.model.installation import Installation

NGINX = Installation("bookworm", ("nginx", "openssl"))


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
    with Mmdebstrap().install(NGINX, progress) as tarball:
        written = tarball.read().decode()
    assert progress.details == ["Unpacking", "I: done"]
    assert written.startswith("a tar of --variant=essential --format=tar --include=nginx,openssl --aptopt=")
    assert written.endswith(" bookworm -\n")


def test_what_is_below_is_unpacked_first_and_what_is_wished_for_becomes_options(programs: Path, tmp_path: Path) -> None:
    """The files that its options name are there while it runs."""
    program(
        programs,
        "mmdebstrap",
        r"""printf '%s\n' "$@"
for word in "$@"; do case "$word" in *upload*) set -- $word; cat "$2";; esac; done""",
    )
    wanted = Installation(
        "bookworm",
        ("redis-server",),
        setup="useradd x\n",
        below=f"{tmp_path}/a folder/base.tar",
        sources=("deb http://mirror.example bookworm main",),
        versions={"redis-server": "5:7.0.15-1"},
    )
    with Mmdebstrap().install(wanted, QuietProgress()) as tarball:
        lines = tarball.read().decode().splitlines()
    assert lines[0] == "--variant=custom"
    assert f"--setup-hook=tar-in '{tmp_path}/a folder/base.tar' /" in lines
    assert '--aptopt=Acquire::Check-Valid-Until "false"' in lines
    assert '--customize-hook=chroot "$1" sh -eu /tmp/setup.sh' in lines
    place = lines.index("bookworm")
    assert lines[place : place + 3] == ["bookworm", "-", "deb http://mirror.example bookworm main"]
    assert lines[place + 3 :] == [
        "Package: redis-server", "Pin: version 5:7.0.15-1", "Pin-Priority: 1001", "useradd x",
    ]  # fmt: skip


def test_a_failure_ends_with_its_status_and_last_lines(programs: Path) -> None:
    program(programs, "mmdebstrap", "for n in $(seq 100); do echo line $n >&2; done; exit 7")
    with pytest.raises(Failed) as caught, Mmdebstrap().install(NGINX, QuietProgress()):
        pass
    assert caught.value.message.startswith("mmdebstrap ended with status 7; its last lines:\nline 86\n")
    assert caught.value.message.endswith("line 100")
    assert "apt-get update" in caught.value.hint


def test_one_that_does_not_end_is_ended_with_all_it_started(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mmdebstrap, "_DEADLINE_SECONDS", 0.2)
    program(programs, "mmdebstrap", "echo working >&2; sleep 600 & wait")
    ended = pytest.raises(Failed, match=r"mmdebstrap was ended after 0\.2 s")
    with ended, Mmdebstrap().install(NGINX, QuietProgress()):
        pass


def test_an_interruption_ends_it(programs: Path, tmp_path: Path) -> None:
    class Interrupted(QuietProgress):
        def detail(self, text: str) -> None:
            raise KeyboardInterrupt

    program(programs, "mmdebstrap", f"trap 'echo ended > {tmp_path}/mark; exit 1' TERM; echo go >&2; sleep 600 & wait")
    with pytest.raises(KeyboardInterrupt), Mmdebstrap().install(NGINX, Interrupted()):
        pass
    assert (tmp_path / "mark").read_text() == "ended\n"


def test_it_is_installed_where_apt_and_root_allow(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    made = f"printf '#!/bin/sh\\n' > {programs}/mmdebstrap; /bin/chmod +x {programs}/mmdebstrap"
    program(programs, "apt-get", f'echo "$@" >&2; [ "$1" = update ] || {{ {made}; }}')
    progress = QuietProgress()

    def install() -> None:
        with Mmdebstrap().install(NGINX, progress):
            pass

    with ThreadPoolExecutor(2) as pool:  # as images are built
        for done in [pool.submit(install) for _ in range(2)]:
            done.result()
    assert progress.steps == ["Installing mmdebstrap with apt-get"]
    options = "-o DPkg::Lock::Timeout=300 install --yes --no-install-recommends"
    assert progress.details == ["update", f"{options} mmdebstrap debian-archive-keyring"]


@pytest.mark.parametrize(("apt", "user"), [(True, 1000), (False, 0)])
def test_without_root_or_apt_it_says_what_to_install(
    programs: Path, monkeypatch: pytest.MonkeyPatch, apt: bool, user: int
) -> None:
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(os, "geteuid", lambda: user)
    if apt:
        program(programs, "apt-get", "exit 1")
    with pytest.raises(PermissionDenied) as caught, Mmdebstrap().install(NGINX, QuietProgress()):
        pass
    assert "mmdebstrap" in caught.value.message
    assert "apt-get install mmdebstrap" in caught.value.hint
    assert "--base debian:bookworm-slim" in caught.value.hint


@pytest.mark.parametrize(
    ("line", "mapped"), [("root:100000:65536", True), ("0:100000:65536", True), ("other:1:1", False), (None, False)]
)
def test_without_root_it_needs_user_namespaces(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str | None, mapped: bool
) -> None:
    ids = tmp_path / "subuid"
    if line is not None:
        ids.write_text(f"{line}\n")
    monkeypatch.setattr(mmdebstrap, "_SUBORDINATE", (ids, ids))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(getpass, "getuser", lambda: "root")
    program(programs, "mmdebstrap", "exit 1")
    program(programs, "newuidmap", "exit 1")
    assert ("user namespaces" in Mmdebstrap().obstacle()) is not mapped


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
