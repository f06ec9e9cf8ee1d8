"""Paths below a directory: by the kernel's openat2 and by the walk for kernels without, with the same outcome."""

import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from attack_container import open_descriptors
from regops.adapters.container import beneath, plain_files
from regops.adapters.container.files import LocalFiles
from regops.errors import NotFound
from regops.model.container_file import FileKind

Open = Callable[[int, str, int], int]


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """A tree with a log, beside a secret with the same path outside of it."""
    tree = tmp_path / "tree"
    (tree / "var/log/nginx").mkdir(parents=True)
    (tree / "etc").mkdir()
    (tree / "etc/shadow").write_text("the tree's own\n")
    (tree / "var/log/nginx/error.log").write_text("a line\n")
    (tmp_path / "secret").write_text("canary\n")
    return tree


@pytest.fixture
def root(inside: Path) -> Iterator[int]:
    fd = os.open(inside, os.O_PATH | os.O_DIRECTORY)
    yield fd
    os.close(fd)


@pytest.fixture(params=["openat2", "walk"])
def by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "walk":
        monkeypatch.setattr(beneath, "open_beneath", beneath.walk)
    return str(request.param)


def content(root: int, path: str) -> str:
    fd, facts = plain_files.open_file(root, path)
    assert facts.problem == ""
    with os.fdopen(fd) as file:
        return file.read()


def test_a_plain_file_is_read(root: int, by: str) -> None:
    assert content(root, "/var/log/nginx/error.log") == "a line\n"


# A01-A04, A11: absolute, relative and directory links out, and the same path on both sides.
@pytest.mark.parametrize(
    "target", ["{outside}", "../../../../secret", "../../../../../../../../{outside}", "/../secret"]
)
def test_a_link_out_leads_nowhere(root: int, by: str, inside: Path, target: str) -> None:
    (inside / "var/log/nginx/x.log").symlink_to(target.format(outside=inside.parent / "secret"))
    assert plain_files.look(root, "/var/log/nginx/x.log").kind is FileKind.LINK
    fd, facts = plain_files.open_file(root, "/var/log/nginx/x.log")
    assert fd == -1
    assert "leads to nothing" in facts.problem


def test_a_directory_link_out_leads_nowhere(root: int, by: str, inside: Path) -> None:
    (inside / "var/log/out").symlink_to(inside.parent)
    with pytest.raises(FileNotFoundError):
        plain_files.open_file(root, "/var/log/out/secret")


def test_a_path_with_dots_stays_inside(root: int, by: str) -> None:
    with pytest.raises(FileNotFoundError):
        plain_files.open_file(root, "/../../secret")
    assert content(root, "/../../etc/shadow") == "the tree's own\n"


def test_an_absolute_link_to_a_path_on_both_sides_gives_the_inner_one(root: int, by: str, inside: Path) -> None:
    (inside / "var/log/nginx/x.log").symlink_to("/etc/shadow")
    assert content(root, "/var/log/nginx/x.log") == "the tree's own\n"


# A08, A09: honest links are read.
@pytest.mark.parametrize("target", ["/var/log/nginx/error.log", "error.log", "../nginx/./error.log", "/link/error.log"])
def test_an_honest_link_is_followed(root: int, by: str, inside: Path, target: str) -> None:
    (inside / "link").symlink_to("/var/log/nginx")
    (inside / "var/log/nginx/x.log").symlink_to(target)
    assert content(root, "/var/log/nginx/x.log") == "a line\n"
    assert plain_files.look(root, "/var/log/nginx/x.log").link_target == target


# A05-A07, A10, A12, A15: procfs counts as no file system for files, and its magic links are not followed.
@pytest.mark.root
@pytest.mark.parametrize(
    "name", ["self/environ", "1/environ", "self/root/etc/hostname", "1/root/etc/hostname", "self/fd/0"]
)
def test_nothing_is_read_from_procfs(by: str, name: str) -> None:
    host = os.open("/", os.O_PATH | os.O_DIRECTORY)
    try:
        fd, facts = plain_files.open_file(host, f"/proc/{name}")
    except OSError:
        return
    finally:
        os.close(host)
    assert (fd, bool(facts.problem)) == (-1, True)


def test_a_circle_of_links_is_named(root: int, by: str, inside: Path) -> None:
    (inside / "a").symlink_to("b")
    (inside / "b").symlink_to("a")
    assert "circle" in plain_files.look(root, "/a").problem


@pytest.mark.parametrize("target", sorted(plain_files.OUTPUT_LINKS))
def test_a_link_to_the_programs_output_is_told_apart(root: int, by: str, inside: Path, target: str) -> None:
    (inside / "access.log").symlink_to(target)
    fd, facts = plain_files.open_file(root, "/access.log")
    assert (fd, facts.kind, facts.link_target) == (-1, FileKind.OUTPUT, target)


# B02b: a FIFO's writer would go on if it were opened, even without blocking.
def test_a_fifo_is_not_opened(root: int, by: str, inside: Path) -> None:
    os.mkfifo(inside / "fifo.log")
    opened = threading.Event()

    def write() -> None:
        with (inside / "fifo.log").open("wb"):
            opened.set()

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    fd, facts = plain_files.open_file(root, "/fifo.log")
    assert (fd, facts.kind) == (-1, FileKind.FIFO)
    assert not opened.is_set()
    os.close(os.open(inside / "fifo.log", os.O_RDONLY))
    writer.join(5)
    assert opened.is_set()


def test_directories_and_sockets_are_named(root: int, by: str, inside: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        directory = os.open(inside, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{directory}/s.log")
        os.close(directory)
        assert plain_files.open_file(root, "/s.log")[1].problem == "it is a socket, not a regular file"
    assert plain_files.open_file(root, "/etc")[1].problem == "it is a directory, not a regular file"


@pytest.mark.root
@pytest.mark.parametrize(("mode", "device"), [(stat.S_IFCHR, (1, 5)), (stat.S_IFBLK, (7, 0)), (stat.S_IFCHR, (5, 0))])
def test_devices_are_named_and_not_opened(root: int, by: str, inside: Path, mode: int, device: tuple[int, int]) -> None:
    os.mknod(inside / "d.log", mode | 0o666, os.makedev(*device))
    fd, facts = plain_files.open_file(root, "/d.log")
    assert (fd, facts.problem) == (-1, "it is a device, not a regular file")


def test_names_are_those_of_the_directory_inside(root: int, by: str, inside: Path) -> None:
    (inside / "logs").symlink_to("/var/log/nginx")
    assert plain_files.names(root, "/logs", 10).names == ("error.log",)
    (inside / "out").symlink_to(inside.parent)
    with pytest.raises(FileNotFoundError):
        plain_files.names(root, "/out", 10)


def test_names_are_limited(root: int, by: str, inside: Path) -> None:
    for number in range(20):
        (inside / f"etc/{number}").touch()
    listing = plain_files.names(root, "/etc", 10)
    assert (len(listing.names), listing.more) == (10, True)


def test_a_file_that_is_no_directory_ends_a_path(root: int, by: str) -> None:
    for path in ("/etc/shadow/x", "/etc/shadow/.."):
        with pytest.raises(NotADirectoryError):
            plain_files.open_file(root, path)


def test_descriptors_are_closed_whatever_happens(root: int, by: str, inside: Path) -> None:
    (inside / "a").symlink_to("b")
    (inside / "b").symlink_to("a")
    before = open_descriptors()
    for path in ("/a", "/none/x", "/etc", "/var/log/nginx/error.log/x", "/../../../etc"):
        for function in (plain_files.look, plain_files.open_file):
            try:
                function(root, path)
            except OSError:
                continue
    assert open_descriptors() <= before


# A16: a container that swaps a file for a link as fast as it can.
def test_a_race_between_a_file_and_a_link_out_leaks_nothing(root: int, by: str, inside: Path) -> None:
    logs = inside / "var/log/nginx"
    (logs / "link").symlink_to(inside.parent / "secret")
    (logs / "inner").symlink_to("/etc/shadow")
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            for name in ("link", "inner"):
                (logs / "error.log").rename(logs / "kept")
                (logs / name).rename(logs / "error.log")
                (logs / "error.log").rename(logs / name)
                (logs / "kept").rename(logs / "error.log")

    thread = threading.Thread(target=swap)
    thread.start()
    found: set[str] = set()
    looks, ends = 0, time.monotonic() + 30
    try:
        # How often the file is caught while it is one is up to the scheduler: until once at least.
        while looks < 300 or (not found and time.monotonic() < ends):
            looks += 1
            try:
                fd, _facts = plain_files.open_file(root, "/var/log/nginx/error.log")
            except OSError:
                continue
            if fd >= 0:
                with os.fdopen(fd) as file:
                    found.add(file.read())
    finally:
        done.set()
        thread.join()
    assert found <= {"a line\n", "the tree's own\n"}
    assert found


def test_no_file_has_a_name_with_a_zero_byte(root: int, inside: Path) -> None:
    with LocalFiles("tree", root, -1) as files:
        assert files.look("/etc/shadow").size_bytes
        for ask in (files.look, files.open, partial(files.names, limit=1), files.watch):
            with pytest.raises(NotFound, match="no file has such a name"):
                ask("/etc/shadow\0x")
        assert files.generation == 1
