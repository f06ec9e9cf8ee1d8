"""Tarballs of small images, as `docker save` writes them, whole and otherwise."""

import hashlib
import io
import json
import random
import tarfile
from collections.abc import Mapping
from pathlib import Path


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """Return an archive of files with these names, whatever the names are."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _config(diff_id: str, seed: int) -> bytes:
    return json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": f"2026-01-0{seed}T00:00:00Z",
            "config": {"Cmd": ["/data"]},
            "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        }
    ).encode()


def image_files(*tags: str, seed: int = 1, size_bytes: int = 1_000_000) -> dict[str, bytes]:
    """Return the files of an image of one layer, manifest.json last; another seed makes another image."""
    layer = tar_of({"data": random.Random(seed).randbytes(size_bytes)})
    config = _config(f"sha256:{hashlib.sha256(layer).hexdigest()}", seed)
    name = hashlib.sha256(config).hexdigest()
    manifest = [{"Config": f"{name}.json", "RepoTags": list(tags) or None, "Layers": ["one/layer.tar"]}]
    return {"one/layer.tar": layer, f"{name}.json": config, "manifest.json": json.dumps(manifest).encode()}


def saved_image(*tags: str, seed: int = 1, size_bytes: int = 1_000_000) -> bytes:
    """Return the tarball of such an image."""
    return tar_of(image_files(*tags, seed=seed, size_bytes=size_bytes))


def write_saved_image(path: Path, tag: str, *, size_bytes: int) -> None:
    """Write the tarball of a large image, whose layer cannot be packed, with little of it in memory."""
    portions, digest, end = random.Random(1), hashlib.sha256(), b"\0" * 1024
    inner, outer = tarfile.TarInfo("data"), tarfile.TarInfo("one/layer.tar")
    inner.size = size_bytes
    outer.size = 512 + size_bytes + -size_bytes % 512 + len(end)
    with path.open("wb") as file:
        file.write(outer.tobuf(tarfile.GNU_FORMAT))

        def write(part: bytes) -> None:
            digest.update(part)
            file.write(part)

        write(inner.tobuf(tarfile.GNU_FORMAT))
        for start in range(0, size_bytes, 1 << 20):
            write(portions.randbytes(min(1 << 20, size_bytes - start)))
        write(bytes(-size_bytes % 512) + end)
        config = _config(f"sha256:{digest.hexdigest()}", 1)
        name = f"{hashlib.sha256(config).hexdigest()}.json"
        manifest = [{"Config": name, "RepoTags": [tag], "Layers": [outer.name]}]
        file.write(tar_of({name: config, "manifest.json": json.dumps(manifest).encode()}))


def image_id(*tags: str, seed: int = 1, size_bytes: int = 1_000_000) -> str:
    """Return the engine's id of it."""
    name = next(name for name in image_files(*tags, seed=seed, size_bytes=size_bytes) if name.endswith(".json"))
    return f"sha256:{name.removesuffix('.json')}"


def layer_id(seed: int = 1, size_bytes: int = 1_000_000) -> str:
    """Return the digest of its layer, by which every engine knows it; an id depends on how one keeps its images."""
    return f"sha256:{hashlib.sha256(image_files(seed=seed, size_bytes=size_bytes)['one/layer.tar']).hexdigest()}"
