"""The JSON in an image's tarball: Docker's manifest.json, an image's configuration, OCI's index and manifest.

    manifest.json  [{"Config": "d7c6….json", "RepoTags": ["busybox:latest"], "Layers": ["132c…/layer.tar"]}]
    configuration  {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ["sha256:…"]}}
    index.json     {"schemaVersion": 2, "manifests": [{"mediaType": "…", "digest": "sha256:…", "size": 610}]}
    manifest       {"schemaVersion": 2, "config": {"digest": …}, "layers": [{"digest": …, "size": …}]}

Source: moby, image/spec/v1.2.md, "Combined Image JSON + Filesystem Changeset Format"; OCI image-spec, image-layout.md,
image-index.md, manifest.md and config.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from parsers.errors import ParseError
from parsers.json_text import as_list, as_object, parse_json

_SHOWN = 200
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TAG_ANNOTATIONS = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


@dataclass(frozen=True, slots=True)
class SavedImage:
    """One entry of manifest.json: paths in the archive of its configuration and its layers, and its references."""

    config: str
    tags: tuple[str, ...]
    layers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What an image's configuration says that a reader can check; diff_ids are `sha256:…` of the unpacked layers."""

    diff_ids: tuple[str, ...]
    architecture: str
    os: str
    created: str


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What points at a blob: its `sha256:…`, size and media type; tag is "" where no annotation names it.

    os is that of the platform it is for, "" if none is named, `unknown` for what is no image (an attestation).
    """

    digest: str
    size_bytes: int
    media_type: str
    tag: str
    os: str


@dataclass(frozen=True, slots=True)
class OciManifest:
    """One image of an OCI layout."""

    config: Descriptor
    layers: tuple[Descriptor, ...]


def parse_docker_manifest(text: str, *, source: str) -> tuple[SavedImage, ...]:
    """Return the images that manifest.json names. Raises ParseError when it is no such list."""
    entries = as_list(parse_json(text, source=source).value)
    if not entries:
        raise _wrong("expected a list of images", source, text)
    return tuple(_saved(entry, source) for entry in entries)


def parse_image_config(text: str, *, source: str) -> ImageConfig:
    """Return what an image's configuration says. Raises ParseError when it is none."""
    found = _spelt(parse_json(text, source=source).value, source, "rootfs")
    rootfs = _spelt(found.get("rootfs"), source, "diff_ids") if found else None
    if found is None or rootfs is None:
        raise _wrong("an image's configuration needs a rootfs", source, text)
    diff_ids = _texts(rootfs.get("diff_ids"), source)
    if not all(_DIGEST.fullmatch(diff_id) for diff_id in diff_ids):
        raise _wrong("diff_ids have to be sha256 digests", source, text)
    return ImageConfig(diff_ids, _text(found, "architecture"), _text(found, "os"), _text(found, "created"))


def parse_oci_index(text: str, *, source: str) -> tuple[Descriptor, ...]:
    """Return what an OCI index (index.json, or a blob that is one) points at. Raises ParseError when it is none."""
    found = _spelt(parse_json(text, source=source).value, source, "manifests")
    manifests = as_list(found.get("manifests")) if found else None
    if manifests is None:
        raise _wrong("an index needs a list of manifests", source, text)
    return tuple(_descriptor(entry, source) for entry in manifests)


def parse_oci_manifest(text: str, *, source: str) -> OciManifest:
    """Return what an OCI (or Docker's schema 2) manifest points at. Raises ParseError when it is none."""
    found = _spelt(parse_json(text, source=source).value, source, "config", "layers")
    layers = as_list(found.get("layers")) if found else None
    if found is None or layers is None:
        raise _wrong("a manifest needs a configuration and layers", source, text)
    return OciManifest(_descriptor(found.get("config"), source), tuple(_descriptor(entry, source) for entry in layers))


def _spelt(value: object, source: str, *names: str) -> Mapping[str, object] | None:
    """Return a JSON object, None for something else.

    Raises ParseError when it has one of the names in another case: an engine is written in Go, which would take it for
    that name, and so read something else than we did.
    """
    found = as_object(value)
    folded = {name.casefold() for name in names}
    odd = next((key for key in found or () if key.casefold() in folded and key not in names), None)
    if odd is not None:
        raise _wrong(f"the name {odd!a} is spelt in another way than engines spell it", source, ascii(found))
    return found


def _saved(value: object, source: str) -> SavedImage:
    entry = _spelt(value, source, "Config", "RepoTags", "Layers")
    config = entry.get("Config") if entry else None
    if entry is None or not isinstance(config, str) or not config:
        raise _wrong("an image needs a Config", source, ascii(entry))
    return SavedImage(config, _texts(entry.get("RepoTags"), source), _texts(entry.get("Layers"), source))


def _descriptor(value: object, source: str) -> Descriptor:
    entry = _spelt(value, source, "mediaType", "digest", "size", "annotations", "platform")
    digest, size = (entry.get("digest"), entry.get("size")) if entry else (None, None)
    if entry is None or not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise _wrong("a descriptor needs a sha256 digest", source, ascii(value))
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise _wrong("a descriptor needs a size", source, ascii(value))
    annotations = as_object(entry.get("annotations")) or {}
    tag = next((tag for name in _TAG_ANNOTATIONS if isinstance(tag := annotations.get(name), str)), "")
    platform = as_object(entry.get("platform")) or {}
    return Descriptor(digest, size, _text(entry, "mediaType"), tag, _text(platform, "os"))


def _texts(value: object, source: str) -> tuple[str, ...]:
    """Return a list of texts; null is how Go writes an empty one."""
    found = [] if value is None else as_list(value)
    if found is None or not all(isinstance(each, str) for each in found):
        raise _wrong("expected a list of texts", source, ascii(value))
    return tuple(str(each) for each in found)


def _text(found: Mapping[str, object], key: str) -> str:
    value = found.get(key)
    return value if isinstance(value, str) else ""


def _wrong(reason: str, source: str, text: str) -> ParseError:
    return ParseError(reason, source=source, line=1, text=text[:_SHOWN])
