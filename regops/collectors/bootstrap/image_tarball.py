"""Checking the tarball of an image as its bytes pass by: whole, and every layer what the image says it is.

Nothing is unpacked to a disk and nothing loaded; memory stays bounded whatever comes. To check a stream that goes to an
engine at the same time, let it run through `passing`: the engine never sees the end of one that is not whole.
"""

import hashlib
from collections.abc import Callable, Iterator

from parsers.tar_header import BLOCK_BYTES
from regops.collectors.bootstrap.image_tarball_members import TarContents, no_tarball, read_members
from regops.collectors.bootstrap.image_tarball_packing import FETCH_AGAIN, Budget, Unpacker
from regops.collectors.bootstrap.image_tarball_proof import prove_images
from regops.errors import Corrupted, Refused
from regops.model.image_tarball import ImageContents

# Who checks a stream that goes to an engine keeps them back, in memory.
_MOST_TRAILING_BYTES = 32 << 20


class ImageChecker:
    """Takes the bytes of one tarball in any portions; name is what messages call it.

    Its methods raise Corrupted for what is damaged or no image, Refused for what was made to do harm (an archive bomb,
    names that lead elsewhere). After that it takes no more.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._contents = TarContents()
        self._budget = Budget(name)
        self._unpacker = Unpacker(name, self._budget)
        self._reader = read_members(name, self._contents, self._budget)
        next(self._reader)
        self._digest = hashlib.sha256()
        self._size_bytes = self._unpacked_bytes = self._trailing_bytes = 0
        self._start = b""

    @property
    def ended(self) -> bool:
        """Whether the archive's end mark has come; before it, nobody can take the archive for whole."""
        return self._contents.ended

    def update(self, chunk: bytes | memoryview) -> None:
        """Take the next bytes."""
        self._size_bytes += len(chunk)
        self._budget.packed_bytes += len(chunk)
        self._digest.update(chunk)
        for piece in self._unpacker.feed(chunk):
            self._read(piece)
        if self.ended:
            self._trailing_bytes += len(chunk)
            if self._trailing_bytes > _MOST_TRAILING_BYTES:  # zeros behind the gzip data, or empty pieces of it
                raise Refused(f"{self._name} goes on for more than {_MOST_TRAILING_BYTES >> 20} MiB after its end")

    def finish(self) -> ImageContents:
        """Say that these were all bytes, and return what is in them."""
        for piece in self._unpacker.finish():
            self._read(piece)
        if not self._size_bytes:
            raise Corrupted(f"{self._name} is empty")
        if self._unpacked_bytes < BLOCK_BYTES and b"\0" not in self._start:
            raise no_tarball(self._name)  # in a header, every field ends in one
        if not self._contents.ended:
            raise Corrupted(
                f"{self._name} is cut short: its tar archive has no end, after {self._unpacked_bytes} bytes",
                hint=FETCH_AGAIN,
            )
        self._reader.close()
        kind, images = prove_images(self._name, self._contents)
        return ImageContents(
            format=kind,
            compression=self._unpacker.compression,
            images=images,
            size_bytes=self._size_bytes,
            unpacked_bytes=self._unpacked_bytes,
            sha256=self._digest.hexdigest(),
        )

    def _read(self, piece: bytes | memoryview) -> None:
        if self._unpacked_bytes < BLOCK_BYTES:
            self._start += bytes(piece[:BLOCK_BYTES])
        self._unpacked_bytes += len(piece)
        self._reader.send(piece)


def check_image(chunks: Iterator[bytes], *, name: str) -> ImageContents:
    """Return what is in a tarball that is whole. Raises as ImageChecker does, and what the chunks raise."""
    checker = ImageChecker(name)
    for chunk in chunks:
        checker.update(chunk)
    return checker.finish()


def passing(
    chunks: Iterator[bytes], *, name: str, before_end: Callable[[ImageContents], None] = lambda _: None
) -> Iterator[bytes]:
    """Yield the chunks of a tarball as they come, and its end only once the whole was found good.

    What is held back is the chunk in which the archive ends and everything from there on, and the chunk before it: a
    reader of what was let through has an archive that stops in the middle, and no gzip trailer. before_end is called
    with what is in the tarball just before the end is let through, and may raise to keep it back. Raises as
    ImageChecker does.
    """
    checker = ImageChecker(name)
    held: list[bytes] = []
    for chunk in chunks:
        checker.update(chunk)
        held.append(chunk)
        if not checker.ended and len(held) > 1:
            yield held.pop(0)
    before_end(checker.finish())
    yield from held
