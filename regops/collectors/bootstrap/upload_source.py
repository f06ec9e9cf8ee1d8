"""What can be uploaded: a file that is an image's tarball, or an image of the engine, packed as it comes."""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from regops.collectors.bootstrap.image_tarball import ImageChecker, passing
from regops.collectors.bootstrap.tarball_source import file_tarball
from regops.errors import Failed, NotFound, UnexpectedAnswer
from regops.model.image_tarball import ImageContents
from regops.ports import Engine, Progress

# On an image of 158 MB it takes half the time of gzip's usual 6 for 3 % more bytes; 1 and 3 save little more time.
_LEVEL = 4
_GZIP = 31  # zlib's way to ask for gzip's own header, and the largest window
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class UploadSource:
    """A tarball to be uploaded.

    size_bytes is exact for a file, and what an image has at most; md5 and sha256 are known of a file. chunks gives the
    bytes, and raises instead of ending when they turn out bad.
    """

    name: str
    from_image: bool
    size_bytes: int
    tags: tuple[str, ...]
    md5: str | None
    sha256: str | None
    chunks: Callable[[], Iterator[bytes]]


def file_source(path: Path, progress: Progress) -> UploadSource:
    """Return a file, read once to see that it is whole: what is put into Swift shall be of use.

    Raises Corrupted or Refused when it is no image's tarball, and what opening it raises.
    """
    checker, md5 = ImageChecker(path.name), hashlib.md5(usedforsecurity=False)
    with file_tarball(path) as source, progress.transfer(f"checking {path.name}", source.size_bytes) as advance:
        for chunk in source.chunks:
            checker.update(chunk)
            md5.update(chunk)
            advance(len(chunk))
    contents = checker.finish()

    def chunks() -> Iterator[bytes]:
        digest = hashlib.sha256()
        with file_tarball(path) as source:
            for chunk in source.chunks:
                digest.update(chunk)
                yield chunk
        if digest.hexdigest() != contents.sha256:
            raise Failed(f"{path} was changed while it was uploaded", hint="try again once it stays as it is")

    return UploadSource(
        name=str(path),
        from_image=False,
        size_bytes=contents.size_bytes,
        tags=contents.tags,
        md5=md5.hexdigest(),
        sha256=contents.sha256,
        chunks=chunks,
    )


def image_source(engine: Engine, reference: str) -> UploadSource:
    """Return an image of the engine as a tarball that is packed as it comes.

    Raises NotFound when the engine has no such image, and what it raises.
    """
    found = engine.image(reference)
    if found is None:
        raise NotFound(
            f"there is no file {reference}, and the engine at {engine.address} has no image of that name",
            hint="`docker images` lists the images",
        )
    # An image that is asked for by its id is saved without a name.
    tag = with_tag(reference)
    tags = (tag,) if tag in found.tags else ()

    def is_the_image(contents: ImageContents) -> None:
        if contents.tags != tags or len(contents.images) != 1:
            raise UnexpectedAnswer(
                f"the engine at {engine.address} was asked for {reference} and saved {', '.join(contents.tags) or '-'}",
                hint="was the name given to another image just now? try again",
            )

    def chunks() -> Iterator[bytes]:
        return gzipped(passing(engine.save(reference), name=reference, before_end=is_the_image))

    return UploadSource(
        name=reference,
        from_image=True,
        size_bytes=found.size_bytes,
        tags=tags,
        md5=None,
        sha256=None,
        chunks=chunks,
    )


def with_tag(reference: str) -> str:
    """Return a reference as the engine spells it: without a tag it means `latest`."""
    last = reference.rpartition("/")[2]
    return reference if ":" in last or "@" in last else f"{reference}:latest"


def object_name(source: UploadSource) -> str:
    """Return the name an upload gets by itself: the file's, or `docker-registry-lab.tar.gz` for docker-registry:lab."""
    if not source.from_image:
        return Path(source.name).name
    last = source.name.rpartition("/")[2].removesuffix(":latest")
    return f"{_NOT_IN_NAMES.sub('-', last)}.tar.gz"


def gzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a stream packed, as it comes."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    for chunk in chunks:
        if packed := packer.compress(chunk):
            yield packed
    yield packer.flush()
