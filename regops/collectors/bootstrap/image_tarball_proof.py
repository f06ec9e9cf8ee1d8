"""Whether what lies in a tarball is what its manifests announce: every configuration and every layer, by digest."""

import re
from bisect import bisect
from collections.abc import Iterator

from parsers.errors import ParseError
from parsers.image_manifest import (
    Descriptor,
    ImageConfig,
    OciManifest,
    SavedImage,
    parse_docker_manifest,
    parse_image_config,
    parse_oci_index,
    parse_oci_manifest,
)
from regops.collectors.bootstrap.image_name import familiar
from regops.collectors.bootstrap.image_tarball_members import TarContents, TarFile
from regops.collectors.bootstrap.image_tarball_packing import FETCH_AGAIN
from regops.errors import Corrupted, Refused
from regops.model.image_tarball import ImageFormat, ImageLayer, TarballImage

_NAMED_BY_DIGEST = re.compile(r"(?:blobs/sha256/)?([0-9a-f]{64})(?:\.json)?")
_INDEX_TYPES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)
_MOST_LINKS = 10
_MOST_MANIFESTS = 1000
_DEEPEST = 5
_SHOWN = 5
_SHOWN_ID = 12


def prove_images(name: str, contents: TarContents) -> tuple[ImageFormat, tuple[TarballImage, ...]]:
    """Return the images of an archive, all found whole.

    Raises Corrupted where a part is missing or another than announced, or where there is no image at all.
    """
    for path, found in contents.files.items():
        named = _NAMED_BY_DIGEST.fullmatch(path)
        if named and named[1] != found.sha256:
            raise Corrupted(
                f"{name} is damaged: {path} has the sha256 {found.sha256}, which is not its name", hint=FETCH_AGAIN
            )
    _check_links(name, contents)
    at_top = contents.files.keys() | contents.links.keys()
    if "manifest.json" in at_top:
        images = _docker_images(name, contents)
        if "index.json" in at_top:
            _check_index_names(name, contents, images)
        return ImageFormat.DOCKER, images
    if "index.json" in at_top:
        return ImageFormat.OCI, _oci_images(name, contents)
    tops = sorted({path.partition("/")[0] for path in (*contents.files, *contents.links, *contents.folders)} - {""})
    shown = ", ".join(tops[:_SHOWN]) + (", …" if len(tops) > _SHOWN else "") if tops else "nothing"
    is_root = {"etc", "usr"} <= set(tops)
    raise Corrupted(
        f"{name} holds no image: there is neither a manifest.json nor an index.json in it, but {shown}",
        hint="that looks like a root file system, for `docker import`" if is_root else "see `docker save`",
    )


def _check_links(name: str, contents: TarContents) -> None:
    """Raise Refused for a member below a link: on a disk it lies elsewhere, maybe in another one's place."""
    paths = sorted((*contents.files, *contents.links, *contents.folders))
    for link in contents.links:
        below = bisect(paths, f"{link}/")
        if below < len(paths) and paths[below].startswith(f"{link}/"):
            raise Refused(f"{name} holds {paths[below]}, below the link {link}, which no image does")


def _check_index_names(name: str, contents: TarContents, images: tuple[TarballImage, ...]) -> None:
    """Raise Refused where index.json gives a tag that manifest.json does not: an engine goes by one or the other."""
    known = {familiar(tag) for image in images for tag in image.tags}
    try:
        found = parse_oci_index(_document(name, contents, "index.json"), source="index.json")
    except ParseError as error:
        raise Corrupted(f"{name} is damaged: {error}", hint=FETCH_AGAIN) from error
    for tag in (descriptor.tag for descriptor in found):
        if ":" in tag and "@" not in tag and familiar(tag) not in known:
            raise Refused(f"{name} gives the name {tag} in its index.json, and not in its manifest.json")


def _docker_images(name: str, contents: TarContents) -> tuple[TarballImage, ...]:
    try:
        saved = parse_docker_manifest(_document(name, contents, "manifest.json"), source="manifest.json")
    except ParseError as error:
        raise Corrupted(f"{name} is damaged: {error}", hint=FETCH_AGAIN) from error
    if len(saved) > _MOST_MANIFESTS:
        raise Refused(f"{name} holds more than {_MOST_MANIFESTS} images")
    return tuple(_docker_image(name, contents, image) for image in saved)


def _docker_image(name: str, contents: TarContents, image: SavedImage) -> TarballImage:
    called = image.tags[0] if image.tags else image.config[:_SHOWN_ID]
    config = _config(name, contents, image.config)
    if len(config.diff_ids) != len(image.layers):
        raise Corrupted(
            f"{name} is damaged: {called} names {len(image.layers)} layers, its configuration {len(config.diff_ids)}"
        )
    layers = tuple(
        _layer(name, contents, path, diff_id, f"layer {number} of {called}")
        for number, (path, diff_id) in enumerate(zip(image.layers, config.diff_ids, strict=True), 1)
    )
    return _image(f"sha256:{_file(name, contents, image.config).sha256}", image.tags, layers, config)


def _oci_images(name: str, contents: TarContents) -> tuple[TarballImage, ...]:
    images: dict[str, TarballImage] = {}
    for descriptor, manifest in _manifests(name, contents, "index.json", "", _DEEPEST):
        config_path = _blob(manifest.config)
        config = _config(name, contents, config_path)
        called = descriptor.tag or descriptor.digest
        if len(config.diff_ids) != len(manifest.layers):
            raise Corrupted(f"{name} is damaged: {called} and its configuration name different numbers of layers")
        layers = tuple(
            _layer(name, contents, _blob(layer), diff_id, f"layer {number} of {called}", layer.size_bytes)
            for number, (layer, diff_id) in enumerate(zip(manifest.layers, config.diff_ids, strict=True), 1)
        )
        known = images[manifest.config.digest].tags if manifest.config.digest in images else ()
        tags = (*known, descriptor.tag) if descriptor.tag and descriptor.tag not in known else known
        images[manifest.config.digest] = _image(manifest.config.digest, tags, layers, config)
        if len(images) > _MOST_MANIFESTS:
            raise Refused(f"{name} holds more than {_MOST_MANIFESTS} images")
    if not images:
        raise Corrupted(f"{name} holds no image: its index.json names none that is in it", hint=FETCH_AGAIN)
    return tuple(images.values())


def _manifests(
    name: str, contents: TarContents, path: str, tag: str, depth: int
) -> Iterator[tuple[Descriptor, OciManifest]]:
    """Yield the manifests below an index. One of another platform may have been left out, but not one named on top."""
    if not depth:
        raise Refused(f"the indexes in {name} are nested too deeply")
    try:
        for found in parse_oci_index(_document(name, contents, path), source=path):
            below = _blob(found)
            if found.os == "unknown" or (depth < _DEEPEST and below not in contents.files):
                continue
            descriptor = Descriptor(found.digest, found.size_bytes, found.media_type, found.tag or tag, found.os)
            if found.media_type in _INDEX_TYPES:
                yield from _manifests(name, contents, below, descriptor.tag, depth - 1)
            else:
                yield descriptor, parse_oci_manifest(_document(name, contents, below), source=below)
    except ParseError as error:
        raise Corrupted(f"{name} is damaged: {error}", hint=FETCH_AGAIN) from error


def _layer(
    name: str, contents: TarContents, path: str, diff_id: str, what: str, size_bytes: int | None = None
) -> ImageLayer:
    found = _file(name, contents, path)
    if size_bytes is not None and size_bytes != found.size_bytes:
        raise Corrupted(f"{name} is damaged: {what} has {found.size_bytes} bytes where {size_bytes} were announced")
    if found.diff_sha256 is None and not _NAMED_BY_DIGEST.fullmatch(path):
        raise Refused(f"{name}: {what} is packed with zstd, which regops cannot unpack, and has no digest of its own")
    if found.diff_sha256 is not None and f"sha256:{found.diff_sha256}" != diff_id:
        raise Corrupted(
            f"{name} is damaged: {what} ({path}) has the digest sha256:{found.diff_sha256} "
            f"where the image's configuration says {diff_id}",
            hint=FETCH_AGAIN,
        )
    return ImageLayer(path, diff_id if found.diff_sha256 else None, found.size_bytes)


def _config(name: str, contents: TarContents, path: str) -> ImageConfig:
    try:
        return parse_image_config(_document(name, contents, path), source=path)
    except ParseError as error:
        raise Corrupted(f"{name} is damaged: {error}", hint=FETCH_AGAIN) from error


def _document(name: str, contents: TarContents, path: str) -> str:
    found = _file(name, contents, path)
    if found.document is None:
        raise Corrupted(f"{name} is damaged: {path} is no JSON of a size that images have", hint=FETCH_AGAIN)
    return found.document


def _file(name: str, contents: TarContents, path: str) -> TarFile:
    """Return a file of the archive, through its links: older engines save a layer once and link to it."""
    at = "/".join(part for part in path.split("/") if part not in {"", "."})
    for _ in range(_MOST_LINKS):
        if at in contents.files:
            return contents.files[at]
        if at not in contents.links:
            raise Corrupted(f"{name} is damaged: {path} is missing, though it is announced", hint=FETCH_AGAIN)
        at = contents.links[at]
    raise Refused(f"the links in {name} go round in circles, at {path}")


def _image(digest: str, tags: tuple[str, ...], layers: tuple[ImageLayer, ...], config: ImageConfig) -> TarballImage:
    return TarballImage(digest, tags, layers, config.os, config.architecture, config.created)


def _blob(descriptor: Descriptor) -> str:
    return f"blobs/{descriptor.digest.replace(':', '/')}"
