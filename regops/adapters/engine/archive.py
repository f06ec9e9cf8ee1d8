"""The engine's archive API: what it says about a path of a container, and what the tar it sends holds.

Nothing is unpacked: names are data, and members are read as streams within a bound. Source: the engine's API
reference, ContainerArchiveInfo (X-Docker-Container-Path-Stat), and Go's io/fs.FileMode.
"""

import base64
import binascii
import json
import tarfile
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from regops.adapters.container.plain_files import OUTPUT_LINKS
from regops.adapters.engine.streams import IteratorReader
from regops.errors import Refused, UnexpectedAnswer
from regops.model.container_file import FileFacts, FileKind, Listing

_CHUNK = 1024 * 1024
# Go's mode bits.
_LINK = 1 << 27
_KINDS = {
    1 << 31: FileKind.DIRECTORY,
    1 << 26: FileKind.DEVICE,
    1 << 25: FileKind.FIFO,
    1 << 24: FileKind.SOCKET,
}


def link_of(found: dict[str, Any]) -> str:
    """Return what a path is a link to, resolved inside the container; "" when it is none."""
    return str(found.get("linkTarget") or "") if _number(found, "mode") & _LINK else ""


def decode_stat(header: str | None) -> dict[str, Any]:
    """Return the header in which the engine describes a path. Raises UnexpectedAnswer."""
    try:
        found = json.loads(base64.b64decode(header or ""))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise UnexpectedAnswer(f"the engine described a path in a way that cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise UnexpectedAnswer("the engine described a path in a way that cannot be read")
    return {str(key): value for key, value in found.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  JSON


def facts_of(found: dict[str, Any], link_target: str) -> FileFacts:
    """Return the facts about a path from the engine's description of what it leads to.

    The engine does not tell one file from another of the same name: identity is None.
    """
    mode = _number(found, "mode")
    kind = next((kind for bit, kind in _KINDS.items() if mode & bit), FileKind.FILE)
    problem = "" if kind is FileKind.FILE else f"it is a {kind}, not a regular file"
    try:
        modified_at = datetime.fromisoformat(str(found.get("mtime", ""))).timestamp()
    except (ValueError, OverflowError):
        modified_at = 0.0
    return FileFacts(kind, _number(found, "size"), modified_at, None, link_target, problem)


def link_facts(target: str, problem: str) -> FileFacts:
    """Return the facts about a link that no file is behind."""
    if target in OUTPUT_LINKS:
        return FileFacts(FileKind.OUTPUT, 0, 0.0, None, target, "it is a link to the program's own output")
    return FileFacts(FileKind.LINK, 0, 0.0, None, target, problem)


def child_names(chunks: Iterator[bytes], *, limit: int, limit_bytes: int) -> Listing:
    """Return the names in a directory from its tar, which holds all its files: at most limit_bytes of it are read."""
    names: list[str] = []
    with tarfile.open(fileobj=IteratorReader(chunks), mode="r|") as archive:
        for member in archive:
            _, _, name = member.name.rstrip("/").partition("/")
            if name and "/" not in name:
                names.append(name)
            if len(names) > limit or member.offset_data + member.size > limit_bytes:
                return Listing(tuple(sorted(names[:limit])), more=True)
    return Listing(tuple(sorted(names)), more=False)


def last_bytes(chunks: Iterator[bytes], where: str, limit_bytes: int) -> tuple[int, bytes]:
    """Return the size and the last bytes of the one regular file in a tar. Raises Refused when it is none."""
    kept = bytearray()
    with tarfile.open(fileobj=IteratorReader(chunks), mode="r|") as archive:
        member = archive.next()
        file = archive.extractfile(member) if member is not None and member.isreg() else None
        if member is None or file is None:
            raise Refused(f"{where} is not a regular file")
        while chunk := file.read(_CHUNK):
            kept += chunk
            if len(kept) > 2 * limit_bytes:
                del kept[:-limit_bytes]
    return member.size, bytes(kept[-limit_bytes:] if limit_bytes else b"")


def all_bytes(chunks: Iterator[bytes], where: str) -> Iterator[bytes]:
    """Yield the one regular file in a tar, 1 MiB at a time. Raises Refused when it is none."""
    with tarfile.open(fileobj=IteratorReader(chunks), mode="r|") as archive:
        member = archive.next()
        file = archive.extractfile(member) if member is not None and member.isreg() else None
        if file is None:
            raise Refused(f"{where} is not a regular file")
        while chunk := file.read(_CHUNK):
            yield chunk


def _number(found: dict[str, Any], key: str) -> int:
    value = found.get(key, 0)
    if not isinstance(value, int) or value < 0:
        raise UnexpectedAnswer(f"the engine described a path in a way that cannot be read: its {key} is no number")
    return value
