"""A file that appears under its name whole, or not at all.

What is written goes to `.NAME.part` beside it, which belongs to one process at a time and gets its final name last.
`.NAME.part.json` says what it is a part of, so that a later run can go on where an earlier one ended. Everything
happens relative to an open folder, and no link is followed in it.
"""

import contextlib
import errno
import fcntl
import json
import os
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from regops.errors import Failed, NotFound, PermissionDenied, Refused, RegopsError

_CONTROL = frozenset(map(chr, (*range(32), *range(127, 160))))
_CHUNK_BYTES = 1 << 20
_TRIES = 10
_MOST_STATE_BYTES = 16 << 10


@dataclass(frozen=True, slots=True)
class Whole:
    """What a part is a part of: an object as its store announced it. The etag decides; the names are for people."""

    swift_container: str
    name: str
    etag: str
    size_bytes: int


class State:
    """The note beside a part file that says what it is a part of."""

    def __init__(self, folder: int, name: str) -> None:
        self._folder = folder
        self._name = name

    def read(self) -> Whole | None:
        """Return what the note says, None for none, for one that is not ours, or for one that cannot be read."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            descriptor = os.open(self._name, flags, dir_fd=self._folder)
            with os.fdopen(descriptor, "rb") as file:
                _check_ours(os.fstat(descriptor), Path(self._name))
                found = json.loads(file.read(_MOST_STATE_BYTES))
            return Whole(
                str(found["swift_container"]), str(found["name"]), str(found["etag"]), int(found["size_bytes"])
            )
        except (OSError, ValueError, TypeError, KeyError, RecursionError, Refused):
            return None

    def write(self, whole: Whole | None) -> None:
        """Replace the note; None removes it."""
        self.remove()
        if whole is None:
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(self._name, flags, 0o600, dir_fd=self._folder), "w", encoding="ascii") as file:
            json.dump(asdict(whole), file)

    def remove(self) -> None:
        """Remove the note, if there is one."""
        with contextlib.suppress(OSError):
            os.unlink(self._name, dir_fd=self._folder)


class Folder:
    """An open folder, and the name that something will have in it."""

    def __init__(self, descriptor: int, shown: Path, name: str) -> None:
        self._descriptor = descriptor
        self._name = name
        self.path = shown / name

    def occupied(self) -> bool:
        """Return whether something has the name already, be it a dangling link."""
        try:
            os.stat(self._name, dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _failure(error, self.path) from error
        return True

    def contents(self) -> Iterator[bytes]:
        """Yield the bytes of the file that has the name. Raises Refused when it is no regular file."""
        try:
            descriptor = os.open(self._name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self._descriptor)
        except FileNotFoundError as error:
            raise Refused(f"{self.path} is a link that leads nowhere", hint="remove it") from error
        except OSError as error:
            raise _failure(error, self.path) from error
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Refused(f"{self.path} is there, and no regular file")
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    def check_space(self, size_bytes: int) -> None:
        """Raise Failed unless so many bytes fit into the folder's file system."""
        found = os.fstatvfs(self._descriptor)
        free = found.f_bavail * found.f_frsize
        if size_bytes > free:
            raise Failed(
                f"{self.path} would need {size_bytes} bytes, and {free} are free there",
                hint="--to names another folder",
            )

    @contextmanager
    def part(self, whole: Whole | None) -> Generator["Part"]:
        """Give the part file, locked: with what an earlier run left of the same whole, else empty.

        It becomes the file when it is kept. Otherwise it stays for a later run, if it is known what it is a part of,
        and is gone if not, if it was discarded, or if the disk failed. Raises Refused when another process is at it or
        when it is not ours, Failed when it cannot be made.
        """
        name = f".{self._name}.part"
        shown = self.path.with_name(name)
        try:
            descriptor = self._locked(name, shown)
        except OSError as error:
            raise _failure(error, shown) from error
        state = State(self._descriptor, f"{name}.json")
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            part = Part(file, self.path)
            try:
                if whole is None or state.read() != whole:
                    part.cut(0)
                    state.write(whole)
                part.open_end()
                yield part
                if part.is_kept:
                    self._keep(file, name)
                    state.remove()
            except OSError as error:
                part.discard()
                raise _failure(error, self.path) from error
            finally:
                # While the lock is held: nobody else can be writing to it.
                if not part.is_kept and (whole is None or part.is_discarded or not part.size_bytes):
                    with contextlib.suppress(OSError):
                        os.unlink(name, dir_fd=self._descriptor)
                    state.remove()

    def tidy(self) -> None:
        """Remove what tells of a part that is there no more: a run was killed just after its file got its name."""
        name = f".{self._name}.part"
        with contextlib.suppress(OSError):
            os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
            return
        State(self._descriptor, f"{name}.json").remove()

    def _locked(self, name: str, shown: Path) -> int:
        """Open or make the part file and lock it, so that the name and the lock are of one file."""
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        for _ in range(_TRIES):
            try:
                descriptor = os.open(name, flags | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=self._descriptor)
            except FileExistsError:
                try:
                    descriptor = os.open(name, flags, dir_fd=self._descriptor)
                except FileNotFoundError:
                    continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                mine, named = os.fstat(descriptor), os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
                _check_ours(mine, shown)
                if (mine.st_dev, mine.st_ino) == (named.st_dev, named.st_ino):
                    return descriptor
            except BlockingIOError:
                os.close(descriptor)
                raise Refused(
                    f"another process is downloading to {shown}", hint="wait for it, or choose another folder: --to"
                ) from None
            except FileNotFoundError:
                pass  # whoever had the lock has just finished
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
        raise Refused(f"{shown} comes and goes: other processes are at it")

    def _keep(self, file: BinaryIO, name: str) -> None:
        mask = os.umask(0o077)
        os.umask(mask)
        os.fchmod(file.fileno(), 0o666 & ~mask)
        os.fsync(file.fileno())
        os.rename(name, self._name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
        os.fsync(self._descriptor)


class Part:
    """A file in the making."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path
        self.size_bytes = 0
        self.is_kept = False
        self.is_discarded = False

    def open_end(self) -> None:
        """Go to the end of what is there."""
        self.size_bytes = self._file.seek(0, os.SEEK_END)

    def contents(self) -> Iterator[bytes]:
        """Yield what is there so far."""
        at = 0
        while chunk := os.pread(self._file.fileno(), _CHUNK_BYTES, at):
            at += len(chunk)
            yield chunk

    def write(self, chunk: bytes) -> None:
        """Append bytes. Raises Failed when the disk is full or the file may not grow."""
        view = memoryview(chunk)
        try:
            while view:
                written = self._file.write(view)
                self.size_bytes += written
                view = view[written:]
        except OSError as error:
            self.discard()
            raise _failure(error, self._path) from error

    def cut(self, size_bytes: int) -> None:
        """Drop what comes after so many bytes."""
        self._file.truncate(size_bytes)
        self.open_end()

    def keep(self) -> None:
        """Say that it is whole and good, so that it gets its name when it is left."""
        self.is_kept = True

    def discard(self) -> None:
        """Say that nothing of it is worth keeping."""
        self.is_discarded = True


@contextmanager
def open_folder(root: Path, object_name: str) -> Generator[Folder]:
    """Give the folder where an object's file goes: root, or what the slashes of its name make below it.

    Raises Refused for names that lead elsewhere or hold control characters, NotFound without root, PermissionDenied
    and Failed when the folder cannot be used.
    """
    *folders, name = _parts(object_name)
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    shown = root
    with contextlib.ExitStack() as stack:
        try:
            descriptor = os.open(root, flags)
            stack.callback(os.close, descriptor)
            for folder in folders:
                shown /= folder
                with contextlib.suppress(FileExistsError):
                    os.mkdir(folder, dir_fd=descriptor)
                descriptor = os.open(folder, flags | os.O_NOFOLLOW, dir_fd=descriptor)
                stack.callback(os.close, descriptor)
        except OSError as error:
            raise _failure(error, shown) from error
        yield Folder(descriptor, shown, name)


def _parts(object_name: str) -> list[str]:
    """Return the folders and the file of an object's name."""
    parts = object_name.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        raise Refused(
            f"the object name {object_name!r} leads out of the folder, or has an empty part; no file is made of it"
        )
    if _CONTROL & set(object_name):
        raise Refused(f"the object name {object_name!r} holds control characters; no file is made of it")
    try:
        object_name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Refused(f"the object name {object_name!r} is no Unicode text") from error
    return parts


def _check_ours(found: os.stat_result, shown: Path) -> None:
    """Raise Refused for a part file that someone else has put there, who could change it under our hands."""
    shared = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink != 1 or shared:
        raise Refused(f"{shown} is there, and not a file that regops left", hint="look at it, and remove it")


def _failure(error: OSError, path: Path) -> RegopsError:
    reason = error.strerror or type(error).__name__
    match error.errno:
        case errno.ENOENT:
            return NotFound(f"{path}: no such folder", hint="make it first: mkdir -p")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return PermissionDenied(f"{path} cannot be written: {reason}", hint="--to names another folder")
        case errno.ENOSPC | errno.EDQUOT:
            return Failed(f"{path}: {reason}", hint="make room, or name another folder: --to")
        case errno.ELOOP | errno.ENOTDIR | errno.EISDIR:
            return Refused(
                f"{path} is not what it has to be: {reason}", hint="no link is followed there; --to names another"
            )
        case _:
            return Failed(f"{path}: {reason}")
