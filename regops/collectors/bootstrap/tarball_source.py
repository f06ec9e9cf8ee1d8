"""A tarball as a stream of bytes, from a file or from Swift, where it ends only if the store's checksums agree."""

import os
import stat
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from regops.collectors.bootstrap.announced import announced, opened
from regops.collectors.bootstrap.patience import Patience
from regops.collectors.bootstrap.proof import Checker, pieces_of, proof_of
from regops.errors import ConfigurationError, Failed, NotFound, PermissionDenied, Refused, Unavailable, Unreachable
from regops.model.tarball import SHA256_METADATA, Proof, StoredObject
from regops.ports import ObjectStore

_CHUNK_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class TarballSource:
    """A tarball to be read once. name is what messages call it; sha256 what was noted beside it, None for nothing."""

    name: str
    size_bytes: int | None
    sha256: str | None
    proof: Proof
    chunks: Iterator[bytes]


def means_file(name: str) -> bool:
    """Return whether a name means a file and no object in Swift: by its form, or because there is such a file.

    Raises ConfigurationError for no name at all.
    """
    if not name:
        raise ConfigurationError("the name is empty", hint="is it a variable that is not set?")
    is_path = name.startswith(("/", "./", "../")) or name.endswith("/") or name in {".", ".."}
    return is_path or _kind(name) == "a file"


def _no_file(name: str) -> str:
    """Return what to say of a name that means no file, before what else it does not mean."""
    kind = _kind(name)
    return f"{name} is {kind} here" if kind else f"there is no file {name} here"


@contextmanager
def nor_file(*names: str) -> Generator[None]:
    """Let who says that there is no such object, or no way to ask for one, say also that there are no such files."""
    try:
        yield
    except (ConfigurationError, NotFound, Refused) as error:
        error.message = "; ".join((*map(_no_file, names), error.message))
        raise


def _kind(name: str) -> str:
    """Return what a name stands for in the file system, "" for nothing that could be looked at."""
    try:
        return _kind_of(Path(name).stat().st_mode)
    except (OSError, ValueError):
        return ""


def _kind_of(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "a file"
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"


@contextmanager
def file_tarball(path: Path) -> Generator[TarballSource]:
    """Open a file. Raises NotFound, PermissionDenied, Refused for what is no regular file, Failed."""
    try:
        # A pipe would have us wait for somebody to write to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _failure(path, error) from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        kind = _kind_of(found.st_mode)
        raise Refused(
            f"{path} is {kind}, and no file", hint="name the tarball in it" if kind == "a folder" else "name a file"
        )
    with os.fdopen(descriptor, "rb", buffering=0) as file:

        def chunks() -> Iterator[bytes]:
            try:
                while chunk := file.read(_CHUNK_BYTES):
                    yield chunk
            except OSError as error:
                raise _failure(path, error) from error

        yield TarballSource(path.name, found.st_size, None, Proof.NONE, chunks())


@contextmanager
def swift_tarball(store: ObjectStore, swift_container: str, name: str, patience: Patience) -> Generator[TarballSource]:
    """Open an object; its bytes raise Corrupted where they disagree with Swift's checksums.

    A connection that is lost is replaced by another, which goes on where it was. Raises NotFound (naming what there
    is), Changed when another object took its place meanwhile, and what the store raises.
    """
    with nor_file(name):
        stored = patience.ask(partial(announced, store, swift_container, name))
    pieces = patience.ask(partial(pieces_of, store, swift_container, stored))
    noted = dict(stored.metadata).get(SHA256_METADATA)
    with closing(_arriving(store, swift_container, stored, Checker(name, pieces), patience)) as chunks:
        yield TarballSource(name, stored.size_bytes, noted, proof_of(stored, pieces)[0], chunks)


def _arriving(
    store: ObjectStore, swift_container: str, stored: StoredObject, checker: Checker, patience: Patience
) -> Generator[bytes]:
    """Yield the bytes of an object, each seen by the checker."""
    while True:
        before = checker.total_bytes
        try:
            with opened(store, swift_container, stored, before) as chunks:
                for chunk in chunks:
                    checker.update(chunk)
                    yield chunk
        except (Unreachable, Unavailable) as error:
            if not stored.etag or stored.size_bytes is None:
                raise  # nothing would tell whether the rest belongs to what came already
            patience.wait(error, moved_bytes=checker.total_bytes - before)
        else:
            checker.finish()
            return


def counted(chunks: Iterator[bytes], advance: Callable[[int], None]) -> Iterator[bytes]:
    """Yield chunks, telling how much of them came."""
    for chunk in chunks:
        advance(len(chunk))
        yield chunk


def _failure(path: Path, error: OSError) -> Failed | NotFound | PermissionDenied:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return NotFound(f"there is no file {path}")
    if isinstance(error, PermissionError):
        return PermissionDenied(f"{path} must not be read: {error.strerror}")
    return Failed(f"{path} cannot be read: {error.strerror}")
