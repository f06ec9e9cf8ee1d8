"""The members of a tar archive, digested as they pass: nothing is unpacked to a disk, and little is kept.

The reader is a generator that is sent the archive's bytes in any portions, so that it can listen to a stream that goes
to somebody else.
"""

import hashlib
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from parsers.errors import ParseError
from parsers.tar_header import BLOCK_BYTES, TarHeader, parse_pax_records, parse_tar_header
from regops.collectors.bootstrap.image_tarball_packing import Budget, Unpacker, compression_of
from regops.errors import Corrupted, Refused

_MOST_MEMBERS = 100_000
_MOST_HEADER_BYTES = 1 << 20
_MOST_DOCUMENT_BYTES = 4 << 20
_MOST_KEPT_BYTES = 16 << 20
_MOST_PADDING_BYTES = 16 << 20
_LONGEST_NAME = 4096
_FILE, _HARD_LINK, _LINK, _FOLDER = "0", "1", "2", "5"
_PAX, _PAX_FOR_ALL, _LONG_NAME, _LONG_LINK = "x", "g", "L", "K"
_EXTENDED = frozenset({_PAX, _PAX_FOR_ALL, _LONG_NAME, _LONG_LINK})
_SAID = frozenset({"path", "linkpath", "size"})
Bytes = bytes | memoryview
Reading = Generator[None, Bytes, Any]


@dataclass(frozen=True, slots=True)
class TarFile:
    """A file of the archive: what it holds, by digest.

    diff_sha256 is that of its unpacked bytes, the same as sha256 for one that is not packed, None where it could not be
    unpacked. document is the text of a small file that may be JSON.
    """

    size_bytes: int
    sha256: str
    diff_sha256: str | None
    document: str | None


@dataclass(slots=True)
class TarContents:
    """What was found so far; ended says that the archive's end mark has been read. Names carry no leading ./."""

    files: dict[str, TarFile] = field(default_factory=dict[str, TarFile])
    links: dict[str, str] = field(default_factory=dict[str, str])
    folders: set[str] = field(default_factory=set[str])
    ended: bool = False
    kept_bytes: int = 0


class _Source:
    """Bytes that were sent and not yet taken."""

    def __init__(self) -> None:
        self._waiting: Bytes = b""
        self.taken_bytes = 0

    def some(self, most: int) -> Generator[None, Bytes, Bytes]:
        """Return between one and so many bytes."""
        while not self._waiting:
            self._waiting = memoryview((yield))
        part, self._waiting = self._waiting[:most], self._waiting[most:]
        self.taken_bytes += len(part)
        return part

    def exactly(self, count: int) -> Generator[None, Bytes, bytes]:
        """Return just so many bytes."""
        taken = bytearray()
        while len(taken) < count:
            taken += yield from self.some(count - len(taken))
        return bytes(taken)


def read_members(name: str, contents: TarContents, budget: Budget) -> Reading:
    """Take the bytes of an archive and fill contents; never returns of itself, for zeros may follow the end mark.

    Raises Corrupted where it is no whole tar archive, Refused for what no image holds: links and names that lead out
    of the archive, devices, sparse files, two files of one name.
    """
    source = _Source()
    extra: dict[str, str] = {}
    ahead: set[str] = set()
    count = 0
    while True:
        at = source.taken_bytes
        header = yield from _header(name, source)
        if header is None:
            break
        count += 1
        if count > _MOST_MEMBERS:
            raise Refused(f"{name} holds more than {_MOST_MEMBERS} members, too many for an image")
        if header.kind in _EXTENDED:
            more = yield from _extended(name, source, header)
            # Readers differ in which one counts then: what we check must be what an engine unpacks.
            if header.kind in ahead or more.keys() & extra.keys() or (ahead and header.kind == _PAX_FOR_ALL):
                raise Refused(f"{name} has several extended headers for one member, and nothing tells which counts")
            if header.kind != _PAX_FOR_ALL:
                ahead.add(header.kind)
            extra |= more
            continue
        header, extra = _extend(name, header, extra, at), {}
        ahead.clear()
        yield from _member(name, source, header, contents, budget)
    yield from _end(name, source, contents)


def _header(name: str, source: _Source) -> Generator[None, Bytes, TarHeader | None]:
    at = source.taken_bytes
    block = yield from source.exactly(BLOCK_BYTES)
    try:
        return parse_tar_header(block, source=name)
    except ParseError as error:
        if not at:
            raise no_tarball(name) from error
        raise Corrupted(f"{name} is damaged: no tar header at byte {at} of the archive") from error


def no_tarball(name: str) -> Corrupted:
    """Return what to say of bytes in which no archive begins."""
    return Corrupted(
        f"{name} is no tarball: there is no tar archive in it",
        hint="an image's tarball is what `docker save` writes",
    )


def _extended(name: str, source: _Source, header: TarHeader) -> Generator[None, Bytes, dict[str, str]]:
    """Return what a header says of the one after it."""
    if header.size_bytes > _MOST_HEADER_BYTES:
        raise Refused(f"{name} has an extended tar header of {header.size_bytes} bytes, too many for an image")
    body = yield from source.exactly(header.size_bytes)
    yield from source.exactly(-header.size_bytes % BLOCK_BYTES)
    if header.kind in {_LONG_NAME, _LONG_LINK}:
        text = body.partition(b"\0")[0].decode("utf-8", "backslashreplace")
        return {"path" if header.kind == _LONG_NAME else "linkpath": text}
    try:
        records = parse_pax_records(body, source=name)
    except ParseError as error:
        raise Corrupted(f"{name} is damaged: {error}") from error
    if header.kind == _PAX_FOR_ALL:
        if records.keys() & _SAID:
            raise Refused(f"{name} gives all its members one name, link or size")
        return {}
    if any(key.startswith("GNU.sparse.") for key in records):
        raise Refused(f"{name} holds a sparse file, which no image does")
    return {key: value for key, value in records.items() if key in _SAID}


def _extend(name: str, header: TarHeader, extra: dict[str, str], at: int) -> TarHeader:
    size = extra.get("size", "")
    if size and not (size.isascii() and size.isdigit() and len(size) < 19):
        raise Corrupted(f"{name} is damaged: the size of a member at byte {at} is {size[:30]}")
    return TarHeader(
        name=extra.get("path", header.name),
        kind=header.kind,
        size_bytes=int(size) if size else header.size_bytes,
        link=extra.get("linkpath", header.link),
    )


def _member(
    name: str, source: _Source, header: TarHeader, contents: TarContents, budget: Budget
) -> Generator[None, Bytes, None]:
    path = _path(name, header.name)
    _keep(name, contents, len(path) + len(header.link))
    kind = _FOLDER if header.kind == _FILE and header.name.endswith("/") else header.kind
    if kind != _FILE and header.size_bytes:
        raise Refused(f"{name}: {path} has contents, though it is no file")
    if kind == _FOLDER:
        if path in contents.files or path in contents.links:
            _twice(name, path)
        contents.folders.add(path)
        return
    if kind not in {_FILE, _LINK, _HARD_LINK}:
        raise Refused(f"{name}: {path} is a device, a pipe or the like, which no image holds")
    if not path or path in contents.files or path in contents.links or path in contents.folders:
        _twice(name, path or ".")
    if kind != _FILE:
        folder = path.rpartition("/")[0] if kind == _LINK else ""
        contents.links[path] = _target(name, path, folder, header.link)
        return
    contents.files[path] = yield from _file(f"{path} in {name}", source, header.size_bytes, contents, budget)
    yield from source.exactly(-header.size_bytes % BLOCK_BYTES)


def _file(
    what: str, source: _Source, size_bytes: int, contents: TarContents, budget: Budget
) -> Generator[None, Bytes, TarFile]:
    digest, unpacked_digest = hashlib.sha256(), hashlib.sha256()
    left = size_bytes
    start = yield from source.exactly(min(left, 6))
    compression = compression_of(start)
    unpacker = Unpacker(what, budget) if compression in {"gzip", "bzip2", "xz"} else None
    kept = bytearray() if size_bytes <= _MOST_DOCUMENT_BYTES and start[:1] in {b"{", b"["} else None
    if kept is not None:
        _keep(what, contents, size_bytes)
    part: Bytes = start
    while True:
        left -= len(part)
        digest.update(part)
        if kept is not None:
            kept += part
        if unpacker is not None:
            for piece in unpacker.feed(part):
                unpacked_digest.update(piece)
        if not left:
            break
        part = yield from source.some(left)
    if unpacker is not None:
        for piece in unpacker.finish():
            unpacked_digest.update(piece)
    sha256 = digest.hexdigest()
    diff = unpacked_digest.hexdigest() if unpacker else None if compression == "zstd" else sha256
    return TarFile(size_bytes, sha256, diff, None if kept is None else kept.decode("utf-8", "replace"))


def _keep(what: str, contents: TarContents, size_bytes: int) -> None:
    """Take note of what stays in memory. Raises Refused when it is more than of any image."""
    contents.kept_bytes += size_bytes
    if contents.kept_bytes > _MOST_KEPT_BYTES:
        raise Refused(
            f"{what}: there are more than {_MOST_KEPT_BYTES >> 20} MiB of JSON and names, too many for an image"
        )


def _end(name: str, source: _Source, contents: TarContents) -> Generator[None, Bytes, None]:
    """Take the second block of zeros, and those that fill up the last record."""
    contents.ended = True
    second = yield from source.exactly(BLOCK_BYTES)
    if any(second):
        raise Corrupted(f"{name} is damaged: half an end mark at byte {source.taken_bytes - 2 * BLOCK_BYTES}")
    end = source.taken_bytes
    while True:
        if any((yield from source.some(BLOCK_BYTES << 7))):
            raise Refused(f"{name} goes on after the end of its archive, at byte {end}")
        if source.taken_bytes - end > _MOST_PADDING_BYTES:
            raise Refused(f"{name} is filled up with more than {_MOST_PADDING_BYTES >> 20} MiB of nothing")


def _path(name: str, given: str) -> str:
    """Return a member's path, without what changes nothing. Raises Refused for one that leads out of the archive."""
    parts = [part for part in given.split("/") if part not in {"", "."}]
    if given.startswith("/") or ".." in parts or not given or len(given) > _LONGEST_NAME:
        raise Refused(f"{name} holds a member that leads out of it: {given[:200]!r}", hint="that is no image's tarball")
    return "/".join(parts)


def _target(name: str, path: str, folder: str, link: str) -> str:
    """Return the path in the archive that a link means. Raises Refused for one that leads out of it."""
    parts = folder.split("/") if folder else []
    outside = not link or link.startswith("/") or len(link) > _LONGEST_NAME
    for part in link.split("/"):
        if part == "..":
            outside = outside or not parts
            parts = parts[:-1]
        elif part not in {"", "."}:
            parts.append(part)
    if outside:
        raise Refused(f"{name} holds a link that leads out of it: {path} -> {link[:200]!r}")
    return "/".join(parts)


def _twice(name: str, path: str) -> NoReturn:
    raise Refused(f"{name} holds {path} twice, and nothing tells which one counts")
