"""`regops image save`: an image as a compressed tarball, the same bytes for the same image."""

import hashlib
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from regops.errors import Failed, NotFound, PermissionDenied
from regops.image.archive import archive, archive_size
from regops.image.describe import reference_of
from regops.image.image import Image
from regops.image.parallel_gzip import gzipped
from regops.model.built_image import ImageName, SavedTarball
from regops.model.size import size_words
from regops.ports import Progress

# Packages are programs, libraries and texts: gzip leaves about a third of them. Half is asked for.
_SHARE = 0.5


def file_name(image: Image) -> str:
    """Return the name that a tarball of an image has, here and in Swift."""
    return f"{image.recipe.repository.rpartition('/')[2]}.tar.gz"


def save(image: Image, name: ImageName, folder: Path, progress: Progress) -> SavedTarball:
    """Write the tarball of an image to a folder: whole, under its name, or not at all.

    Raises NotFound without the folder, Failed when it does not fit, PermissionDenied when it may not be written.
    """
    path = folder / file_name(image)
    _check_space(folder, int(archive_size(image) * _SHARE))
    digest, size = hashlib.sha256(), 0
    try:
        descriptor, part = tempfile.mkstemp(dir=folder, prefix=f".{path.name}.", suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as file, progress.transfer(path.name, None) as came:
                for chunk in gzipped(archive(image, reference_of(name))):
                    file.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
                    came(len(chunk))
                file.flush()
                os.fchmod(descriptor, 0o666 & ~_mask())
                os.fsync(descriptor)
            Path(part).replace(path)
            _flush_folder(folder)
        finally:
            Path(part).unlink(missing_ok=True)
    except OSError as error:
        kind = PermissionDenied if isinstance(error, PermissionError) else Failed
        raise kind(f"cannot write {path}: {error.strerror}", hint="--to names another folder") from error
    return SavedTarball(name=name, path=str(path), size_bytes=size, sha256=digest.hexdigest(), image=image.id)


def _check_space(folder: Path, needed_bytes: int) -> None:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise NotFound(f"{folder}: {error.strerror}", hint=f"make it first: mkdir -p {folder}") from error
    if free < needed_bytes:
        raise Failed(
            f"{folder} has {size_words(free)} free, and a tarball may need {size_words(needed_bytes)}",
            hint="--to names another folder",
        )


def _flush_folder(folder: Path) -> None:
    """See that the new name is on the disk too; some file systems cannot do it for folders."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _mask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
