"""`regops bootstrap upload` to a real Swift: what stands under a name, and what is left behind, whatever happens."""

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fake_clock import FakeClock
from fake_engine import FakeEngine
from fake_services import FakeServices
from quiet_progress import QuietProgress
from regops.adapters.engine.client import DockerEngine
from regops.adapters.swift.store import SwiftStore
from regops.collectors.bootstrap.image_tarball import check_image
from regops.collectors.bootstrap.upload import upload as upload_tarball
from regops.collectors.bootstrap.upload_plan import UploadPlan
from regops.collectors.bootstrap.upload_source import UploadImage, file_source
from regops.errors import AuthenticationFailed, Changed, Corrupted, Failed, Refused, Unavailable, UnexpectedAnswer
from regops.main import app
from regops.wiring import SystemClock
from saved_image import saved_image
from swift_server import SwiftServer, wait_until
from upload_proxy import Deaf, UploadProxy

TAG = "regops-upload-test:one"
SIZE = 4_000_000
WHOLE = saved_image(TAG, size_bytes=SIZE)
OTHER = saved_image(TAG, seed=2, size_bytes=SIZE)


@pytest.fixture(autouse=True)
def credentials(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("swift"):
        # Longer than any test looks at a stall, and than a busy machine's Swift takes: another try is counted.
        monkeypatch.setenv("REGOPS_TIMEOUT", "300")
        for name, value in request.getfixturevalue("swift").environ.items():
            monkeypatch.setenv(name, value)


@pytest.fixture
def place(request: pytest.FixtureRequest) -> str:
    """A Swift container of one's own."""
    return f"up-{hashlib.sha256(request.node.name.encode()).hexdigest()[:12]}"


def upload(*arguments: str | Path, services: Any = None) -> Result:
    return CliRunner().invoke(app, ["bootstrap", "upload", *map(str, arguments)], obj=services)


def document(*arguments: str | Path) -> dict[str, Any]:
    result = upload(*arguments, "-o", "json")
    return dict(json.loads(result.stdout))


def written(folder: Path, content: bytes = WHOLE, name: str = "image.tar") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def names(swift: SwiftServer, container: str) -> list[str]:
    status, body = swift.request("GET", f"{container}?format=json")
    return [one["name"] for one in json.loads(body)] if status == 200 else []


@pytest.mark.swift
def test_a_small_file_is_one_object_with_its_tags_and_sha256(place: str, swift: SwiftServer, tmp_path: Path) -> None:
    answer = document(written(tmp_path), "-c", place)
    data = answer["data"]
    assert (answer["exit_code"], data["kind"], data["segments"], data["name"]) == (0, "plain", 0, "image.tar")
    assert data["etag"] == hashlib.md5(WHOLE).hexdigest()
    headers = swift.headers(f"{place}/image.tar")
    assert headers["X-Object-Meta-Regops-Image-Tags"] == TAG
    assert headers["X-Object-Meta-Regops-Sha256"] == hashlib.sha256(WHOLE).hexdigest() == data["sha256"]
    assert swift.request("GET", f"{place}/image.tar")[1] == WHOLE
    assert names(swift, f"{place}_segments") == []


@pytest.mark.swift
def test_a_large_file_goes_in_segments(place: str, swift: SwiftServer, tmp_path: Path) -> None:
    data = document(written(tmp_path), "team/large ü.tar", "-c", place, "--segment-size", "1M")["data"]
    assert (data["kind"], data["segments"]) == ("slo", 4)
    assert swift.request("GET", f"{place}/team/large%20%C3%BC.tar")[1] == WHOLE
    headers = swift.headers(f"{place}/team/large%20%C3%BC.tar")
    assert headers["X-Object-Meta-Regops-Sha256"] == hashlib.sha256(WHOLE).hexdigest()
    assert len(names(swift, f"{place}_segments")) == 4


@pytest.mark.swift
@pytest.mark.parametrize("segment_size", ["1M", "1G"])
@pytest.mark.parametrize("from_image", [False, True])
def test_a_container_that_was_not_there_is_told_as_made(
    segment_size: str, from_image: bool, place: str, swift: SwiftServer, tmp_path: Path
) -> None:
    def made(name: str) -> bool:
        what, services = TAG if from_image else written(tmp_path), Services(fake_engine=Engine(WHOLE))
        line = (what, name, "-c", place, "--segment-size", segment_size, "-o", "json")
        return bool(json.loads(upload(*line, services=services).stdout)["data"]["made_swift_container"])

    assert [made("one.tar"), made("two.tar")] == [True, False]


@pytest.mark.swift
@pytest.mark.parametrize(("first", "second"), [("1M", "2M"), ("1M", "1G"), ("1G", "1M")])
def test_replacing_leaves_no_segment_of_the_old_one(
    first: str, second: str, place: str, swift: SwiftServer, tmp_path: Path
) -> None:
    old, new = written(tmp_path, OTHER, "old"), written(tmp_path, WHOLE, "new")
    upload(old, "one.tar", "-c", place, "--segment-size", first)
    refused = upload(new, "one.tar", "-c", place, "--segment-size", second)
    assert (refused.exit_code, swift.request("GET", f"{place}/one.tar")[1]) == (3, OTHER)
    assert "--replace" in refused.stderr
    data = document(new, "one.tar", "-c", place, "--segment-size", second, "--replace")["data"]
    assert data["replaced"]
    assert swift.request("GET", f"{place}/one.tar")[1] == WHOLE
    assert len(names(swift, f"{place}_segments")) == data["segments"] == {"2M": 2, "1G": 0, "1M": 4}[second]


@pytest.mark.swift
def test_of_an_object_by_the_swift_client_the_segments_go_as_well_and_foreign_ones_stay(
    place: str, swift: SwiftServer, tmp_path: Path
) -> None:
    swift.put(f"{place}_segments", "one.tar/slo/1700000000.0/3/2/00000000", b"by the swift client")
    swift.put("foreign", "part", b"of somebody else")
    paths = [f"{place}_segments/one.tar/slo/1700000000.0/3/2/00000000", "foreign/part"]
    swift.put_slo(place, "one.tar", [{"path": path} for path in paths])
    assert document(written(tmp_path), "one.tar", "-c", place, "--replace")["data"]["removed_segments"] == 1
    assert (names(swift, f"{place}_segments"), names(swift, "foreign")) == ([], ["part"])


def copied(swift: SwiftServer, place: str, name: str) -> None:
    """Copy a manifest under another name, so that two objects are made of the same segments."""
    swift.put_slo(place, name, [{"path": f"{place}_segments/{one}"} for one in manifest(swift, place)])


@pytest.mark.swift
@pytest.mark.parametrize("forgotten_seconds", [0.0, 3600.0])
def test_segments_that_another_object_is_made_of_stay(
    forgotten_seconds: float, place: str, swift: SwiftServer, tmp_path: Path
) -> None:
    line = ("one.tar", "-c", place, "--segment-size", "1M")
    upload(written(tmp_path, OTHER, "old"), *line)
    copied(swift, place, "one.tar-of-yesterday")
    swift.put(place, "plain", b"of somebody else")
    store = SwiftStore.from_environment(swift.environ, timeout_seconds=30)
    source = file_source(written(tmp_path))
    plan = UploadPlan(place, "one.tar", 1 << 20, replace=True, clock=SystemClock(), forgotten_seconds=forgotten_seconds)
    answer = upload_tarball(store, source, plan, QuietProgress())
    assert (answer.removed_segments, answer.shared_segments, answer.other_segments) == (0, 4, 0)
    assert swift.request("GET", f"{place}/one.tar-of-yesterday")[1] == OTHER
    # Once nothing is made of them any more, they are what an upload left.
    swift.request("DELETE", f"{place}/one.tar-of-yesterday")
    plan = UploadPlan(place, "one.tar", 1 << 30, replace=True, clock=SystemClock(), forgotten_seconds=0)
    answer = upload_tarball(store, source, plan, QuietProgress())
    assert (answer.removed_segments, answer.shared_segments, answer.other_segments) == (8, 0, 0)
    assert names(swift, f"{place}_segments") == []


class BlindStore(SwiftStore):
    """A Swift that does not say all that it has: no listing says what is large, and no HEAD what is not ours.

    Its listings show what has gone, too.
    """

    def listing(self, *place: Any, **named: Any) -> str:
        entries = json.loads(super().listing(*place, **named) or "[]")
        gone = [{**one, "name": f"{one['name']}-gone"} for one in entries[:1]]
        return json.dumps([{key: value for key, value in one.items() if key != "slo_etag"} for one in entries + gone])

    def heads(self, swift_container: str, names: Any, **named: Any) -> Any:
        found = super().heads(swift_container, names, **named)
        return {name: stored for name, stored in found.items() if name != "secret"}

    def head(self, swift_container: str, name: str) -> Any:
        if name == "secret":
            raise AuthenticationFailed("no access")
        return super().head(swift_container, name)


@pytest.mark.swift
@pytest.mark.parametrize("secret", [False, True])
def test_where_it_cannot_be_known_what_uses_them_segments_stay(
    secret: bool, place: str, swift: SwiftServer, tmp_path: Path
) -> None:
    upload(written(tmp_path, OTHER, "old"), "one.tar", "-c", place, "--segment-size", "2M")
    if secret:
        swift.put(place, "secret", b"of somebody else")
    store = BlindStore.from_environment(swift.environ, timeout_seconds=30)
    plan = UploadPlan(place, "one.tar", 1 << 20, replace=True, clock=SystemClock())
    answer = upload_tarball(store, file_source(written(tmp_path)), plan, QuietProgress())
    assert (answer.removed_segments, answer.unclear_segments) == ((0, 2) if secret else (2, 0))
    assert len(names(swift, f"{place}_segments")) == (6 if secret else 4)


class SlowStore(SwiftStore):
    """A Swift that tells of nothing within the time there is."""

    def heads(self, swift_container: str, names: Any, **named: Any) -> Any:
        return {}


@pytest.mark.swift
def test_where_the_time_does_not_suffice_segments_stay(place: str, swift: SwiftServer, tmp_path: Path) -> None:
    upload(written(tmp_path, OTHER, "old"), "one.tar", "-c", place, "--segment-size", "2M")
    for number in range(11):
        swift.put(place, f"other{number}", b"1")
    store = SlowStore.from_environment(swift.environ, timeout_seconds=30)
    plan = UploadPlan(place, "one.tar", 1 << 20, replace=True, clock=SystemClock())
    answer = upload_tarball(store, file_source(written(tmp_path)), plan, QuietProgress())
    assert (answer.removed_segments, answer.unclear_segments) == (0, 2)


@pytest.mark.swift
def test_segments_that_a_dynamic_object_may_be_made_of_stay(place: str, swift: SwiftServer, tmp_path: Path) -> None:
    upload(written(tmp_path, OTHER, "old"), "one.tar", "-c", place, "--segment-size", "2M")
    swift.put(place, "dynamic.tar", b"", {"X-Object-Manifest": f"{place}_segments/one.tar/"})
    answer = upload(written(tmp_path), "one.tar", "-c", place, "--replace", "-o", "json")
    assert json.loads(answer.stdout)["data"]["unclear_segments"] == 2
    assert swift.request("GET", f"{place}/dynamic.tar")[1] == OTHER


@pytest.mark.swift
@pytest.mark.parametrize("content", [WHOLE[:-SIZE], b"junk" * 1000, b""])
def test_what_is_no_whole_image_is_not_uploaded(content: bytes, place: str, swift: SwiftServer, tmp_path: Path) -> None:
    assert upload(written(tmp_path, content), "-c", place).exit_code == 1
    assert names(swift, place) == []


class ChangingStore(SwiftStore):
    """A Swift at whose first upload the file becomes another."""

    path = Path()

    def put(self, *place: Any, **named: Any) -> Any:
        self.path.write_bytes(OTHER)
        return super().put(*place, **named)


@pytest.mark.swift
@pytest.mark.parametrize("segment_bytes", [1 << 20, 1 << 30])
def test_a_file_that_changes_meanwhile_is_not_uploaded(
    segment_bytes: int, place: str, swift: SwiftServer, tmp_path: Path
) -> None:
    store = ChangingStore.from_environment(swift.environ, timeout_seconds=30)
    assert isinstance(store, ChangingStore)
    store.path = written(tmp_path)
    plan = UploadPlan(place, "one.tar", segment_bytes, replace=False, clock=FakeClock())
    with pytest.raises((Failed, Corrupted)):
        upload_tarball(store, file_source(store.path), plan, QuietProgress())
    assert names(swift, place) == names(swift, f"{place}_segments") == []


@pytest.mark.swift
@pytest.mark.parametrize("content", [WHOLE[:3_000_000], WHOLE[:2_000_000] + bytes(len(WHOLE) - 2_000_000)])
def test_of_a_large_file_that_is_no_whole_image_no_segment_stays(
    content: bytes, place: str, swift: SwiftServer, tmp_path: Path
) -> None:
    assert upload(written(tmp_path, content), "-c", place, "--segment-size", "1M").exit_code == 1
    assert names(swift, place) == names(swift, f"{place}_segments") == []


@pytest.mark.parametrize("name", ["../up.tar", "a/../b", ".", "", "a//b", "a/", "/a", "a\nb", "\x1b[31m", "x\x9b"])
def test_a_name_that_download_would_refuse_is_a_usage_error(name: str, tmp_path: Path) -> None:
    result = upload(written(tmp_path), name)
    assert result.exit_code == 2
    assert "so it could not be downloaded" in " ".join(result.stderr.split())


def test_a_file_whose_own_name_download_would_refuse_needs_another(tmp_path: Path) -> None:
    result = upload(written(tmp_path, name="a\nb.tar"))
    assert result.exit_code == 2
    assert "another NAME" in " ".join(result.stderr.split())


@pytest.mark.parametrize("size", ["0", "1K", "6G", "many", "-1M", "1.5G"])
def test_a_segment_size_that_swift_does_not_take_is_a_usage_error(size: str, tmp_path: Path) -> None:
    assert upload(written(tmp_path), "--segment-size", size).exit_code == 2


@pytest.mark.swift
@pytest.mark.engine
@pytest.mark.parametrize("segment_size", ["1M", "1G"])
def test_an_image_of_the_engine_is_packed_and_uploaded(
    segment_size: str, place: str, swift: SwiftServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = DockerEngine.from_environment()
    list(engine.load(iter((WHOLE,))))
    try:
        data = document(TAG, "-c", place, "--segment-size", segment_size)["data"]
    finally:
        engine.remove_image(TAG)
    assert (data["name"], data["from_image"], data["tags"]) == ("regops-upload-test-one.tar.gz", True, [TAG])
    assert (data["kind"], data["segments"]) == ("slo", 4 if segment_size == "1M" else 1)
    stored = swift.request("GET", f"{place}/{data['name']}")[1]
    assert hashlib.sha256(stored).hexdigest() == data["sha256"]
    assert check_image(iter((stored,)), name="stored").tags == (TAG,)
    assert gzip.decompress(stored)[:512]
    headers = swift.headers(f"{place}/{data['name']}")
    assert headers["X-Object-Meta-Regops-Image-Tags"] == TAG
    assert headers["X-Object-Meta-Regops-Sha256"] == data["sha256"]


@pytest.mark.swift
@pytest.mark.engine
@pytest.mark.parametrize("asked", ["docker.io/library/{}", "library/{}", "index.docker.io/library/{}", "docker.io/{}"])
def test_an_image_may_be_named_in_full(asked: str, place: str, swift: SwiftServer) -> None:
    engine = DockerEngine.from_environment()
    list(engine.load(iter((WHOLE,))))
    try:
        answer = document(asked.format(TAG), "-c", place)
    finally:
        engine.remove_image(TAG)
    assert answer["exit_code"] == 0, answer
    assert (answer["data"]["name"], answer["data"]["tags"]) == ("regops-upload-test-one.tar.gz", [TAG])


class Engine(FakeEngine):
    """An engine that saves what it is told to, in small portions."""

    def __init__(self, content: bytes) -> None:
        super().__init__(images={TAG: "sha256:one"})
        self.facts[TAG] = {"size_bytes": SIZE}
        self.content = content

    def save(self, reference: str) -> Iterator[bytes]:
        for start in range(0, len(self.content), 100_000):
            yield self.content[start : start + 100_000]


class Services(FakeServices):
    """A fake engine, and the real Swift."""

    def object_store(self, *, timeout_seconds: float, environ: Any = None) -> Any:
        return SwiftStore.from_environment(os.environ, timeout_seconds=timeout_seconds)


@pytest.mark.swift
@pytest.mark.parametrize("segment_size", ["1M", "1G"])
@pytest.mark.parametrize(
    "content",
    [WHOLE[:2_500_000] + b'{"errorDetail":{"message":"disk"}}', WHOLE[:3_000_000], saved_image("another:tag")],
    ids=["an error in the stream", "cut", "another image"],
)
def test_a_save_that_goes_wrong_leaves_nothing(
    content: bytes, segment_size: str, place: str, swift: SwiftServer
) -> None:
    result = upload(TAG, "-c", place, "--segment-size", segment_size, services=Services(fake_engine=Engine(content)))
    assert result.exit_code in {1, 3}
    assert names(swift, place) == names(swift, f"{place}_segments") == []


@pytest.mark.swift
def test_an_image_that_is_not_there_is_told(place: str) -> None:
    result = upload("nowhere:1", "-c", place, services=Services(fake_engine=FakeEngine()))
    assert result.exit_code == 3
    assert "there is no file nowhere:1" in result.stderr


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (".", "error: . is a folder, and no file\nhint: name the tarball in it"),
        ("..", "error: .. is a folder, and no file\nhint: name the tarball in it"),
        ("Upper/Case", "there is no file Upper/Case here; no image can be called 'Upper/Case'"),
        ("a/../b", "no image can be called 'a/../b'"),
        ("X" * 300 + ".tar.gz", "here; no image can be called"),
    ],
)
@pytest.mark.engine
def test_what_is_neither_a_file_nor_an_image_is_told_as_what_it_is(name: str, said: str) -> None:
    result = CliRunner().invoke(app, ["bootstrap", "upload", name])
    assert result.exit_code == 3
    assert said in result.stderr


@pytest.mark.parametrize("command", ["load", "upload", "verify"])
def test_an_empty_name_is_a_usage_error(command: str) -> None:
    result = CliRunner().invoke(app, ["bootstrap", command, ""])
    assert result.exit_code == 2
    assert "the name is empty" in result.stderr


@pytest.mark.engine
def test_a_folder_that_no_image_has_the_name_of_is_told_as_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tf-folder").mkdir()
    result = CliRunner().invoke(app, ["bootstrap", "upload", "tf-folder"])
    assert "tf-folder is a folder here; the engine at" in result.stderr


def command(path: Path, place: str, auth_url: str) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "regops", "bootstrap", "upload", str(path), "one.tar", "-c", place]
    environ = {**os.environ, "ST_AUTH": auth_url}
    return subprocess.Popen([*line, "--segment-size", "1M"], env=environ, stderr=subprocess.PIPE, text=True)


def settled(swift: SwiftServer, place: str) -> list[str]:
    """Return the segments that are there once Swift has done what it was at."""
    found: list[list[str]] = [[]]

    def same_again() -> bool:
        found.append(names(swift, f"{place}_segments"))
        return len(found) > 20 and len({len(names) for names in found[-20:]}) == 1

    wait_until(same_again)
    return found[-1]


def manifest(swift: SwiftServer, place: str) -> list[str]:
    status, body = swift.request("GET", f"{place}/one.tar?multipart-manifest=get")
    assert status == 200
    return [one["name"].removeprefix(f"/{place}_segments/") for one in json.loads(body)]


@pytest.mark.swift
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_an_upload_that_was_ended_shows_nothing_and_the_next_one_goes_on(
    how: signal.Signals, place: str, swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = saved_image(TAG, size_bytes=16_000_000)
    path = written(tmp_path, content)
    with (
        # None of the later segments gets through, however late the signal comes: the last one is shorter.
        UploadProxy(swift.auth_url, lambda path, number: "stall" if path[-2:] >= "08" else "") as proxy,
        command(path, place, proxy.auth_url) as process,
    ):
        wait_until(lambda: len(names(swift, f"{place}_segments")) > 5)
        process.send_signal(how)
        _, told = process.communicate(timeout=120)
    assert "Traceback" not in told
    assert (how is signal.SIGKILL) or "the same command goes on" in told
    left = settled(swift, place)
    assert names(swift, place) == []
    with UploadProxy(swift.auth_url) as proxy:
        monkeypatch.setenv("ST_AUTH", proxy.auth_url)
        data = document(path, "one.tar", "-c", place, "--segment-size", "1M")["data"]
    assert swift.request("GET", f"{place}/one.tar")[1] == content
    assert data["resumed_bytes"] == len(left) << 20
    manifest_bytes = sum(map(sum, (sent for path, sent in proxy.sent.items() if "multipart-manifest" in path)))
    assert proxy.sent_bytes - manifest_bytes == len(content) - data["resumed_bytes"]
    # It may still be going on, for all we know: nothing of it is touched, and nothing of it is used.
    assert (data["removed_segments"], data["other_segments"]) == (0, len(left))
    assert datetime.fromisoformat(data["other_until"]) > datetime.now(UTC) + timedelta(minutes=50)
    assert not set(manifest(swift, place)) & set(left)
    store = SwiftStore.from_environment(swift.environ, timeout_seconds=30)
    plan = UploadPlan(place, "one.tar", 1 << 30, replace=True, clock=SystemClock(), forgotten_seconds=0)
    again = upload_tarball(store, file_source(path), plan, QuietProgress())
    assert again.removed_segments == len(left) + data["segments"]
    assert names(swift, f"{place}_segments") == []


class RacingStore(SwiftStore):
    """A Swift in which another upload removes its segments between our listing and our copies."""

    def copy(self, swift_container: str, source: str, name: str) -> str:
        self._sibling().delete(swift_container, source)
        return super().copy(swift_container, source, name)


@pytest.mark.swift
@pytest.mark.parametrize("kind", [SwiftStore, RacingStore])
@pytest.mark.parametrize("from_image", [False, True])
def test_segments_of_an_upload_that_ends_meanwhile_do_no_harm(
    kind: type[SwiftStore], from_image: bool, place: str, swift: SwiftServer, tmp_path: Path
) -> None:
    for index in range(3):
        part = WHOLE[index << 20 : (index + 1) << 20] if index != 1 else OTHER[: 1 << 20]
        swift.put(f"{place}_segments", f"one.tar/regops/1700000000-{1:016x}/{index:08d}", part)
    store = kind.from_environment(swift.environ, timeout_seconds=30)
    plan = UploadPlan(place, "one.tar", 1 << 20, replace=False, clock=FakeClock())
    source = plain_image(WHOLE) if from_image else file_source(written(tmp_path))
    answer = upload_tarball(store, source, plan, QuietProgress())
    taken = 1 if from_image else 2  # a stream is compared in order, and the second one differs
    assert answer.resumed_bytes == (taken << 20 if kind is SwiftStore else 0)
    for name in set(names(swift, f"{place}_segments")) - set(manifest(swift, place)):
        assert swift.request("DELETE", f"{place}_segments/{name}")[0] == 204
    assert swift.request("GET", f"{place}/one.tar")[1] == WHOLE


def plain_image(*contents: bytes) -> UploadImage:
    """Return an image that is saved as the first of some contents, then as the next, and as the last from then on."""
    left = list(contents)

    def chunks() -> Iterator[bytes]:
        content = left.pop(0) if len(left) > 1 else left[0]
        for start in range(0, len(content), 100_000):
            yield content[start : start + 100_000]

    return UploadImage(TAG, SIZE, (TAG,), chunks)


FAULTS = [(harm, image) for harm in ("cut", "stall", "500", "503", "401", "lost") for image in (False, True)]


@pytest.mark.swift
@pytest.mark.parametrize(("harm", "from_image"), [*FAULTS, ("flip", False), ("flip", True)])
@pytest.mark.parametrize("segment_size", ["1M", "1G"])
def test_what_passes_is_tried_again(
    harm: str,
    segment_size: str,
    from_image: bool,
    place: str,
    swift: SwiftServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def once(path: str, number: int) -> str:
        # The second segment, or all there is.
        hit = path.endswith("0000" if segment_size == "1G" else "0001") or path == f"{place}/one.tar"
        return harm if not number and hit else ""

    services = Services(fake_engine=Engine(WHOLE))
    with UploadProxy(swift.auth_url, once) as proxy:
        monkeypatch.setenv("ST_AUTH", proxy.auth_url)
        what = TAG if from_image else written(tmp_path)
        line = (what, "one.tar", "-c", place, "--segment-size", segment_size)
        result = upload(*line, *(("--timeout", "4") if harm == "stall" else ()), services=services)
    assert (result.exit_code, result.stderr) == (0, "")
    stored = swift.request("GET", f"{place}/one.tar")[1]
    assert (gzip.decompress(stored) if from_image else stored) == WHOLE
    assert len(names(swift, f"{place}_segments")) == (from_image if segment_size == "1G" else 4)
    is_object = segment_size == "1G" and not from_image
    assert services.clock.slept == ([] if harm in {"401", "flip"} or (harm == "lost" and is_object) else [0.5])


@pytest.mark.swift
@pytest.mark.parametrize("segment_size", ["1M", "1G"])
@pytest.mark.parametrize("from_image", [False, True])
def test_what_arrives_wrong_again_and_again_leaves_the_old_one(
    segment_size: str,
    from_image: bool,
    place: str,
    swift: SwiftServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upload(written(tmp_path, OTHER, "old"), "one.tar", "-c", place)
    with UploadProxy(swift.auth_url, lambda path, number: "" if "multipart-manifest" in path else "flip") as proxy:
        monkeypatch.setenv("ST_AUTH", proxy.auth_url)
        what = TAG if from_image else written(tmp_path)
        line = (what, "one.tar", "-c", place, "--segment-size", segment_size, "--replace", "--connections", "1")
        result = upload(*line, services=Services(fake_engine=Engine(WHOLE)))
    assert result.exit_code == 1
    assert [len(tries) for tries in proxy.sent.values()] == [2]
    assert (swift.request("GET", f"{place}/one.tar")[1], names(swift, f"{place}_segments")) == (OTHER, [])


@pytest.mark.swift
@pytest.mark.parametrize(("harm", "exit_code"), [("cut", 3), ("503", 3), ("401", 3), ("flip", 1)])
def test_what_does_not_pass_ends_the_upload(
    harm: str, exit_code: int, place: str, swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = Services()
    with UploadProxy(swift.auth_url, lambda path, number: harm if path.endswith("03") else "") as proxy:
        monkeypatch.setenv("ST_AUTH", proxy.auth_url)
        line = (
            written(tmp_path),
            "one.tar",
            "-c",
            place,
            "--segment-size",
            "1M",
            "--retries",
            "2",
            "--connections",
            "1",
        )
        result = upload(*line, services=services)
        (tries,) = [len(sent) for path, sent in proxy.sent.items() if path.endswith("03")]
    assert result.exit_code == exit_code
    assert "Traceback" not in result.stderr
    assert tries == (2 if harm in {"401", "flip"} else 3)
    assert names(swift, place) == []
    # What the next run can go on with stays; of a file that is not what it was, nothing does.
    assert len(names(swift, f"{place}_segments")) == (0 if harm == "flip" else 3)
    assert ("the same command goes on with the 3.1 MB" in " ".join(result.stderr.split())) == (harm != "flip")


@pytest.mark.swift
@pytest.mark.parametrize("status", ["507", "413"])
@pytest.mark.parametrize("from_image", [False, True])
def test_a_store_without_room_is_told_and_what_was_sent_is_taken_away(
    status: str, from_image: bool, place: str, swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with UploadProxy(swift.auth_url, lambda path, number: status if path.endswith("2") else "") as proxy:
        monkeypatch.setenv("ST_AUTH", proxy.auth_url)
        what = TAG if from_image else written(tmp_path)
        line = (what, "one.tar", "-c", place, "--segment-size", "1M")
        result = upload(*line, services=Services(fake_engine=Engine(WHOLE)))
    assert result.exit_code == 1
    assert status in result.stderr
    assert names(swift, place) == names(swift, f"{place}_segments") == []


@pytest.mark.swift
@pytest.mark.parametrize("harm", ["lost", "500"])
@pytest.mark.parametrize("replace", [False, True])
def test_a_manifest_whose_answer_is_lost_is_looked_for(
    harm: str, replace: bool, place: str, swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, line = written(tmp_path), ("one.tar", "-c", place, "--segment-size", "1M", "--retries", "1")
    if replace:
        upload(path, *line)
    with UploadProxy(swift.auth_url, lambda path, number: harm if "multipart-manifest" in path else "") as proxy:
        monkeypatch.setenv("ST_AUTH", proxy.auth_url)
        result = upload(path, *line, *(["--replace"] if replace else []), services=Services())
    if harm == "lost":
        assert (result.exit_code, result.stderr) == (0, "")
    else:
        assert result.exit_code == 3
        assert "it is not known whether" in " ".join(result.stderr.split())
    if harm == "lost" or replace:
        # The old one has the same bytes, and must not pass for the new one: its segments would be taken away.
        assert swift.request("GET", f"{place}/one.tar")[1] == WHOLE
        assert set(manifest(swift, place)) <= set(names(swift, f"{place}_segments"))


def deaf(status: str, most: int, *beginnings: str) -> Deaf:
    """Return what gives the first answers to some questions another status."""
    return lambda question, number: status if question.startswith(beginnings) and number < most else ""


@pytest.mark.swift
@pytest.mark.parametrize("status", ["503", "404"])
@pytest.mark.parametrize("asked", ["HEAD", "GET"])
@pytest.mark.parametrize("harm", ["", "lost"])
@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("most", [2, 100])
def test_what_stands_keeps_its_segments_though_nobody_can_look(
    status: str,
    asked: str,
    harm: str,
    replace: bool,
    most: int,
    place: str,
    swift: SwiftServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = ("one.tar", "-c", place, "--segment-size", "1M", *(["--replace"] if replace else []))
    if replace:
        upload(written(tmp_path, OTHER, "old"), *line)
    with UploadProxy(
        swift.auth_url,
        lambda path, number: harm if "multipart-manifest" in path and not number else "",
        deaf(status, most, f"{asked} {place}/one.tar"),
    ) as proxy:
        monkeypatch.setenv("ST_AUTH", proxy.auth_url)
        result = upload(written(tmp_path), *line, services=Services())
    # Swift's own word for it is enough. Without it, and where nobody can look, it is open.
    is_open = harm and most == 100 and (status == "503" or not replace)
    assert result.exit_code == (3 if is_open else 0), result.stderr
    assert ("it is not known whether one.tar will stand there" in " ".join(result.stderr.split())) == bool(is_open)
    assert swift.request("GET", f"{place}/one.tar")[1] == WHOLE
    assert set(manifest(swift, place)) <= set(names(swift, f"{place}_segments"))


@pytest.mark.swift
def test_what_may_yet_stand_keeps_its_segments_for_the_next_run(
    place: str, swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, line = written(tmp_path), ("one.tar", "-c", place, "--segment-size", "1M")
    with (
        UploadProxy(
            swift.auth_url,
            lambda path, number: "500" if "multipart-manifest" in path else "",
            deaf("403", 100, f"HEAD {place}/one.tar"),
        ) as proxy,
        monkeypatch.context() as patched,
    ):
        patched.setenv("ST_AUTH", proxy.auth_url)
        result = upload(path, *line, services=Services())
    assert result.exit_code == 3
    assert "it is not known whether one.tar will stand there" in " ".join(result.stderr.split())
    assert names(swift, place) == []
    assert document(path, *line)["data"]["resumed_bytes"] == len(WHOLE)


@pytest.mark.swift
def test_a_name_that_somebody_took_in_the_end_is_refused_and_the_segments_go(
    place: str, swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(path: str, number: int) -> str:
        if "multipart-manifest" in path:
            swift.put(place, "one.tar", b"of somebody else")
        return ""

    with UploadProxy(swift.auth_url, taken) as proxy:
        monkeypatch.setenv("ST_AUTH", proxy.auth_url)
        result = upload(written(tmp_path), "one.tar", "-c", place, "--segment-size", "1M", services=Services())
    assert result.exit_code == 3
    assert "is there already" in " ".join(result.stderr.split())
    assert (swift.request("GET", f"{place}/one.tar")[1], names(swift, f"{place}_segments")) == (b"of somebody else", [])


@pytest.mark.swift
def test_an_image_that_is_saved_otherwise_the_second_time_is_told(place: str, swift: SwiftServer) -> None:
    with UploadProxy(swift.auth_url, lambda path, number: "cut" if path.endswith("2") else "") as proxy:
        login = {**swift.environ, "ST_AUTH": proxy.auth_url}
        store = SwiftStore.from_environment(login, timeout_seconds=30)
        plan = UploadPlan(place, "one.tar", 1 << 20, replace=False, clock=FakeClock())
        with pytest.raises(Changed, match="in another way"):
            upload_tarball(store, plain_image(WHOLE, OTHER), plan, QuietProgress())
    assert names(swift, place) == names(swift, f"{place}_segments") == []


@pytest.mark.swift
@pytest.mark.parametrize("connections", [1, 3])
def test_no_more_segments_are_on_their_way_than_connections(
    connections: int, place: str, swift: SwiftServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with UploadProxy(swift.auth_url) as proxy:
        monkeypatch.setenv("ST_AUTH", proxy.auth_url)
        upload(written(tmp_path), "one.tar", "-c", place, "--segment-size", "1M", "--connections", str(connections))
    assert swift.request("GET", f"{place}/one.tar")[1] == WHOLE
    assert proxy.most <= connections


@pytest.mark.swift
@pytest.mark.parametrize("replace", [False, True])
def test_two_uploads_of_one_name_at_a_time_leave_one_whole_object(
    replace: bool, place: str, swift: SwiftServer, tmp_path: Path
) -> None:
    whole, other = written(tmp_path, WHOLE, "whole"), written(tmp_path, OTHER, "other")
    start = threading.Barrier(3)

    def run(path: Path) -> str:
        store = SwiftStore.from_environment(swift.environ, timeout_seconds=30)
        plan = UploadPlan(place, "one.tar", 1 << 19, replace=replace, clock=SystemClock())
        start.wait(60)
        try:
            upload_tarball(store, file_source(path), plan, QuietProgress())
        except (Refused, UnexpectedAnswer) as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(3) as pool:
        said = list(pool.map(run, (whole, other, whole)))
    assert said.count("") >= 1
    assert [text for text in said if text and "already" not in text and "is not what was sent" not in text] == []
    assert swift.request("GET", f"{place}/one.tar")[1] in {WHOLE, OTHER}
    assert set(manifest(swift, place)) <= set(names(swift, f"{place}_segments"))


class TiredStore(SwiftStore):
    """A Swift that lists nothing once an object stands."""

    def listing(self, *place: Any, **named: Any) -> str:
        raise Unavailable("503")


@pytest.mark.swift
def test_what_stands_is_told_though_nobody_can_look_for_what_is_left(
    place: str, swift: SwiftServer, tmp_path: Path
) -> None:
    store = TiredStore.from_environment(swift.environ, timeout_seconds=30)
    plan = UploadPlan(place, "one.tar", 1 << 30, replace=False, clock=FakeClock())
    assert upload_tarball(store, file_source(written(tmp_path)), plan, QuietProgress()).other_segments == 0
