"""What came of giving an engine the images of a tarball."""

from dataclasses import dataclass
from enum import StrEnum

from regops.errors import ExitStatus
from regops.model.answer import Target
from regops.model.tarball import Proof


class TagOutcome(StrEnum):
    """What became of one reference: it names an image for the first time, the same one as before, or another one."""

    NEW = "new"
    SAME = "same as before"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class LoadedTag:
    """One reference that came with a tarball.

    image_id is what the engine calls the image it names now; before_id the one it named before, None for none: that
    image is still there, without this name.
    """

    tag: str
    outcome: TagOutcome
    image_id: str
    before_id: str | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A tarball that an engine took, after it was found whole.

    swift_container is None for a file. proof says what the bytes agreed with besides the image's own digests; sha256
    and size_bytes are of the bytes as they came. untagged are the ids of images that came without a reference.
    """

    target: Target
    engine: str
    name: str
    swift_container: str | None
    size_bytes: int
    unpacked_bytes: int
    sha256: str
    proof: Proof
    tags: tuple[LoadedTag, ...]
    untagged: tuple[str, ...]

    @property
    def exit_status(self) -> ExitStatus:
        """OK: what could not be loaded is an error, and no answer."""
        return ExitStatus.OK
