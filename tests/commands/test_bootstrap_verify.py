"""`regops bootstrap verify`: files, and objects of a real Swift."""

import gzip
import hashlib
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bent_swift import Bend, answer, bent_swift, cut_after, pass_whole
from fake_clock import FakeClock
from fault_server import Peer
from regops.main import app
from regops.model.tarball import SHA256_METADATA
from regops.wiring import Services
from saved_image import image_files, image_id, saved_image, tar_of
from swift_server import SwiftServer

TAG = "registry:1"
IMAGE = gzip.compress(saved_image(TAG))
CONTAINER = "verified"


def verify(*arguments: str) -> Result:
    # As wide as the longest path: where a line is cut is not what these tests are about.
    return CliRunner(env={"COLUMNS": "300"}).invoke(app, ["bootstrap", "verify", *arguments, "--container", CONTAINER])


def document(*arguments: str) -> dict[str, Any]:
    return dict(json.loads(verify(*arguments, "-o", "json").stdout))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "image.tar.gz"
    path.write_bytes(IMAGE)
    return path


def test_a_file_needs_no_credentials(file: Path) -> None:
    result = verify(str(file))
    assert result.exit_code == 0
    assert f"{file} here: good, " in result.stdout
    assert f"  {TAG}: 1 layer as announced, linux/amd64\n    {image_id(TAG)}\n" in result.stdout
    assert f"  sha256 {hashlib.sha256(IMAGE).hexdigest()}\n" in result.stdout


def test_json_tells_every_layer(file: Path) -> None:
    (one,) = document(str(file))["data"]["verifications"]
    assert (one["good"], one["is_file"], one["sha256_agrees"]) == (True, True, None)
    (image,) = one["contents"]["images"]
    assert image["tags"] == [TAG]
    layer = hashlib.sha256(image_files(TAG)["one/layer.tar"]).hexdigest()
    assert [layer["diff_id"] for layer in image["layers"]] == [f"sha256:{layer}"]


def cut(content: bytes) -> bytes:
    return content[:-5]


def flip(content: bytes) -> bytes:
    at = len(content) // 2
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize(("change", "said"), [(cut, "is cut short"), (flip, "is damaged")])
def test_a_damaged_file_is_bad_news(change: Callable[[bytes], bytes], said: str, file: Path) -> None:
    file.write_bytes(change(IMAGE))
    result = verify(str(file))
    assert result.exit_code == 1
    assert said in result.stderr


def test_what_is_no_image_is_bad_news_unless_only_checksums_are_asked_for(file: Path) -> None:
    content = tar_of({"etc/motd": b"", "usr/bin/sh": b""})
    file.write_bytes(content)
    result = verify(str(file))
    assert result.exit_code == 1
    assert "holds no image" in result.stderr
    assert "root file system" in result.stderr
    digest = hashlib.sha256(content).hexdigest()
    assert verify(str(file), "--checksums-only", "--sha256", digest).exit_code == 0


def test_checksums_only_of_a_file_needs_something_to_compare_it_with(file: Path) -> None:
    file.write_bytes(cut(IMAGE))
    result = verify(str(file), "--checksums-only")
    assert result.exit_code == 2
    assert f"nothing to compare the file {file} with" in result.stderr


def test_a_sha256_that_was_given_has_to_agree(file: Path) -> None:
    right = hashlib.sha256(IMAGE).hexdigest()
    assert document(str(file), "--sha256", right.upper())["data"]["verifications"][0]["sha256_agrees"] is True
    assert f"sha256 {right}, as given\n" in verify(str(file), "--sha256", right).stdout
    result = verify(str(file), "--sha256", "0" * 64)
    assert result.exit_code == 1
    assert f"its sha256 is {right}, and {'0' * 64} was given" in result.stderr


@pytest.mark.parametrize(
    "arguments", [("x", "--sha256", "12"), ("x", "y", "--sha256", "0" * 64), ("x", "y", "--against", "z")]
)
def test_what_cannot_be_compared_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    assert verify(*arguments).exit_code == 2


def test_of_several_each_is_told(file: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.tar.gz"
    bad.write_bytes(cut(IMAGE))
    result = verify(str(file), str(bad))
    assert result.exit_code == 1
    assert f"{bad} here: not good" in result.stdout
    assert verify(str(tmp_path / "a"), str(tmp_path / "b")).exit_code == 3


def test_files_are_checked_though_another_name_means_none_and_nobody_can_ask_swift(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OS_AUTH_URL", "ST_AUTH", "OS_CLOUD"):
        monkeypatch.delenv(name, raising=False)
    result = verify("nosuch", str(file))
    assert result.exit_code == 1
    assert f"{file} here: good" in result.stdout
    assert "there is no file nosuch here; no credentials for Swift" in result.stderr
    alone = verify("nosuch")
    assert alone.exit_code == 2
    assert "there is no file nosuch here; no credentials for Swift" in alone.stderr


def test_hostile_tags_cannot_steer_the_terminal(file: Path) -> None:
    file.write_bytes(saved_image("\x1b]0;owned\x07[bold]x"))
    assert "\x1b" not in verify(str(file)).stdout


@pytest.fixture
def stored(swift: SwiftServer, monkeypatch: pytest.MonkeyPatch) -> SwiftServer:
    for name, value in swift.environ.items():
        monkeypatch.setenv(name, value)
    noted = {f"X-Object-Meta-{SHA256_METADATA}": hashlib.sha256(IMAGE).hexdigest()}
    swift.put(CONTAINER, "image.tar.gz", IMAGE, noted)
    swift.put(CONTAINER, "wrong.tar.gz", IMAGE, {f"X-Object-Meta-{SHA256_METADATA}": "0" * 64})
    half = len(IMAGE) // 2
    swift.put("verified_segments", "x/0", IMAGE[:half])
    swift.put("verified_segments", "x/1", IMAGE[half:])
    swift.put_slo(CONTAINER, "large.tar.gz", [{"path": f"verified_segments/x/{index}"} for index in range(2)])
    swift.put(CONTAINER, "dynamic.tar.gz", b"", {"X-Object-Manifest": "verified_segments/x/"})
    return swift


@pytest.mark.swift
@pytest.mark.parametrize(
    ("name", "proof", "agrees"),
    [("image.tar.gz", "md5", True), ("large.tar.gz", "segments", None), ("dynamic.tar.gz", "none", None)],
)
def test_an_object_is_checked_without_a_copy(
    name: str, proof: str, agrees: bool | None, stored: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (one,) = document(name)["data"]["verifications"]
    assert (one["good"], one["proof"], one["sha256_agrees"]) == (True, proof, agrees)
    assert one["contents"]["images"][0]["tags"] == [TAG]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.swift
def test_a_sha256_that_was_noted_at_the_upload_has_to_agree(stored: SwiftServer) -> None:
    result = verify("wrong.tar.gz")
    assert result.exit_code == 1
    assert "was noted beside it" in result.stderr


@pytest.mark.swift
@pytest.mark.parametrize("name", ["image.tar.gz", "large.tar.gz"])
def test_a_file_is_compared_with_an_object(name: str, stored: SwiftServer, file: Path) -> None:
    assert verify(str(file), "--against", name).exit_code == 0
    size = len(IMAGE)
    for other, how in (
        (IMAGE + b"!", f"it has {size + 1} bytes, and the object {size}"),
        (cut(IMAGE), f"it has {len(cut(IMAGE))} bytes, and the object {size}"),
        (flip(IMAGE), "the checksums disagree" if name == "image.tar.gz" else "somewhere after the first"),
    ):
        file.write_bytes(other)
        result = verify(str(file), "--against", name, "--checksums-only")
        assert result.exit_code == 1, result.output
        assert f"{file} differs from the object {name}" in result.stderr
        assert how in result.stderr
        assert f"`regops bootstrap download --container {CONTAINER} {name}`" in result.stderr
        assert f"upload --container {CONTAINER} --replace {file} {name}`" in result.stderr


@pytest.mark.swift
def test_what_nothing_vouches_for_is_not_called_good(stored: SwiftServer, file: Path) -> None:
    for arguments in (("dynamic.tar.gz", "--checksums-only"), (str(file), "--against", "dynamic.tar.gz")):
        result = verify(*arguments)
        assert result.exit_code == 3
        assert "error: Swift has no checksum of " in result.stderr
        assert "dynamic.tar.gz (a DLO)" in result.stderr
        assert "good" not in result.stdout


@pytest.mark.swift
def test_a_file_that_has_the_name_of_an_object_is_not_taken_for_it(
    stored: SwiftServer, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "image.tar.gz in Swift: good" in verify("image.tar.gz").stdout
    monkeypatch.chdir(file.parent)
    assert "image.tar.gz here: good" in verify("image.tar.gz").stdout


@pytest.mark.swift
def test_where_a_file_differs_is_told_as_far_as_segments_tell(stored: SwiftServer, file: Path) -> None:
    half = len(IMAGE) // 2
    file.write_bytes(IMAGE[:-1] + b"!")
    result = verify(str(file), "--against", "large.tar.gz")
    assert f"differs from the object large.tar.gz, somewhere after the first {half} bytes" in result.stderr


@pytest.mark.swift
def test_an_object_that_was_damaged_before_its_upload_is_told_from_one_that_comes_damaged(stored: SwiftServer) -> None:
    stored.put(CONTAINER, "broken.tar.gz", flip(IMAGE))
    result = verify("broken.tar.gz")
    assert result.exit_code == 1
    assert "upload it anew" in result.stderr
    assert "fetch it again" not in result.stderr


@pytest.mark.swift
def test_what_to_compare_with_is_asked_for_again(
    stored: SwiftServer, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bends = [answer(503), pass_whole]
    with bent_swift(stored.auth_url, "large.tar.gz", lambda *of: bends.pop(0)(*of)) as proxy:
        monkeypatch.setenv("ST_AUTH", f"{proxy.url}/auth/v1.0")
        arguments = ["bootstrap", "verify", str(file), "--against", "large.tar.gz", "--container", CONTAINER]
        assert CliRunner().invoke(app, arguments, obj=Services(clock=FakeClock())).exit_code == 0
    assert not bends


@pytest.mark.swift
def test_an_object_may_have_a_longer_name_than_any_file(stored: SwiftServer) -> None:
    name = "long" * 100
    stored.put(CONTAINER, name, IMAGE)
    assert verify(name).exit_code == 0


@pytest.mark.swift
def test_what_is_not_there_is_told(stored: SwiftServer) -> None:
    result = verify("nothing.tar.gz")
    assert result.exit_code == 3
    assert "the object nothing.tar.gz in the Swift container verified is not there" in result.stderr
    both = verify("nothing.tar.gz", "image.tar.gz")
    assert both.exit_code == 1
    assert "nothing.tar.gz in Swift: not checked\n" in both.stdout


@pytest.mark.swift
def test_a_lost_connection_is_replaced_where_it_broke(stored: SwiftServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, asked in (("image.tar.gz", ["whole", "bytes=200-"]), ("dynamic.tar.gz", ["whole"])):
        bends, found = [cut_after(200), pass_whole], list[str]()

        def bend(
            peer: Peer,
            head: bytes,
            server: socket.socket,
            bends: list[Bend] = bends,
            found: list[str] = found,
        ) -> None:
            found.append(peer.header("Range") or "whole")
            bends.pop(0)(peer, head, server)

        with bent_swift(stored.auth_url, f"/{CONTAINER}/{name}", bend) as proxy:
            monkeypatch.setenv("ST_AUTH", f"{proxy.url}/auth/v1.0")
            arguments = ["bootstrap", "verify", name, "--container", CONTAINER]
            result = CliRunner().invoke(app, arguments, obj=Services(clock=FakeClock()))
        # Nothing would tell whether what came later belongs to the same dynamic object.
        assert (result.exit_code, found) == (3 if name == "dynamic.tar.gz" else 0, asked)
