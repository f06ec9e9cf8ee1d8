"""The files of a container in memory, with a count of what was read of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from regops.errors import NotFound
from regops.model.container_file import FileFacts, FileKind, Happened, Listing


@dataclass(eq=False)
class MemoryFile:
    """A file: its content, or what gives any piece of it (offset, size) where there is too much of it to hold."""

    content: bytes | Callable[[int, int], bytes]
    modified_at: float = 0.0
    size_bytes: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.content, bytes):
            self.size_bytes = len(self.content)

    def read(self, offset: int, size_bytes: int) -> bytes:
        if isinstance(self.content, bytes):
            return self.content[offset : offset + size_bytes]
        return self.content(offset, max(min(size_bytes, self.size_bytes - offset), 0))


@dataclass
class MemoryFiles:
    """Files by their paths; implements `ports.ContainerFiles`. read_bytes and opened count what was asked for."""

    files: dict[str, MemoryFile] = field(default_factory=dict[str, MemoryFile])
    via: str = "files"
    read_bytes: int = 0
    opened: list[str] = field(default_factory=list[str])
    open_now: int = 0
    # Happens before each listing of a directory: rotations come when they like.
    before_names: Callable[[], None] = lambda: None

    def names(self, directory: str, *, limit: int) -> Listing:
        self.before_names()
        found = sorted(path.rpartition("/")[2] for path in self.files if path.rpartition("/")[0] == directory)
        if not found:
            raise NotFound(f"{directory}: no such directory")
        return Listing(tuple(found[:limit]), more=len(found) > limit)

    def look(self, path: str) -> FileFacts:
        if path not in self.files:
            raise NotFound(f"{path}: no such file")
        file = self.files[path]
        return FileFacts(FileKind.FILE, file.size_bytes, file.modified_at, (1, id(file)), "", "")

    def open(self, path: str) -> "OpenMemoryFile":
        facts = self.look(path)
        self.opened.append(path)
        self.open_now += 1
        return OpenMemoryFile(self, self.files[path], facts)

    def watch(self, directory: str) -> int | None:
        return None

    def wait(self, seconds: float, wakers: Iterable[int] = ()) -> Happened:
        return Happened(ended=True)


@dataclass
class OpenMemoryFile:
    """An open file; implements `ports.ContainerFile`."""

    files: MemoryFiles
    file: MemoryFile
    facts: FileFacts

    def read(self, offset: int, size_bytes: int) -> bytes:
        found = self.file.read(offset, size_bytes)
        self.files.read_bytes += len(found)
        return found

    def watch(self) -> int | None:
        return None

    def look(self) -> FileFacts:
        return self.facts

    def close(self) -> None:
        self.files.open_now -= 1
