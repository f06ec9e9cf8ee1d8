"""What an object store holds, and what came of fetching some of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from regops.errors import ExitStatus
from regops.model.answer import PartFailure, Target, part_failure

IMAGE_TAGS_METADATA = "regops-image-tags"
"""X-Object-Meta-…: the references of the images in a tarball, comma separated, each percent-encoded where needed."""
SHA256_METADATA = "regops-sha256"
"""X-Object-Meta-…: the sha256 of the whole tarball as it is stored, in lower case hexadecimal digits."""


class ObjectKind(StrEnum):
    """How Swift keeps an object, which decides what its ETag is worth.

    plain: the ETag is the md5 of the bytes. slo (static large object): segments named by a manifest, each with its
    own md5. dlo (dynamic large object): whatever segments share a prefix when it is read; nothing vouches for them.
    """

    PLAIN = "plain"
    SLO = "slo"
    DLO = "dlo"


@dataclass(frozen=True, slots=True)
class StoreAccount:
    """Who we are to the object store, and where it is.

    method is `v1`, `keystone v2.0`, `keystone v3` or `token`; variables says where the credentials came from
    (`ST_*`, `OS_*`); note, if not empty, is something the operator should know about them. No secret is in here.
    """

    method: str
    auth_url: str | None
    user: str | None
    project: str | None
    region: str | None
    storage_url: str
    variables: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object of a Swift container.

    size_bytes is None where the server does not say (a DLO of many segments); etag carries no quotes and is the md5
    of the bytes for a plain object, the hash of its segments' hashes for an SLO, None where it proves nothing. metadata
    is what X-Object-Meta-* say, names in lower case, and empty in a listing, which does not tell; image_tags are the
    references that an upload noted in it, takes_ranges says whether a part of it can be asked for, and both are None
    where the object itself was not asked.
    """

    name: str
    size_bytes: int | None
    modified: datetime | None
    etag: str | None
    kind: ObjectKind
    content_type: str | None
    metadata: tuple[tuple[str, str], ...] = ()
    image_tags: tuple[str, ...] | None = None
    takes_ranges: bool | None = field(default=None, compare=False)  # how it can be asked for, not what it is


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """One part of a large object, as it was sent: where it lies, and the md5 of its bytes."""

    swift_container: str
    name: str
    size_bytes: int
    md5: str


@dataclass(frozen=True, slots=True)
class Tarballs:
    """The objects of one Swift container, in the order of their names.

    note, if not empty, says of which objects the image tags are not known, and why.
    """

    target: Target
    account: StoreAccount
    objects: tuple[StoredObject, ...]
    note: str = ""

    @property
    def exit_status(self) -> ExitStatus:
        """A container that could be listed is good news, even an empty one."""
        return ExitStatus.OK


def common_status(statuses: Iterable[ExitStatus]) -> ExitStatus:
    """Return the status of an answer about several things: 3 only when none of them could be asked for."""
    found = set(statuses)
    return found.pop() if len(found) == 1 else ExitStatus.BAD_NEWS if found else ExitStatus.OK


class Outcome(StrEnum):
    """What became of one object that was asked for."""

    DOWNLOADED = "downloaded"
    ALREADY_HERE = "already here"
    FAILED = "failed"


class Proof(StrEnum):
    """What shows that a file is the object, byte for byte."""

    MD5 = "md5"
    SEGMENTS = "segments"
    PARTLY = "partly"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Download:
    """One object that was asked for, and what came of it.

    path is None when it failed; resumed_bytes counts what an earlier run had fetched already, unproved_bytes what no
    checksum covers; error and hint are empty unless it failed, kind is then the failure's stable word and exit_code
    what it would end with alone.
    """

    name: str
    outcome: Outcome
    path: str | None = None
    size_bytes: int | None = None
    checksum: str | None = None
    proof: Proof = Proof.NONE
    resumed_bytes: int = 0
    unproved_bytes: int = 0
    kind: str = ""
    error: str = ""
    hint: str = ""
    exit_code: ExitStatus = ExitStatus.OK


@dataclass(frozen=True, slots=True)
class Downloads:
    """What came of downloading some objects, in the order they were asked for."""

    target: Target
    account: StoreAccount
    downloads: tuple[Download, ...]

    @property
    def failures(self) -> tuple[PartFailure, ...]:
        """Why some of them failed."""
        return tuple(part_failure(one.name, one.kind, one.error, one.hint) for one in self.downloads if one.error)

    @property
    def exit_status(self) -> ExitStatus:
        """What each would have ended with alone, where that is the same for all; else some of it is bad news."""
        return common_status(download.exit_code for download in self.downloads)
