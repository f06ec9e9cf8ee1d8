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
    says why it cannot be read, "" if it can.
    """

    kind: FileKind
    size_bytes: int
    modified_at: float
    identity: tuple[int, int] | None
    link_target: str
    problem: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The names in a directory of a container, sorted; more says that there are others beyond the limit."""

    names: tuple[str, ...]
    more: bool
