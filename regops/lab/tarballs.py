"""What a registry is bootstrapped from, in the lab's Swift: its images as tarballs, under their old names."""

import zlib
from collections.abc import Callable, Iterator
from functools import partial

from regops.errors import NotFound
from regops.lab.background import run_within
from regops.lab.containers import TARBALL_CONTAINER
from regops.lab.recipe import DEV, MAIN
from regops.lab.tools import Tools
from regops.ports import ObjectStore

TARBALLS = {"docker-registry.tar.gz": MAIN.image, "docker-registry-dev.tar.gz": DEV.image}
_IMAGE_ID = "image-id"
_FILL_SECONDS = 900.0
# The fastest: it makes a third more of it and takes a third of the time, and it never leaves this machine.
_LEVEL = 1
_GZIP = 31  # zlib's way to ask for gzip's own header, and the largest window


def fill(tools: Tools, swift_url: str) -> None:
    """Put the tarballs into Swift, those that are not there or are of another image."""
    missing = {
        name: image_id
        for name, image in TARBALLS.items()
        if (image_id := tools.engine.image_id(image)) != _kept(tools.store(swift_url), name)
    }
    if not missing:
        return
    tools.progress.step(f"Filling Swift with {' and '.join(missing)}")
    with tools.progress.transfer("compressed", None) as came:
        puts = [partial(_put, tools, swift_url, name, str(image_id), came) for name, image_id in missing.items()]
        run_within(_FILL_SECONDS, "filling Swift", puts)


def gzipped(chunks: Iterator[bytes], came: Callable[[int], None]) -> Iterator[bytes]:
    """Yield a stream compressed, as it comes, telling how much of it has gone out."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    for chunk in chunks:
        if packed := packer.compress(chunk):
            came(len(packed))
            yield packed
    packed = packer.flush()
    came(len(packed))
    yield packed


def _kept(store: ObjectStore, name: str) -> str | None:
    """Return the id of the image that a tarball in Swift was made of, None when there is no such tarball."""
    try:
        return dict(store.head(TARBALL_CONTAINER, name).metadata).get(_IMAGE_ID)
    except NotFound:
        return None


def _put(tools: Tools, swift_url: str, name: str, image_id: str, came: Callable[[int], None]) -> None:
    chunks = gzipped(tools.engine.save(TARBALLS[name]), came)
    tools.store(swift_url).put(TARBALL_CONTAINER, name, chunks, metadata={_IMAGE_ID: image_id})
