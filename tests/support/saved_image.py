"""Tarballs of small images, as `docker save` writes them, whole and otherwise."""

import hashlib
import io
import json
import random
import tarfile
from collections.abc import Mapping


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """Return an archive of files with these names, whatever the names are."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def image_files(*tags: str, seed: int = 1, size_bytes: int = 1_000_000) -> dict[str, bytes]:
    """Return the files of an image of one layer, manifest.json last; another seed makes another image."""
    layer = tar_of({"data": random.Random(seed).randbytes(size_bytes)})
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": f"2026-01-0{seed}T00:00:00Z",
            "config": {"Cmd": ["/data"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    name = hashlib.sha256(config).hexdigest()
    manifest = [{"Config": f"{name}.json", "RepoTags": list(tags) or None, "Layers": ["one/layer.tar"]}]
    return {"one/layer.tar": layer, f"{name}.json": config, "manifest.json": json.dumps(manifest).encode()}


def saved_image(*tags: str, seed: int = 1, size_bytes: int = 1_000_000) -> bytes:
    """Return the tarball of such an image."""
    return tar_of(image_files(*tags, seed=seed, size_bytes=size_bytes))


def image_id(*tags: str, seed: int = 1, size_bytes: int = 1_000_000) -> str:
    """Return the engine's id of it."""
    name = next(name for name in image_files(*tags, seed=seed, size_bytes=size_bytes) if name.endswith(".json"))
    return f"sha256:{name.removesuffix('.json')}"


def layer_id(seed: int = 1, size_bytes: int = 1_000_000) -> str:
    """Return the digest of its layer, by which every engine knows it; an id depends on how one keeps its images."""
    return f"sha256:{hashlib.sha256(image_files(seed=seed, size_bytes=size_bytes)['one/layer.tar']).hexdigest()}"
