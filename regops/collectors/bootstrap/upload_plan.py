"""Where a tarball goes in Swift and how, what is noted beside it, and what came of it."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from regops.collectors.bootstrap.patience import Patience
from regops.collectors.bootstrap.segments import FORGOTTEN_SECONDS
from regops.model.tarball import IMAGE_TAGS_METADATA, SHA256_METADATA, StoredObject
from regops.ports import Clock

# The longest value Swift takes as metadata, unless it is told otherwise.
_MOST_METADATA_BYTES = 256


@dataclass(frozen=True, slots=True)
class UploadPlan:
    """Where a tarball goes: segments of segment_bytes at most, in place of what is there with replace.

    A file goes over so many connections at a time; retries are for tries in a row that brought nothing.
    """

    swift_container: str
    name: str
    segment_bytes: int
    replace: bool
    clock: Clock
    retries: int = 4
    connections: int = 4
    forgotten_seconds: float = FORGOTTEN_SECONDS

    def patience(self) -> Patience:
        """Return what counts the tries of one thing."""
        return Patience(self.retries, self.clock)


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands, and how it came to be: upload_name is "" and segments 0 for a plain object.

    is_new_container says that there was no such Swift container before.
    """

    stored: StoredObject
    sha256: str
    tags: tuple[str, ...]
    size_bytes: int
    is_new_container: bool
    upload_name: str = ""
    segments: int = 0
    resumed_bytes: int = 0


class Sent:
    """What has gone out so far of a stream; failed says that it broke by itself."""

    def __init__(self) -> None:
        self.size_bytes = 0
        self.sha256 = hashlib.sha256()
        self.failed = False

    def counted(self, chunks: Iterator[bytes], advance: Callable[[int], None]) -> Iterator[bytes]:
        """Yield chunks, taking note of them."""
        while (chunk := self._next(chunks)) is not None:
            self.size_bytes += len(chunk)
            self.sha256.update(chunk)
            yield chunk
            advance(len(chunk))

    def _next(self, chunks: Iterator[bytes]) -> bytes | None:
        try:
            return next(chunks, None)
        except Exception:
            self.failed = True
            raise


def noted(tags: tuple[str, ...], sha256: str) -> dict[str, str]:
    """Return the metadata of an object; tags only where all fit, for some of them would look like all."""
    joined = ",".join(quote(tag, safe="/:@") for tag in tags)
    noted = {IMAGE_TAGS_METADATA: joined} if joined and len(joined) <= _MOST_METADATA_BYTES else {}
    return {**noted, SHA256_METADATA: sha256}
