"""What was built and is kept: layers of packages, one for each recipe that installs some, with a record beside it."""

import fcntl
import json
import os
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from regops.errors import Failed, PermissionDenied
from regops.image.recipes import Recipe
from regops.model.built_image import LayerFacts
from regops.model.size import size_words
from regops.ports import Clock, Progress

_WAIT_SECONDS = 1800.0
_STEP_SECONDS = 0.2
# A root file system, its tar, and the layer that is made of it, with room to spare.
_NEEDED_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Installed:
    """A layer of packages as it is kept.

    key is the recipe's; below the digest of the layer it stands on, "" for none. epoch dates the packages, made_at
    their installation (seconds since 1970). passwd and group are the texts of the root file system, dpkg_status its
    list of packages; entries of the root are not kept: they are read again from the tar when something stands on it.
    """

    key: str
    below: str
    origin: str
    digest: str
    size_bytes: int
    epoch: int
    made_at: float
    passwd: str
    group: str
    dpkg_status: str

    @property
    def layer(self) -> LayerFacts:
        """The layer's digest and size."""
        return LayerFacts(self.digest, self.size_bytes)

    @property
    def texts(self) -> dict[str, str]:
        """The texts by which owners are known."""
        return {"etc/passwd": self.passwd, "etc/group": self.group}


class Store:
    """A folder of layers; it need not exist."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def layer_path(self, recipe: Recipe) -> Path:
        """Return where the layer of a recipe's packages is kept; it need not be there."""
        return self.folder / f"{recipe.name}.tar"

    def find(self, recipe: Recipe) -> Installed | None:
        """Return what is kept of a recipe, None where that is nothing, or not whole, or of another recipe."""
        try:
            record = Installed(**json.loads(self._record_path(recipe).read_bytes()))
            size = self.layer_path(recipe).stat().st_size
        except (OSError, ValueError, TypeError):
            return None
        return record if (record.key, record.size_bytes) == (recipe.key, size) else None

    def keep(self, recipe: Recipe, part: Path, record: Installed) -> None:
        """Give a finished layer its name, and its record after it: without one, the layer does not count."""
        with _told(self.folder):
            self._record_path(recipe).unlink(missing_ok=True)
            part.replace(self.layer_path(recipe))
            written = self.folder / f"{recipe.name}.json.part"
            written.write_text(json.dumps(asdict(record)), encoding="utf-8")
            written.replace(self._record_path(recipe))

    @contextmanager
    def part(self, recipe: Recipe) -> Generator[tuple[Path, BinaryIO]]:
        """Give a file to write a layer to, flushed to the disk afterwards; it is gone unless it was kept."""
        path = self.folder / f"{recipe.name}.tar.part"
        with _told(self.folder):
            try:
                with path.open("wb") as file:
                    yield path, file
                    file.flush()
                    os.fsync(file.fileno())
            except BaseException:
                path.unlink(missing_ok=True)
                raise

    @contextmanager
    def only_one(self, clock: Clock, progress: Progress) -> Generator[None]:
        """Hold the folder's lock, making the folder: two that build would trip each other.

        Raises Failed when another one holds it for half an hour or when the disk is too full, PermissionDenied for a
        folder that cannot be made.
        """
        with _told(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._wait(descriptor, clock, progress)
            yield
        finally:
            os.close(descriptor)

    def check_space(self) -> None:
        """Raise Failed when there is no room to build."""
        free = shutil.disk_usage(self.folder).free
        if free < _NEEDED_BYTES:
            raise Failed(
                f"{self.folder} has {size_words(free)} free, and a build needs up to {size_words(_NEEDED_BYTES)}",
                hint="XDG_CACHE_HOME names another place",
            )

    def _wait(self, descriptor: int, clock: Clock, progress: Progress) -> None:
        ends, told = clock.monotonic() + _WAIT_SECONDS, False
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            if not told:
                progress.step("Waiting for another build")
                told = True
            if clock.monotonic() > ends:
                raise Failed(f"another build holds {self.folder / 'lock'} for {_WAIT_SECONDS:g} s")
            clock.sleep(_STEP_SECONDS)

    def _record_path(self, recipe: Recipe) -> Path:
        return self.folder / f"{recipe.name}.json"


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder where this user's images are kept; it need not exist."""
    home = environ.get("XDG_CACHE_HOME")
    return Path(home or Path.home() / ".cache") / "regops" / "image"


@contextmanager
def _told(folder: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        kind = PermissionDenied if isinstance(error, PermissionError) else Failed
        raise kind(f"cannot write to {folder}: {error.strerror}", hint="XDG_CACHE_HOME names another place") from error
