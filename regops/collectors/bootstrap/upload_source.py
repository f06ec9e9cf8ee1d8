"""What can be uploaded: a file that is an image's tarball, or an image of the engine, packed as it comes."""

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from regops.collectors.bootstrap.image_name import familiar, with_tag
from regops.collectors.bootstrap.image_tarball import passing
from regops.collectors.bootstrap.tarball_source import file_tarball, nor_file
from regops.errors import Failed, NotFound, UnexpectedAnswer
from regops.model.image_tarball import ImageContents
from regops.ports import Engine

# On an image of 158 MB it takes half the time of gzip's usual 6 for 3 % more bytes; 1 and 3 save little more time.
_LEVEL = 4
_CHUNK_BYTES = 256 << 10
_GZIP = 31  # zlib's way to ask for gzip's own header, and the largest window
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class UploadFile:
    """A file to be uploaded, of which any stretch can be read as often as need be."""

    name: str
    size_bytes: int

    def stretch(self, start: int, most_bytes: int) -> Iterator[bytes]:
        """Yield the bytes from start on, so many unless the file was to end before. Raises Failed when it ends earlier.

        It is opened anew each time; whether that is still the same file, the checksums tell.
        """
        left = min(most_bytes, self.size_bytes - start)
        try:
            with Path(self.name).open("rb", buffering=0) as file:
                file.seek(start)
                while left and (chunk := file.read(min(_CHUNK_BYTES, left))):
                    left -= len(chunk)
                    yield chunk
        except OSError as error:
            raise Failed(f"{self.name} cannot be read any more: {error.strerror}") from error
        if left:
            raise changed(self.name)


@dataclass(frozen=True, slots=True)
class UploadImage:
    """An image of the engine to be uploaded, which has at most size_bytes.

    chunks saves it, packed as it comes, as often as it is called; it raises instead of ending when the bytes turn out
    bad.
    """

    name: str
    size_bytes: int
    tags: tuple[str, ...]
    chunks: Callable[[], Iterator[bytes]]


UploadSource = UploadFile | UploadImage


def file_source(path: Path) -> UploadFile:
    """Return a file. Raises what opening it raises."""
    with file_tarball(path) as source:
        return UploadFile(str(path), source.size_bytes or 0)


def changed(name: str) -> Failed:
    """Return what to say of a file that is not what it was."""
    return Failed(f"{name} was changed while it was uploaded", hint="try again once it stays as it is")


def image_source(engine: Engine, reference: str) -> UploadImage:
    """Return an image of the engine as a tarball that is packed as it comes.

    Raises NotFound when the engine has no such image, and what it raises.
    """
    with nor_file(reference):
        found = engine.image(reference)
        if found is None:
            raise NotFound(
                f"the engine at {engine.address} has no image of that name", hint="`docker images` lists the images"
            )
    # An image that is asked for by its id is saved without a name.
    tag = familiar(with_tag(reference))
    tags = (tag,) if tag in found.tags else ()

    def is_the_image(contents: ImageContents) -> None:
        if contents.tags != tags or len(contents.images) != 1:
            raise UnexpectedAnswer(
                f"the engine at {engine.address} was asked for {reference} and saved {', '.join(contents.tags) or '-'}",
                hint="was the name given to another image just now? try again",
            )

    def chunks() -> Iterator[bytes]:
        return gzipped(passing(engine.save(reference), name=reference, before_end=is_the_image))

    return UploadImage(reference, found.size_bytes, tags, chunks)


def object_name(source: UploadSource) -> str:
    """Return the name an upload gets by itself: the file's, or `docker-registry-lab.tar.gz` for docker-registry:lab."""
    if isinstance(source, UploadFile):
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
