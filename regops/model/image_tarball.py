"""What is in the tarball of an image."""

from dataclasses import dataclass
from enum import StrEnum


class ImageFormat(StrEnum):
    """How a tarball holds images: as `docker save` writes them (newer engines add an OCI layout), or OCI alone."""

    DOCKER = "docker"
    OCI = "oci"


@dataclass(frozen=True, slots=True)
class ImageLayer:
    """One layer, checked: its path in the archive, the `sha256:…` of its unpacked bytes, its size as it lies there.

    diff_id is None where the layer is packed in a way that could not be unpacked (zstd): then its digest was checked as
    it lies there.
    """

    path: str
    diff_id: str | None
    size_bytes: int


@dataclass(frozen=True, slots=True)
class TarballImage:
    """One image of a tarball. id is the `sha256:…` of its configuration, which is the engine's id of it as well."""

    id: str
    tags: tuple[str, ...]
    layers: tuple[ImageLayer, ...]
    os: str
    architecture: str
    created: str


@dataclass(frozen=True, slots=True)
class ImageContents:
    """A tarball that was read to its end and found whole.

    compression is `none`, `gzip`, `bzip2` or `xz`; size_bytes and sha256 are of the bytes as they came,
    unpacked_bytes is the size of the archive in them.
    """

    format: ImageFormat
    compression: str
    images: tuple[TarballImage, ...]
    size_bytes: int
    unpacked_bytes: int
    sha256: str

    @property
    def tags(self) -> tuple[str, ...]:
        """The references of all images, in the order they are named."""
        return tuple(tag for image in self.images for tag in image.tags)
