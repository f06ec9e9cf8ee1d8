"""`regops bootstrap` against a real Swift: what is listed, and what is a file afterwards."""

import hashlib
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bent_download import names_in
from bent_swift import Bend, answer, bent_swift, cut_after, drip_after, flip_byte, pass_on, pass_whole, stall_after
from fault_server import FaultServer, Peer
from regops.main import app
from regops.wiring import SystemClock
from swift_server import SwiftServer, wait_until

pytestmark = pytest.mark.swift
CONTAINER = "docker-registry.bootstrap"
IMAGE = random.Random(1).randbytes(3_000_000)


@pytest.fixture(autouse=True)
def credentials(swift: SwiftServer, monkeypatch: pytest.MonkeyPatch) -> None:
    # Longer than any test looks at a stall, and than a busy machine's Swift takes: another try is counted.
    for name, value in {**swift.environ, "REGOPS_TIMEOUT": "300"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module", autouse=True)
def stored(swift: SwiftServer) -> None:
    """Put one object of each kind into the container that regops looks into by itself."""
    swift.put(CONTAINER, "main.tar.gz", IMAGE)
    swift.put(CONTAINER, "2026/old.tar.gz", b"an older one")
    for index in range(3):
        swift.put("segments", f"big/{index}", IMAGE[index * 1_000_000 : (index + 1) * 1_000_000])
    swift.put_slo(CONTAINER, "big.tar", [{"path": f"segments/big/{index}"} for index in range(3)])
    swift.put(CONTAINER, "dynamic.tar", b"", {"X-Object-Manifest": "segments/big/"})


def regops(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["bootstrap", *arguments])


def document(*arguments: str) -> dict[str, Any]:
    return dict(json.loads(regops(*arguments, "-o", "json").stdout))


def download(*arguments: str, to: Path) -> Result:
    return regops("download", *arguments, "--to", str(to))


@contextmanager
def bent(swift: SwiftServer, name: str, bend: Bend, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    with bent_swift(swift.auth_url, f"/{CONTAINER}/{name}", bend) as proxy:
        monkeypatch.setenv("ST_AUTH", f"{proxy.url}/auth/v1.0")
        yield


def test_the_list_says_what_each_is_how_large_and_what_vouches_for_it() -> None:
    answer = document("list")
    found = {one.pop("name"): one for one in answer["data"]["objects"]}
    sizes = {name: (one["kind"], one["size_bytes"], one["etag"]) for name, one in found.items()}
    segments = "".join(hashlib.md5(IMAGE[at : at + 1_000_000]).hexdigest() for at in range(0, 3_000_000, 1_000_000))
    assert sizes == {
        "2026/old.tar.gz": ("plain", 12, hashlib.md5(b"an older one").hexdigest()),
        "big.tar": ("slo", 3_000_000, hashlib.md5(segments.encode()).hexdigest()),
        "dynamic.tar": ("dlo", 3_000_000, None),
        "main.tar.gz": ("plain", 3_000_000, hashlib.md5(IMAGE).hexdigest()),
    }
    assert answer["target"]["swift_container"] == CONTAINER
    assert answer["exit_code"] == 0


def test_the_table_has_a_line_for_each() -> None:
    result = regops("list")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Swift container {CONTAINER}: 4 objects, 9.0 MB\n")
    assert "main.tar.gz" in result.stdout
    assert all(len(line) <= 80 for line in result.stdout.splitlines())


def test_tags_that_an_upload_noted_are_shown(swift: SwiftServer) -> None:
    noted = {"X-Object-Meta-Regops-Image-Tags": "registry.example:5000/main:1,caf%C3%A9:2%2C3,%1B[31m:4"}
    swift.put("tagged", "main.tar.gz", b"1", noted)
    (one,) = document("list", "-c", "tagged")["data"]["objects"]
    assert one["image_tags"] == ["registry.example:5000/main:1", "café:2,3", "\x1b[31m:4"]
    shown = regops("list", "-c", "tagged").stdout
    assert "\nmain.tar.gz brings registry.example:5000/main:1, café:2,3, " in shown
    assert "\x1b" not in shown
    assert "registry.example" not in regops("list", "-c", "tagged", "--no-tags").stdout


def test_an_object_that_cannot_be_looked_at_keeps_no_other_from_it(
    swift: SwiftServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(12):  # more than are looked at at a time
        swift.put("looked-at", f"{index:02}.tar", b"1", {"X-Object-Meta-Regops-Image-Tags": "registry:1"})
    with bent_swift(swift.auth_url, "/looked-at/00.tar", answer(503), method="HEAD") as proxy:
        monkeypatch.setenv("ST_AUTH", f"{proxy.url}/auth/v1.0")
        objects = document("list", "-c", "looked-at")["data"]["objects"]
    assert [one["name"] for one in objects if not one["image_tags"]] == ["00.tar"]
    assert len(objects) == 12


def test_names_cannot_steer_the_terminal(swift: SwiftServer) -> None:
    swift.put("hostile", "\x1b]52;c;cm0gLXJm\x07[bold]x", b"1")
    result = regops("list", "--container", "hostile")
    assert "\\x1b]52;c;cm0gLXJm\\x07[bold]x" in result.stdout
    assert "\x1b" not in result.stdout


def test_all_pages_are_listed(swift: SwiftServer) -> None:
    from regops.adapters.swift.store import SwiftStore
    from regops.collectors.bootstrap.listing import collect_tarballs

    names = sorted(f"objekt {index} ü" for index in range(12))
    for name in names:
        swift.put("many", name, b"")
    store = SwiftStore.from_environment(os.environ, timeout_seconds=30)
    for page_size in (1, 5, 12, None):
        found = collect_tarballs(store, "many", SystemClock(), timeout_seconds=30, page_size=page_size)
        assert [one.name for one in found.objects] == names


def test_an_interrupt_does_not_wait_for_the_closer_looks(swift: SwiftServer, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = Event()

    def script(peer: Peer) -> None:
        if peer.path.startswith("/auth"):
            peer.reply(200, "", {"X-Storage-Url": f"{peer.server.url}/v1/AUTH_x", "X-Auth-Token": "t"})
        elif peer.head.startswith(b"HEAD "):
            looked.set()
            peer.wait_for_hang_up()
        else:
            objects = [{"name": f"{index}.tar", "bytes": 1, "hash": "x"} for index in range(20)]
            peer.reply(200, "[]" if "marker" in peer.path else json.dumps(objects))

    with FaultServer(script) as server:
        monkeypatch.setenv("ST_AUTH", f"{server.url}/auth/v1.0")
        command = [sys.executable, "-m", "regops", "bootstrap", "list", "--timeout", "300"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            try:
                assert looked.wait(30)
                process.send_signal(signal.SIGINT)
                assert process.communicate(timeout=20)[0] == b""
            finally:
                process.kill()
    assert process.returncode == 130


def test_an_empty_container_is_good_news(swift: SwiftServer) -> None:
    swift.request("PUT", "empty")
    result = regops("list", "-c", "empty")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "Swift container empty: empty")


def test_a_container_that_is_missing_is_told_with_those_that_are_there() -> None:
    for arguments in (["list", "-c", "nowhere"], ["download", "main.tar.gz", "-c", "nowhere"]):
        result = regops(*arguments)
        assert (result.exit_code, result.stdout) == (3, "")
        assert "error: the Swift container nowhere is not there" in result.stderr
        assert CONTAINER in result.stderr.split("hint: --container can be ")[1]


@pytest.mark.parametrize("name", ["..", ".", "a/b", "\udcff"])
def test_what_cannot_be_a_container_is_refused(name: str) -> None:
    assert "error: " in regops("list", "-c", name).stderr


def test_a_wrong_password_is_told_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ST_KEY", "hunter2")
    result = regops("list")
    assert result.exit_code == 3
    assert "refused test:tester: no such user, or a wrong password" in result.stderr
    assert "hunter2" not in result.output


@pytest.mark.parametrize(("name", "proof"), [("main.tar.gz", "md5"), ("big.tar", "segments"), ("dynamic.tar", "none")])
def test_an_object_of_each_kind_becomes_a_file(name: str, proof: str, tmp_path: Path) -> None:
    answer = document("download", name, "--to", str(tmp_path))
    assert (tmp_path / name).read_bytes() == IMAGE
    assert names_in(tmp_path) == [name]
    (one,) = answer["data"]["downloads"]
    assert (one["outcome"], one["proof"], one["path"]) == ("downloaded", proof, str(tmp_path / name))


def test_nested_ranged_and_inline_segments_are_checked_as_far_as_they_can_be(
    swift: SwiftServer, tmp_path: Path
) -> None:
    swift.put_slo("segments", "nested", [{"path": "segments/big/0"}, {"path": "segments/big/1"}])
    manifest = [{"path": "segments/nested"}, {"data": "aW5saW5l"}, {"path": "segments/big/2", "range": "10-19"}]
    swift.put_slo("nested", "all.tar", manifest)
    answer = document("download", "all.tar", "-c", "nested", "--to", str(tmp_path))
    assert (tmp_path / "all.tar").read_bytes() == IMAGE[:2_000_000] + b"inline" + IMAGE[2_000_010:2_000_020]
    (one,) = answer["data"]["downloads"]
    assert (one["proof"], one["unproved_bytes"]) == ("partly", 10)


def test_a_folder_in_the_name_is_made(tmp_path: Path) -> None:
    assert download("2026/old.tar.gz", to=tmp_path).exit_code == 0
    assert (tmp_path / "2026" / "old.tar.gz").read_bytes() == b"an older one"


def test_what_is_there_already_is_not_fetched_again(tmp_path: Path) -> None:
    for name in ("main.tar.gz", "big.tar"):
        (tmp_path / name).write_bytes(IMAGE)
        before = (tmp_path / name).stat()
        result = download(name, to=tmp_path)
        after = (tmp_path / name).stat()
        assert (result.exit_code, after.st_ino, after.st_mtime_ns) == (0, before.st_ino, before.st_mtime_ns)
        assert "already here" in result.stdout


def test_another_file_of_that_name_stays_unless_force_says_otherwise(tmp_path: Path) -> None:
    for name in ("main.tar.gz", "dynamic.tar"):
        mine = tmp_path / name
        mine.write_bytes(b"mine")
        result = download(name, to=tmp_path)
        assert (result.exit_code, mine.read_bytes()) == (3, b"mine")
        assert "is there already" in result.stderr
        assert "--force" in result.stderr
        assert download(name, "--force", to=tmp_path).exit_code == 0
        assert mine.read_bytes() == IMAGE


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_not_replaced(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "main.tar.gz"
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    result = download("main.tar.gz", "--force", to=tmp_path)
    assert result.exit_code == 3
    assert f"{path} is there, and no regular file" in result.stderr
    assert names_in(tmp_path) == ["main.tar.gz"]


def test_of_several_each_is_told_and_one_failure_is_bad_news(tmp_path: Path) -> None:
    result = download("main.tar.gz", "nothing.tar", "../main.tar.gz", to=tmp_path)
    assert result.exit_code == 1
    assert names_in(tmp_path) == ["main.tar.gz"]
    assert "error: the object nothing.tar in the Swift container" in result.stderr
    assert "error: the object name '../main.tar.gz' leads out of the folder" in result.stderr
    assert "leads out" not in result.stdout


def test_of_several_the_failures_are_the_errors_of_the_document(tmp_path: Path) -> None:
    answer = document("download", "main.tar.gz", "nothing.tar", "--to", str(tmp_path))
    (error,) = answer["errors"]
    assert (answer["ok"], len(answer["data"]["downloads"]), error["kind"]) == (False, 2, "not_found")
    assert "the object nothing.tar" in error["message"]


def completed(words: str) -> str:
    """Return what a shell gets that completes the last word, and see that nothing else is said."""
    environ = {**os.environ, "_REGOPS_COMPLETE": "complete_bash", "COMP_WORDS": words}
    environ["COMP_CWORD"] = str(len(words.split()) - 1)
    done = subprocess.run([Path(sys.executable).with_name("regops")], env=environ, capture_output=True, text=True)
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout


@pytest.mark.parametrize("command", ["download", "verify", "load"])
def test_a_shell_completes_the_names_of_objects(command: str, swift: SwiftServer) -> None:
    assert completed(f"regops bootstrap {command} m").split() == ["main.tar.gz"]
    swift.put("elsewhere", "more.tar", b"x")
    swift.put("elsewhere", "m$(reboot)", b"x")
    assert completed(f"regops bootstrap {command} -c elsewhere m").split() == ["more.tar"]


def test_a_shell_that_completes_gets_nothing_from_a_swift_that_does_not_list(monkeypatch: pytest.MonkeyPatch) -> None:
    assert completed("regops bootstrap download -c nowhere m").strip() == ""
    monkeypatch.setenv("ST_KEY", "wrong")
    assert completed("regops bootstrap download m").strip() == ""
    monkeypatch.delenv("ST_AUTH")
    assert completed("regops bootstrap download m").strip() == ""


def test_names_that_are_nearly_so_are_offered(tmp_path: Path) -> None:
    for command in (("download", "--to", str(tmp_path)), ("verify",), ("load",)):
        result = regops(*command, "main.tar")
        assert result.exit_code == 3
        assert "hint: did you mean main.tar.gz" in result.stderr
        assert "`regops bootstrap list " in result.stderr
    assert "did you mean" not in download("nothing-like-it", to=tmp_path).stderr


@pytest.mark.parametrize(
    "command", [("list",), ("download", "nothing.tar"), ("verify", "nothing.tar"), ("load", "nothing.tar")]
)
@pytest.mark.parametrize("key", ["", "wrong"])
def test_a_failure_names_the_swift_container(
    command: tuple[str, ...], key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if key:
        monkeypatch.setenv("ST_KEY", key)
    failed = document(*command, "-c", "nowhere")
    assert (failed["data"], failed["exit_code"]) == (None, 3)
    assert failed["target"] == {"url": None, "container": None, "swift_container": "nowhere"}


@pytest.mark.parametrize("command", ["verify", "load"])
def test_a_failure_of_a_file_names_no_swift_container(command: str, tmp_path: Path) -> None:
    (tmp_path / "file.tar").write_bytes(b"no tarball")
    failed = document(command, str(tmp_path / "file.tar"))
    assert (failed["data"], failed["exit_code"]) == (None, 1)
    assert failed["target"] is None


def test_an_object_that_is_not_there_is_told(tmp_path: Path) -> None:
    result = download("nothing.tar", to=tmp_path)
    assert result.exit_code == 3
    assert "the object nothing.tar in the Swift container docker-registry.bootstrap is not there" in result.stderr
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("name", ["main.tar.gz", "big.tar"])
@pytest.mark.parametrize("at", [0, 1_500_000, 2_999_999])
def test_one_flipped_byte_on_the_way_is_found(
    name: str, at: int, swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In an SLO the second GET is of its manifest, which is left alone.
    def flip(peer: Peer, head: bytes, server: socket.socket) -> None:
        bend = pass_whole if "multipart-manifest" in peer.path else flip_byte(at)
        bend(peer, head, server)

    with bent(swift, name, flip, monkeypatch):
        result = download(name, to=tmp_path)
    assert result.exit_code == 1
    assert f"{name} is damaged:" in result.stderr
    # Of an SLO the segments before the damaged one were checked, and stay.
    good = at // 1_000_000 * 1_000_000 if name == "big.tar" else 0
    assert names_in(tmp_path) == ([f".{name}.part", f".{name}.part.json"] if good else [])
    if good:
        assert (tmp_path / f".{name}.part").read_bytes() == IMAGE[:good]


def test_a_manifest_that_was_tampered_with_is_found(
    swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bent(swift, "big.tar?format=json&multipart-manifest=get", flip_byte(30), monkeypatch):
        result = download("big.tar", to=tmp_path)
    assert result.exit_code in {1, 3}
    assert "manifest" in result.stderr
    assert names_in(tmp_path) == []


def test_a_byte_that_the_servers_disk_lost_is_found(swift: SwiftServer, tmp_path: Path) -> None:
    content = IMAGE + b"!"  # a size that no other object has
    swift.put("rotten", "image.tar", content)
    swift.put("rotten_segments", "0", content)
    swift.put_slo("rotten", "large.tar", [{"path": "rotten_segments/0"}])
    for path in swift.files():
        if path.stat().st_size == len(content):
            damage(path)
    for name in ("image.tar", "large.tar"):
        result = download(name, "-c", "rotten", "--retries", "0", to=tmp_path)
        assert result.exit_code == 1
        assert f"{name} is damaged" in result.stderr
    assert names_in(tmp_path) == []


def damage(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(1_000_000)
        byte = file.read(1)
        file.seek(1_000_000)
        file.write(bytes([byte[0] ^ 1]))


@pytest.mark.parametrize("name", ["main.tar.gz", "big.tar", "dynamic.tar"])
def test_a_download_that_is_cut_short_leaves_a_part_that_is_no_file(
    name: str, swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(peer: Peer, head: bytes, server: socket.socket) -> None:
        bend = pass_whole if "multipart-manifest" in peer.path else cut_after(1_234_567)
        bend(peer, head, server)

    with bent(swift, name, cut, monkeypatch):
        result = download(name, "--retries", "0", to=tmp_path)
    assert result.exit_code == 3
    assert f"the download of {name} was cut short, after 1234567 of 3000000 bytes" in result.stderr
    if name == "dynamic.tar":  # nothing says what its part belongs to
        assert names_in(tmp_path) == []
    else:
        assert "hint: the same command goes on after the 1.2 MB that are here" in result.stderr
        assert (tmp_path / f".{name}.part").read_bytes() == IMAGE[:1_234_567]


@pytest.mark.parametrize("bend", [stall_after, drip_after])
def test_a_download_that_stalls_ends(
    bend: Any, swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bent(swift, "main.tar.gz", bend(100_000), monkeypatch):
        result = download("main.tar.gz", "--timeout", "3", "--retries", "0", to=tmp_path)
    assert result.exit_code == 3
    assert "the download of main.tar.gz stalled for 3 s, after 100" in result.stderr
    assert "main.tar.gz" not in names_in(tmp_path)


@pytest.mark.parametrize("at", [0, 1, 1_500_000, 2_999_999])
@pytest.mark.parametrize("name", ["main.tar.gz", "big.tar"])
def test_kill_at_any_moment_leaves_no_file_and_the_next_run_fetches_what_is_missing(
    name: str, at: int, swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stall(peer: Peer, head: bytes, server: socket.socket) -> None:
        bend = pass_whole if "multipart-manifest" in peer.path else stall_after(at)
        bend(peer, head, server)

    with bent(swift, name, stall, monkeypatch), started(name, tmp_path) as process:
        part = tmp_path / f".{name}.part"
        wait_until(lambda: part.exists() and part.stat().st_size == at)
        process.kill()
    assert name not in names_in(tmp_path)
    sent = Sent()
    with bent(swift, name, sent.count, monkeypatch):
        answer = document("download", name, "--to", str(tmp_path))
    assert (tmp_path / name).read_bytes() == IMAGE
    assert names_in(tmp_path) == [name]
    assert answer["data"]["downloads"][0]["resumed_bytes"] == at
    assert sent.bytes == len(IMAGE) - at


class Sent:
    """Counts the bytes of an object that a proxy lets through."""

    def __init__(self) -> None:
        self.bytes = 0

    def count(self, peer: Peer, head: bytes, server: socket.socket) -> None:
        peer.send(head)
        count = pass_on(peer, server)
        self.bytes += 0 if "multipart-manifest" in peer.path else count


@contextmanager
def started(name: str, to: Path, **options: Any) -> Generator[subprocess.Popen[str]]:
    """Run a download in a process of its own."""
    command = [sys.executable, "-m", "regops", "bootstrap", "download", name, "--to", str(to)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_an_interrupt_leaves_the_part_for_the_next_run(
    swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bent(swift, "main.tar.gz", stall_after(100_000), monkeypatch), started("main.tar.gz", tmp_path) as process:
        part = tmp_path / ".main.tar.gz.part"
        wait_until(lambda: part.exists() and part.stat().st_size == 100_000)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert said == "main.tar.gz: the same command goes on after the 100 kB that are here\n"
    assert names_in(tmp_path) == [".main.tar.gz.part", ".main.tar.gz.part.json"]


def test_two_processes_at_once_do_not_spoil_each_other(
    swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bent(swift, "main.tar.gz", stall_after(100_000), monkeypatch), started("main.tar.gz", tmp_path):
        part = tmp_path / ".main.tar.gz.part"
        wait_until(lambda: part.exists() and part.stat().st_size == 100_000)
        monkeypatch.setenv("ST_AUTH", swift.auth_url)
        result = download("main.tar.gz", to=tmp_path)
        assert result.exit_code == 3
        assert "another process is downloading" in result.stderr
        assert part.stat().st_size == 100_000


def test_a_file_that_may_not_grow_ends_in_words(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    with started("main.tar.gz", tmp_path, preexec_fn=limit) as process:
        _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "main.tar.gz: File too large" in said
    assert names_in(tmp_path) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.root
def test_a_disk_that_is_too_small_is_told_before_anything_is_written(small_disk: Path) -> None:
    (small_disk / "other").write_bytes(bytes(3_000_000))
    result = download("main.tar.gz", to=small_disk)
    assert result.exit_code == 1
    assert "main.tar.gz needs 3.0 MB, and " in result.stderr
    assert names_in(small_disk) == ["other"]


@pytest.mark.root
def test_a_disk_that_fills_up_meanwhile_leaves_the_old_file(
    small_disk: Path, swift: SwiftServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (small_disk / "main.tar.gz").write_bytes(b"the old one")

    def fill(peer: Peer, head: bytes, server: socket.socket) -> None:
        peer.send(head)
        pass_on(peer, server, most_bytes=500_000)
        (small_disk / "other").write_bytes(bytes(3_000_000))
        pass_on(peer, server)

    with bent(swift, "main.tar.gz", fill, monkeypatch):
        result = download("main.tar.gz", "--force", to=small_disk)
    assert result.exit_code == 1
    assert "main.tar.gz: No space left on device" in result.stderr
    assert names_in(small_disk) == ["main.tar.gz", "other"]
    assert (small_disk / "main.tar.gz").read_bytes() == b"the old one"


def test_the_key_is_shown_nowhere(swift: SwiftServer, tmp_path: Path) -> None:
    key = swift.environ["ST_KEY"]
    for arguments in (["list"], ["list", "-o", "json"], ["download", "main.tar.gz", "--to", str(tmp_path)]):
        result = regops(*arguments)
        assert result.exit_code == 0
        assert key not in result.output
        assert swift.token not in result.output


@pytest.mark.parametrize("command", [["list"], ["download", "x"]])
@pytest.mark.parametrize("timeout", ["inf", "nan", "1e12", "0"])
def test_a_timeout_no_clock_can_hold_is_a_usage_error(command: list[str], timeout: str) -> None:
    result = CliRunner().invoke(app, ["bootstrap", *command, "--timeout", timeout])
    assert result.exit_code == 2
    assert "--timeout" in result.stderr
