"""What is found at a path of a container."""

from dataclasses import dataclass
from enum import StrEnum


class FileKind(StrEnum):
    """What a path leads to; link is one that leads nowhere, output one to the program's own output."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    FIFO = "fifo"
    SOCKET = "socket"
    DEVICE = "device"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a path of a container leads to.

    modified_at is in seconds since 1970. identity is the same for the same file and for no other that exists; None
    where that cannot be known. link_target is the text of the link at the path itself, "" where there is none. problem
    says why it cannot be read, "" if it can. has_name is False for an open file that was removed: it takes space on its
    file system for as long as somebody holds it.
    """

    kind: FileKind
    size_bytes: int
    modified_at: float
    identity: tuple[int, int] | None
    link_target: str
    problem: str
    has_name: bool = True


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened while somebody waited.

    ended says that the container did. written are the numbers of the watches whose file got other bytes, moved of those
    whose file or directory got other names. lost says that more happened than could be told: look at everything.
    """

    ended: bool = False
    written: frozenset[int] = frozenset()
    moved: frozenset[int] = frozenset()
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """The names in a directory of a container, sorted; more says that there are others beyond the limit."""

    names: tuple[str, ...]
    more: bool
