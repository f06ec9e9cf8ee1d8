"""Image tarballs read as they pass: whole ones, broken ones, and those made to do harm."""

import bz2
import gzip
import hashlib
import io
import json
import lzma
import random
import tarfile
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regops.collectors.bootstrap import image_tarball_packing
from regops.collectors.bootstrap.image_tarball import ImageChecker, check_image, passing
from regops.errors import Corrupted, Refused, RegopsError
from regops.model.image_tarball import ImageContents
from saved_image import image_files, image_id, saved_image, tar_of
from two_faced_image import two_faced_images

TAG = "registry:1"
IMAGE = saved_image(TAG, size_bytes=20_000)
TWO_FACED = two_faced_images("another:tag", TAG)


def check(content: bytes, *, portion: int = 7000) -> ImageContents:
    return check_image(portions(content, portion), name="image.tar")


def portions(content: bytes, portion: int) -> Iterator[bytes]:
    return (content[at : at + portion] for at in range(0, len(content), portion))


def tar_with(*members: tuple[tarfile.TarInfo, bytes], format_: int = tarfile.GNU_FORMAT) -> bytes:
    """Return the image's own files, and more."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=format_) as archive:
        for name, content in image_files(TAG, size_bytes=100).items():
            archive.addfile(member(name, content), io.BytesIO(content))
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def member(name: str, content: bytes = b"", type_: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(content), type_, link
    return info


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def oci_files(
    *, pack: Callable[[bytes], bytes] = gzip.compress, tag: str = TAG, nested: bool = False
) -> dict[str, bytes]:
    """Return the files of an OCI layout with one image of one layer."""
    files: dict[str, bytes] = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}

    def blob(content: bytes, type_: str) -> dict[str, Any]:
        files[f"blobs/sha256/{digest(content)}"] = content
        return {"mediaType": type_, "digest": f"sha256:{digest(content)}", "size": len(content)}

    layer = tar_of({"data": b"x" * 1000})
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"diff_ids": [f"sha256:{digest(layer)}"]}}
    manifest = {
        "config": blob(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
        "layers": [blob(pack(layer), "application/vnd.oci.image.layer.v1.tar+gzip")],
    }
    top = blob(json.dumps(manifest).encode(), "application/vnd.oci.image.manifest.v1+json")
    if nested:
        absent = {**top, "digest": f"sha256:{'0' * 64}", "platform": {"os": "windows"}}
        below = {"manifests": [{**top, "platform": {"os": "linux"}}, absent, {**absent, "platform": {"os": "unknown"}}]}
        top = blob(json.dumps(below).encode(), "application/vnd.oci.image.index.v1+json")
    annotated = {**top, "annotations": {"org.opencontainers.image.ref.name": tag}}
    return {**files, "index.json": json.dumps({"manifests": [annotated]}).encode()}


@pytest.mark.parametrize("portion", [1, 511, 512, 7000, 1 << 20])
def test_a_whole_image_is_told_with_its_tags_and_layers(portion: int) -> None:
    found = check(IMAGE, portion=portion)
    assert found.tags == (TAG,)
    (image,) = found.images
    assert image.id == image_id(TAG, size_bytes=20_000)
    assert [layer.path for layer in image.layers] == ["one/layer.tar"]
    assert (found.size_bytes, found.sha256, found.compression) == (len(IMAGE), digest(IMAGE), "none")


@pytest.mark.parametrize(("pack", "name"), [(gzip.compress, "gzip"), (bz2.compress, "bzip2"), (lzma.compress, "xz")])
def test_a_packed_image_is_unpacked_as_it_comes(pack: Callable[[bytes], bytes], name: str) -> None:
    for content in (pack(IMAGE), pack(IMAGE[:9000]) + pack(IMAGE[9000:]), pack(IMAGE) + bytes(2000)):
        found = check(content, portion=100)
        assert (found.tags, found.compression, found.unpacked_bytes) == ((TAG,), name, len(IMAGE))


@pytest.mark.parametrize("nested", [False, True])
def test_an_oci_layout_is_followed_from_its_index(nested: bool) -> None:
    found = check(tar_of(oci_files(nested=nested)))
    assert (found.format, found.tags, len(found.images[0].layers)) == ("oci", (TAG,), 1)


def test_a_layer_that_regops_cannot_unpack_is_checked_as_it_lies_there() -> None:
    found = check(tar_of(oci_files(pack=lambda layer: b"\x28\xb5\x2f\xfd" + layer)))
    assert found.images[0].layers[0].diff_id is None


def test_layers_that_older_engines_link_to_are_found() -> None:
    files = image_files(TAG, size_bytes=100)
    manifest = json.loads(files.pop("manifest.json"))
    manifest[0]["Layers"] = ["two/layer.tar"]
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in {**files, "manifest.json": json.dumps(manifest).encode()}.items():
            archive.addfile(member(name, content), io.BytesIO(content))
        archive.addfile(member("two", type_=tarfile.DIRTYPE))
        archive.addfile(member("two/layer.tar", type_=tarfile.SYMTYPE, link="../one/layer.tar"))
    assert check(packed.getvalue()).images[0].layers[0].path == "two/layer.tar"


@pytest.mark.parametrize("format_", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_are_read_in_every_dialect(format_: int) -> None:
    long = f"{'folder/' * 20}VERSION"
    assert check(tar_with((member(long, b"1.0"), b"1.0"), format_=format_)).tags == (TAG,)


@given(st.integers(0, len(IMAGE) - 1))
@settings(max_examples=60, deadline=None)
def test_an_image_that_is_cut_is_never_whole(at: int) -> None:
    for content in (IMAGE[:at], gzip.compress(IMAGE)[: at % len(gzip.compress(IMAGE))]):
        # What follows the end mark only fills up the last record.
        if content and is_whole(content):
            assert digest(content) != digest(IMAGE)
            assert not any(IMAGE[len(content) :])


def is_whole(content: bytes) -> bool:
    try:
        check(content)
    except Corrupted:
        return False
    return True


@given(st.integers(0, 24_000), st.integers(1, 255))
@settings(max_examples=100, deadline=None)
def test_a_changed_byte_of_a_layer_is_found(at: int, change: int) -> None:
    layer = image_files(TAG, size_bytes=20_000)["one/layer.tar"]
    start = IMAGE.index(layer)
    damaged = bytearray(IMAGE)
    damaged[start + at % len(layer)] ^= change
    with pytest.raises(Corrupted, match=r"layer 1 of registry:1 \(one/layer.tar\) has the digest"):
        check(bytes(damaged))


@given(st.binary(min_size=1, max_size=3000))
@settings(max_examples=100, deadline=None)
def test_what_is_no_image_ends_in_words(content: bytes) -> None:
    for one in (content, gzip.compress(content), tar_of({"manifest.json": content}), content + IMAGE):
        with pytest.raises(RegopsError):
            check(one)


def changed(**change: Any) -> bytes:
    files = image_files(TAG, size_bytes=100)
    manifest = [{**json.loads(files["manifest.json"])[0], **change}]
    return tar_of({**files, "manifest.json": json.dumps(manifest).encode()})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"hello" * 999, "is no tarball"),
        (b"hello\n", "is no tarball"),
        (gzip.compress(b"hello\n"), "is no tarball"),
        (IMAGE[:300], "is cut short: its tar archive has no end, after 300 bytes"),
        (tar_of({"etc/passwd": b"", "usr/bin/sh": b""}), "holds no image: .* but etc, usr"),
        (tar_of({}), "holds no image: .* but nothing"),
        (tar_of({"manifest.json": b"[]"}), "expected a list of images"),
        (tar_of({"manifest.json": b"[" * 100_000}), "nested too deeply"),
        (changed(Config="gone.json"), "gone.json is missing, though it is announced"),
        (changed(Layers=["gone/layer.tar"]), "gone/layer.tar is missing, though it is announced"),
        (changed(Layers=[]), "names 0 layers, its configuration 1"),
        (tar_of({**oci_files(), f"blobs/sha256/{'1' * 64}": b"x"}), "which is not its name"),
        (tar_of({"index.json": b'{"manifests": []}'}), "names none that is in it"),
        (gzip.compress(IMAGE)[:-5], "is cut short: its gzip data has no end"),
        (gzip.compress(IMAGE)[:-8] + bytes(8), "is damaged: its gzip data cannot be unpacked"),
    ],
)
def test_what_is_wrong_is_named(content: bytes, said: str) -> None:
    with pytest.raises(Corrupted, match=said):
        check(content)


@pytest.mark.parametrize("name", ["../x", "/etc/cron.d/x", "a/../../x", ".."])
def test_names_that_lead_out_are_refused(name: str) -> None:
    with pytest.raises(Refused, match="leads out of it"):
        check(tar_with((member(name, b"x"), b"x")))


@pytest.mark.parametrize("type_", [tarfile.SYMTYPE, tarfile.LNKTYPE])
@pytest.mark.parametrize("link", ["../../x", "/etc/passwd", ""])
def test_links_that_lead_out_are_refused(type_: bytes, link: str) -> None:
    with pytest.raises(Refused, match="a link that leads out of it"):
        check(tar_with((member("folder/x", type_=type_, link=link), b"")))


@pytest.mark.parametrize("type_", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE, b"Z"])
def test_devices_and_the_like_are_refused(type_: bytes) -> None:
    with pytest.raises(Refused, match="a device, a pipe or the like"):
        check(tar_with((member("x", type_=type_), b"")))


@pytest.mark.parametrize("name", ["manifest.json", "./manifest.json", "one//layer.tar"])
def test_two_files_of_one_name_are_refused(name: str) -> None:
    with pytest.raises(Refused, match="twice, and nothing tells which one counts"):
        check(tar_with((member(name, b"[]"), b"[]")))


def test_what_follows_the_end_is_refused() -> None:
    with pytest.raises(Refused, match="goes on after the end"):
        check(IMAGE + IMAGE)


def test_links_in_circles_end() -> None:
    files = image_files(TAG, size_bytes=100)
    files["manifest.json"] = json.dumps([{"Config": "a", "RepoTags": [], "Layers": []}]).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            archive.addfile(member(name, content), io.BytesIO(content))
        for name, link in (("a", "b"), ("b", "a")):
            archive.addfile(member(name, type_=tarfile.SYMTYPE, link=link))
    with pytest.raises(Refused, match="go round in circles"):
        check(packed.getvalue())


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_bomb_is_refused_before_it_is_unpacked(
    pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_tarball_packing, "_FREE_BYTES", 1 << 20)
    layer = tar_of({"zeros": bytes(30 << 20)})
    for bomb in (pack(tar_of({"layer.tar": layer})), tar_of({"layer.tar": pack(layer)})):
        with pytest.raises(Refused, match="unpacks to more than"):
            check(bomb)


def test_more_json_than_images_have_is_refused() -> None:
    files = {f"{index}.json": b"{" + bytes(4_000_000) for index in range(5)}
    with pytest.raises(Refused, match="of JSON and names, too many"):
        check(tar_of(files))


def test_more_names_than_images_have_are_refused() -> None:
    with pytest.raises(Refused, match="of JSON and names, too many"):
        check_image(
            (member(f"{index}/{'a' * 4000}", type_=tarfile.DIRTYPE).tobuf(tarfile.GNU_FORMAT) for index in range(9999)),
            name="image.tar",
        )


@pytest.mark.parametrize("odd", TWO_FACED)
def test_what_an_engine_would_read_in_another_way_is_no_image(odd: str) -> None:
    try:
        tags = check(TWO_FACED[odd]).tags
    except RegopsError:
        return
    assert tags == (TAG,)


@pytest.mark.parametrize("named", [TAG, f"docker.io/library/{TAG}", "1", f"{TAG}@sha256:{'0' * 64}"])
def test_an_index_beside_the_list_may_name_the_same(named: str) -> None:
    assert check(tar_of({**image_files(TAG, size_bytes=100), **oci_files(tag=named)})).tags == (TAG,)


def test_an_index_beside_the_list_may_name_nothing_else() -> None:
    with pytest.raises(Refused, match="gives the name other:1"):
        check(tar_of({**image_files(TAG, size_bytes=100), **oci_files(tag="other:1")}))


def test_sparse_files_are_refused() -> None:
    sparse = member("x")
    sparse.pax_headers = {"GNU.sparse.major": "1"}
    with pytest.raises(Refused, match="a sparse file"):
        check(tar_with((sparse, b""), format_=tarfile.PAX_FORMAT))


def test_headers_for_all_members_do_not_pile_up() -> None:
    header = tarfile.TarInfo.create_pax_global_header({"comment": "a" * 100_000})
    assert check(header * 9 + IMAGE).tags == (TAG,)


def test_what_is_kept_back_has_a_bound() -> None:
    endless = chain([gzip.compress(IMAGE)], repeat(bytes(1 << 20)))
    with pytest.raises(Refused, match="goes on for more than 32 MiB after its end"):
        pour(passing(endless, name="x"), bytearray())


def test_what_passes_arrives_unchanged() -> None:
    seen: list[ImageContents] = []
    for content in (IMAGE, gzip.compress(IMAGE)):
        for portion in (100, 7000, 1 << 20):
            assert b"".join(passing(portions(content, portion), name="x", before_end=seen.append)) == content
    assert {found.tags for found in seen} == {(TAG,)}


def pour(chunks: Iterator[bytes], into: bytearray) -> None:
    for chunk in chunks:
        into += chunk


def damaged_late() -> bytes:
    """Return an image whose fault shows only when all of it has been read."""
    files = image_files(TAG, size_bytes=100_000)
    layer = files.pop("one/layer.tar")
    return tar_of({"one/layer.tar": random.Random(5).randbytes(len(layer)), **files})


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("portion", [64, 512, 10_000])
def test_of_a_damaged_image_the_end_does_not_pass(pack: Callable[[bytes], bytes], portion: int) -> None:
    content, passed = pack(damaged_late()), bytearray()
    with pytest.raises(Corrupted):
        pour(passing(portions(content, portion), name="x"), passed)
    assert len(content) > len(passed) > 50_000
    # Whoever reads what passed sees no whole archive: no gzip trailer, no end mark.
    with pytest.raises(Corrupted):
        check(bytes(passed))


def test_what_the_receiver_must_not_have_is_kept_back() -> None:
    def refuse(_: ImageContents) -> None:
        raise Refused("another image has this tag")

    passed = bytearray()
    with pytest.raises(Refused, match="another image"):
        pour(passing(portions(IMAGE, 512), name="x", before_end=refuse), passed)
    assert bytes(1024) not in passed[-2048:]
    with pytest.raises(Corrupted):
        check(bytes(passed))


def test_the_end_is_known_when_it_comes() -> None:
    checker = ImageChecker("x")
    checker.update(IMAGE[:5000])
    assert not checker.ended
    checker.update(IMAGE[5000:])
    assert checker.ended
