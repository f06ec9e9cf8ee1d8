"""A file that appears under its name whole, or not at all.

What is written goes to `.NAME.part` beside it, which belongs to one process at a time and gets its final name last.
`.NAME.part.json` says what it is a part of, so that a later run can go on where an earlier one ended. Everything
happens relative to an open folder, and no link is followed in it.
"""

import contextlib
import fcntl
import os
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from regops.collectors.bootstrap.file_failure import check_ours, file_failure
from regops.collectors.bootstrap.object_names import name_flaw
from regops.collectors.bootstrap.part import BLOCK_BYTES, Part
from regops.collectors.bootstrap.part_note import PartNote, Whole
from regops.errors import Failed, Refused
from regops.model.size import size_words

_CHUNK_BYTES = 1 << 20
_TRIES = 10


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
            raise file_failure(error, self.path) from error
        return True

    def contents(self) -> Iterator[bytes]:
        """Yield the bytes of the file that has the name. Raises Refused when it is no regular file."""
        try:
            descriptor = os.open(self._name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self._descriptor)
        except FileNotFoundError as error:
            raise Refused(f"{self.path} is a link that leads nowhere", hint="remove it") from error
        except OSError as error:
            raise file_failure(error, self.path) from error
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Refused(f"{self.path} is there, and no regular file", hint="--to names another folder")
            while chunk := os.read(descriptor, _CHUNK_BYTES):
                yield chunk
        except OSError as error:
            raise file_failure(error, self.path) from error
        finally:
            os.close(descriptor)

    def check_space(self, size_bytes: int) -> None:
        """Raise Failed unless so many bytes fit into the folder's file system."""
        found = os.fstatvfs(self._descriptor)
        free = found.f_bavail * found.f_frsize
        if size_bytes > free:
            raise Failed(
                f"{self.path} needs {size_words(size_bytes)}, and {size_words(free)} are free there",
                hint="--to names another folder",
            )

    @contextmanager
    def part(self, whole: Whole | None, *, block_bytes: int = BLOCK_BYTES) -> Generator[Part]:
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
            raise file_failure(error, shown) from error
        note = PartNote(self._descriptor, f"{name}.json")
        part = None
        try:
            noted = note.read(whole) if whole else None
            part = Part(descriptor, self.path, note, whole, noted, block_bytes=block_bytes)
            yield part
            part.revoke()
            if part.is_kept:
                self._keep(descriptor, name)
                note.remove()
        except OSError as error:
            if part:
                part.discard()
            raise file_failure(error, self.path) from error
        finally:
            if part:
                part.revoke()
            # While the lock is held: nobody else can be writing to it.
            if not part or (not part.is_kept and (whole is None or part.is_discarded or not part.size_bytes)):
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=self._descriptor)
                note.remove()
            note.close()
            os.close(descriptor)

    def tidy(self) -> None:
        """Remove what tells of a part that is there no more: a run was killed just after its file got its name."""
        name = f".{self._name}.part"
        with contextlib.suppress(OSError):
            os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
            return
        PartNote(self._descriptor, f"{name}.json").remove()

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
                check_ours(mine, shown)
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

    def _keep(self, descriptor: int, name: str) -> None:
        mask = os.umask(0o077)
        os.umask(mask)
        os.fsync(descriptor)
        os.rename(name, self._name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
        # Not before: a part that others may write to is none that a later run goes on with.
        os.fchmod(descriptor, 0o666 & ~mask)
        os.fsync(self._descriptor)


@contextmanager
def open_folder(root: Path, object_name: str) -> Generator[Folder]:
    """Give the folder where an object's file goes: root, or what the slashes of its name make below it.

    Raises Refused for names that lead elsewhere or hold control characters, NotFound without root, PermissionDenied
    and Failed when the folder cannot be used.
    """
    flaw = name_flaw(object_name)
    if flaw:
        raise Refused(f"the object name {object_name!r} {flaw}; no file is made of it")
    *folders, name = object_name.split("/")
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
                    os.fsync(descriptor)
                descriptor = os.open(folder, flags | os.O_NOFOLLOW, dir_fd=descriptor)
                stack.callback(os.close, descriptor)
        except OSError as error:
            raise file_failure(error, shown) from error
        yield Folder(descriptor, shown, name)
