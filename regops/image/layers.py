"""Layers of an image as tars that are the same, byte for byte, for the same packages and files."""

import hashlib
import io
import tarfile
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any, BinaryIO, NamedTuple

from regops.errors import Failed
from regops.image.left_out import is_left_out
from regops.image.recipes import Owned
from regops.model.built_image import LayerFacts

_CHUNK_BYTES = 1 << 20
_WHITEOUT = ".wh."
# Some engines put the kind of file into the mode as well, as stat(2) does.
_MODE = 0o7777
_PASSWORDS = "etc/shadow"
_XATTR = "SCHILY.xattr."
# What is read out of a root file system on the way.
_READ = frozenset({"etc/passwd", "etc/group", "var/lib/dpkg/status"})
_READ_BYTES = 32 << 20


class Entry(NamedTuple):
    """What of one path of a root file system counts; its time does not."""

    type: bytes
    mode: int
    uid: int
    gid: int
    link: str
    size: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Root:
    """A root file system as it was read: its paths, the texts of a few files, and the date of the newest package file.

    newest is in seconds since 1970.
    """

    entries: Mapping[str, Entry]
    texts: Mapping[str, str]
    newest: int


class _Counting(io.BufferedIOBase):
    """A file to write to that keeps the digest of what went through it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.size_bytes = 0

    def write(self, chunk: Any, /) -> int:
        self.digest.update(chunk)
        self.size_bytes += memoryview(chunk).nbytes
        return self._file.write(chunk)

    @property
    def facts(self) -> LayerFacts:
        return LayerFacts(f"sha256:{self.digest.hexdigest()}", self.size_bytes)


def read_root(tarball: BinaryIO, began: int) -> Root:
    """Read the tar of a root file system; what is newer than began (seconds since 1970) was made, not unpacked.

    Raises Failed for what is no such tar.
    """
    entries: dict[str, Entry] = {}
    texts: dict[str, str] = {}
    newest = 0
    with _opened(tarball) as archive:
        for name, member in _kept(archive):
            size, content = _content(archive, name, member)
            digest = hashlib.sha256()
            if name in _READ and size <= _READ_BYTES:
                raw = content.read()
                texts[name] = raw.decode("utf-8", "replace")
                digest.update(raw)
            while chunk := content.read(_CHUNK_BYTES):
                digest.update(chunk)
            entries[name] = Entry(
                member.type, member.mode & _MODE, member.uid, member.gid, _link(member), size, digest.digest()
            )
            if member.isreg() and member.mtime < began:
                newest = max(newest, int(member.mtime))
    for name, entry in entries.items():
        if entry.type == tarfile.LNKTYPE and entry.link not in entries:
            raise Failed(f"{name} of the root file system is a hard link to {entry.link}, which stays out of the image")
    return Root(entries, texts, newest)


def write_layer(
    tarball: BinaryIO, root: Root, below: Mapping[str, Entry], out: BinaryIO, *, began: int, epoch: int
) -> LayerFacts:
    """Write what a root file system has beyond the one below it as a layer; what it lacks becomes whiteouts.

    Times after began become epoch: they say when this was made, not what it is made of.
    """
    changed = {name for name, entry in root.entries.items() if below.get(name) != entry}
    # A layer is unpacked by itself: a hard link needs its target in the same one.
    changed |= {root.entries[name].link for name in changed if root.entries[name].type == tarfile.LNKTYPE}
    counting = _Counting(out)
    with (
        _opened(tarball) as archive,
        tarfile.open(fileobj=counting, mode="w|", bufsize=_CHUNK_BYTES, format=tarfile.PAX_FORMAT) as layer,
    ):
        for name in _whiteouts(root.entries, below):
            layer.addfile(_member(name, mtime=epoch))
        for name, member in _kept(archive):
            if name not in changed:
                continue
            made = _member(name, mtime=epoch if member.mtime >= began else min(int(member.mtime), epoch))
            made.type, made.mode, made.uid, made.gid = member.type, member.mode & _MODE, member.uid, member.gid
            made.linkname, made.devmajor, made.devminor = _link(member), member.devmajor, member.devminor
            made.pax_headers = {key: text for key, text in member.pax_headers.items() if key.startswith(_XATTR)}
            made.size, content = _content(archive, name, member)
            layer.addfile(made, content)
    return counting.facts


def file_layer(files: Mapping[str, bytes], owned: Iterable[Owned], texts: Mapping[str, str], *, epoch: int) -> bytes:
    """Return a layer of files: root's own, executable when they begin with #!, but for what owned says.

    texts are those of the root file system below: it knows the numbers of users and groups. Raises Failed for an
    owner it does not know.
    """
    buffer = io.BytesIO()
    users, groups = _numbers(texts.get("etc/passwd", "")), _numbers(texts.get("etc/group", ""))
    owners = {one.path: one for one in owned}
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as layer:
        for name in sorted({*files, *owners}):
            content, owner = files.get(name), owners.get(name)
            member = _member(name, mtime=epoch)
            if content is None:
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            else:
                member.size, member.mode = len(content), 0o755 if content.startswith(b"#!") else 0o644
            if owner:
                member.mode = owner.mode
                member.uid, member.gid = _number(users, owner.user, name), _number(groups, owner.group, name)
            layer.addfile(member, io.BytesIO(content or b""))
    return buffer.getvalue()


@contextmanager
def _opened(tarball: BinaryIO) -> Generator[tarfile.TarFile]:
    try:
        tarball.seek(0)
        with tarfile.open(fileobj=tarball, mode="r:") as archive:
            yield archive
    except tarfile.TarError as error:
        raise Failed(f"what was made is no tar of a root file system: {error}") from error


def _kept(archive: tarfile.TarFile) -> Iterator[tuple[str, tarfile.TarInfo]]:
    """Yield the members that go into an image under the names they have there."""
    for member in archive:
        name = member.name.removeprefix("./").strip("/")
        if name in {"", "."} or is_left_out(name, is_directory=member.isdir()):
            continue
        if ".." in PurePosixPath(name).parts:
            raise Failed(f"the root file system has a path that leads out of it: {name}")
        yield name, member


def _content(archive: tarfile.TarFile, name: str, member: tarfile.TarInfo) -> tuple[int, IO[bytes]]:
    """Return the size and the content that a member has in an image; nothing for what is no regular file."""
    file = archive.extractfile(member) if member.isreg() else None
    if file is None:
        return 0, io.BytesIO()
    if name == _PASSWORDS:
        undated = _undated(file.read())
        return len(undated), io.BytesIO(undated)
    return member.size, file


def _undated(shadow: bytes) -> bytes:
    """Return /etc/shadow without the day of each entry's last change: it is the day of the build."""
    lines = (line.split(b":") for line in shadow.splitlines())
    return b"".join(b":".join([*line[:2], b"", *line[3:]]) + b"\n" for line in lines)


def _link(member: tarfile.TarInfo) -> str:
    return member.linkname.removeprefix("./").lstrip("/") if member.islnk() else member.linkname


def _whiteouts(entries: Mapping[str, Entry], below: Mapping[str, Entry]) -> Iterator[str]:
    """Yield the names that hide what is gone; a folder's hides all that is in it."""
    gone = below.keys() - entries.keys()
    for name in sorted(gone):
        path = PurePosixPath(name)
        if str(path.parent) not in gone:
            yield str(path.with_name(_WHITEOUT + path.name))


def _member(name: str, *, mtime: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.mtime = mtime
    return member


def _numbers(text: str) -> dict[str, int]:
    fields = (line.split(":") for line in text.splitlines())
    return {one[0]: int(one[2]) for one in fields if len(one) > 2 and one[2].isdigit()}


def _number(numbers: Mapping[str, int], name: str, path: str) -> int:
    if name not in numbers:
        raise Failed(f"{path} of the image shall belong to {name}, whom the image does not know")
    return numbers[name]
