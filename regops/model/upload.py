"""What came of putting a tarball into Swift."""

from dataclasses import dataclass
from datetime import datetime

from regops.errors import ExitStatus
from regops.model.answer import Target
from regops.model.tarball import ObjectKind, StoreAccount


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An object that stands, and was found to be what was sent.

    source is the file or the image it was made of, from_image says which. etag is Swift's: the md5 of the bytes of a
    plain object, the hash of its segments' hashes of an SLO. segments is 0 for a plain object. resumed_bytes counts
    what an earlier run had sent, and was not sent again. replaced says whether another object had the name,
    made_swift_container whether there was no such container before. removed_segments counts the segments of the other
    object, and those that broken uploads had left; shared_segments those of them that stay, for some object of the
    Swift container is made of them, too, unclear_segments those that stay, for it could not be found out whether one
    is. other_segments lie there for this name and may belong to an upload that is
    going on, until other_until: an upload after that removes them.
    """

    target: Target
    account: StoreAccount
    name: str
    source: str
    from_image: bool
    kind: ObjectKind
    size_bytes: int
    etag: str
    sha256: str
    tags: tuple[str, ...]
    segments: int
    resumed_bytes: int
    replaced: bool
    made_swift_container: bool
    removed_segments: int
    shared_segments: int
    unclear_segments: int
    other_segments: int
    other_until: datetime | None = None

    @property
    def exit_status(self) -> ExitStatus:
        """OK: what could not be uploaded is an error, and no answer."""
        return ExitStatus.OK
