"""The registry's own images: what is built, saved and pushed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from regops.errors import ExitStatus
from regops.model.answer import Target


class ImageName(StrEnum):
    """The three images, in the order they are built: each stands on the one before it."""

    BASE = "base"
    MAIN = "main"
    DEV = "dev"


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """One layer of an image: the digest of its tar (`sha256:…`, uncompressed) and that tar's size."""

    digest: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Subject:
    """The image that a list of packages is about."""

    name: str
    id: str
    architecture: str
    created: datetime


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """One image of ours as it is built.

    id is the digest of its configuration, by which engines that keep Docker's own store know it. created is the date
    of the newest file in its packages (or SOURCE_DATE_EPOCH), made_at when the packages were installed here, and
    origin where they came from. packages counts them. loaded says whether the engine has this very image, None where no
    engine could be asked; tags are what the engine calls it, which need not be reference.
    """

    name: ImageName
    reference: str
    id: str
    architecture: str
    size_bytes: int
    layers: tuple[LayerFacts, ...]
    packages: int
    created: datetime
    made_at: datetime
    origin: str
    loaded: bool | None
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Images:
    """Images of ours; installed names those whose packages were installed anew for this answer."""

    target: Target
    images: tuple[BuiltImage, ...]
    installed: tuple[str, ...] = ()

    @property
    def exit_status(self) -> ExitStatus:
        """OK: what is not built is simply not there."""
        return ExitStatus.OK


@dataclass(frozen=True, slots=True)
class SavedTarball:
    """A tarball that was written: sha256 is that of the file."""

    name: ImageName
    path: str
    size_bytes: int
    sha256: str
    image: str


@dataclass(frozen=True, slots=True)
class SavedTarballs:
    """What `image save` wrote."""

    target: Target
    tarballs: tuple[SavedTarball, ...]

    @property
    def exit_status(self) -> ExitStatus:
        """OK: each is there, whole."""
        return ExitStatus.OK


@dataclass(frozen=True, slots=True)
class PushEvent:
    """One moment of a push: a line for people, and, at the end, the digest of the manifest that the registry took.

    layer is the one it is about, "" for none; sent_bytes of total_bytes are there, 0 where it is not said.
    """

    text: str
    layer: str = ""
    sent_bytes: int = 0
    total_bytes: int = 0
    digest: str = ""


@dataclass(frozen=True, slots=True)
class PushedImage:
    """An image that a registry took; digest is the registry's, of the manifest."""

    target: Target
    name: ImageName
    reference: str
    digest: str

    @property
    def exit_status(self) -> ExitStatus:
        """OK: the registry has it."""
        return ExitStatus.OK
