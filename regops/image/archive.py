"""An image as one tar that every engine loads: Docker's manifest.json and an OCI layout over the same blobs.

Source: OCI image layout specification 1.1; Docker Image Specification v1.2, "Combined Image JSON + Filesystem
Changeset Format". `docker save` has written both at once since version 25; older engines read manifest.json.
"""

import hashlib
import json
import tarfile
from collections.abc import Iterator
from typing import Any

from regops.image.image import Image

_BLOBS = "blobs/sha256/"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"


def archive(image: Image, reference: str) -> Iterator[bytes]:
    """Yield the tar of an image that is to be called reference, the same bytes for the same image.

    Raises Corrupted when a layer is not what it was when it was made.
    """
    manifest = _manifest(image)
    small = {
        "oci-layout": _json({"imageLayoutVersion": "1.0.0"}),
        "index.json": _index(image, manifest, reference),
        "manifest.json": _docker_manifest(image, reference),
        _BLOBS + hashlib.sha256(manifest).hexdigest(): manifest,
        _blob(image.id): image.config,
    }
    for folder in ("blobs", _BLOBS):
        yield _header(image, folder.rstrip("/"), folder=True)
    for name, content in small.items():
        yield _header(image, name, len(content)) + content + _padding(len(content))
    # Layers of the same content are one blob.
    for layer in {layer.facts.digest: layer for layer in image.layers}.values():
        yield _header(image, _blob(layer.facts.digest), layer.facts.size_bytes)
        yield from layer.chunks()
        yield _padding(layer.facts.size_bytes)
    yield tarfile.NUL * (2 * tarfile.BLOCKSIZE)


def archive_size(image: Image) -> int:
    """Return about how many bytes archive() yields: the layers, and less than 64 KiB around them."""
    return image.size_bytes + (1 << 16)


def _blob(digest: str) -> str:
    return _BLOBS + digest.removeprefix("sha256:")


def _manifest(image: Image) -> bytes:
    config = {"mediaType": _CONFIG, "digest": image.id, "size": len(image.config)}
    layers = [
        {"mediaType": _LAYER, "digest": layer.facts.digest, "size": layer.facts.size_bytes} for layer in image.layers
    ]
    return _json({"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, "layers": layers})


def _index(image: Image, manifest: bytes, reference: str) -> bytes:
    document = json.loads(image.config)
    platform = {key: document[key] for key in ("architecture", "os", "variant") if key in document}
    described = {
        "mediaType": _MANIFEST,
        "digest": f"sha256:{hashlib.sha256(manifest).hexdigest()}",
        "size": len(manifest),
        "annotations": {
            "io.containerd.image.name": f"docker.io/{reference}",
            "org.opencontainers.image.ref.name": reference.rpartition(":")[2],
        },
        "platform": platform,
    }
    return _json({"schemaVersion": 2, "mediaType": _INDEX, "manifests": [described]})


def _docker_manifest(image: Image, reference: str) -> bytes:
    layers = [_blob(layer.facts.digest) for layer in image.layers]
    return _json([{"Config": _blob(image.id), "RepoTags": [reference], "Layers": layers}])


def _header(image: Image, name: str, size: int = 0, *, folder: bool = False) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = size, image.installed.epoch, 0o644
    if folder:
        member.type, member.mode = tarfile.DIRTYPE, 0o755
    return member.tobuf(format=tarfile.USTAR_FORMAT)


def _padding(size: int) -> bytes:
    return tarfile.NUL * (-size % tarfile.BLOCKSIZE)


def _json(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
