"""Where a tarball goes in Swift, what is noted beside it, and what has gone out of it so far."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from regops.collectors.bootstrap.segments import FORGOTTEN_SECONDS
from regops.collectors.bootstrap.upload_source import UploadSource
from regops.errors import UnexpectedAnswer
from regops.model.tarball import IMAGE_TAGS_METADATA, SHA256_METADATA, StoredObject

# The longest value Swift takes as metadata, unless it is told otherwise.
_MOST_METADATA_BYTES = 256


@dataclass(frozen=True, slots=True)
class UploadPlan:
    """Where a tarball goes: segments of segment_bytes at most, in place of what is there with replace."""

    swift_container: str
    name: str
    segment_bytes: int
    replace: bool
    forgotten_seconds: float = FORGOTTEN_SECONDS


class Sent:
    """What has gone out so far."""

    def __init__(self) -> None:
        self.size_bytes = 0
        self.md5 = hashlib.md5(usedforsecurity=False)
        self.sha256 = hashlib.sha256()

    def counted(self, chunks: Iterator[bytes], advance: Callable[[int], None]) -> Iterator[bytes]:
        """Yield chunks, taking note of them."""
        for chunk in chunks:
            self.size_bytes += len(chunk)
            self.md5.update(chunk)
            self.sha256.update(chunk)
            yield chunk
            advance(len(chunk))


def noted(source: UploadSource, sha256: str | None) -> dict[str, str]:
    """Return the metadata of an object; tags only where all fit, for some of them would look like all."""
    tags = ",".join(quote(tag, safe="/:@") for tag in source.tags)
    noted = {IMAGE_TAGS_METADATA: tags} if tags and len(tags) <= _MOST_METADATA_BYTES else {}
    return {**noted, SHA256_METADATA: sha256} if sha256 else noted


def another(plan: UploadPlan, stored: StoredObject) -> UnexpectedAnswer:
    """Return what to say when something else stands there than was sent."""
    return UnexpectedAnswer(
        f"{plan.name} is not what was sent: {stored.size_bytes} bytes with the hash {stored.etag} stand there",
        hint="somebody else may have replaced it just now: see `regops bootstrap list`",
    )
