"""What the lab works with, and what it is asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from regops.image.store import Store
from regops.model.lab import Variant
from regops.ports import Clock, Engine, Installer, ObjectStore, Progress, Registry


@dataclass(frozen=True, slots=True)
class Tools:
    """The ports the lab goes through.

    registry and store give one for the address of a server of the lab's; images is where built ones are kept, folder
    this machine's own place for labs.
    """

    engine: Engine
    installer: Installer
    images: Store
    registry: Callable[[str], Registry]
    store: Callable[[str], ObjectStore]
    clock: Clock
    progress: Progress
    folder: Path


@dataclass(frozen=True, slots=True)
class Wanted:
    """A lab as it was asked for; a port of 0 leaves the choice to us."""

    name: str
    variant: Variant
    swift: bool
    http_port: int
    https_port: int
    swift_port: int
    rebuild: bool
