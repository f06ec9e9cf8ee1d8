"""Where the lab keeps what belongs to this machine: a lock, and copies of its certificates."""

import fcntl
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from regops.errors import Failed, PermissionDenied
from regops.ports import Clock, Progress

_WAIT_SECONDS = 900.0


def state_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of this user's labs; it need not exist."""
    home = environ.get("XDG_STATE_HOME")
    return Path(home or Path.home() / ".local" / "state") / "regops" / "lab"


@contextmanager
def only_one(folder: Path, clock: Clock, progress: Progress) -> Generator[None]:
    """Hold this user's lab lock: two that build the same images or make the same containers would trip each other.

    Raises Failed when another `regops lab` holds it for a quarter of an hour, PermissionDenied for a folder that cannot
    be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise PermissionDenied(
            f"cannot write to {folder}: {error.strerror}", hint="set XDG_STATE_HOME to a folder that can be written"
        ) from error
    try:
        ends, told = clock.monotonic() + _WAIT_SECONDS, False
        while not _locked(descriptor):
            if clock.monotonic() > ends:
                raise Failed(f"another `regops lab` has been at work for {_WAIT_SECONDS:g} s", hint="see `ps`")
            if not told:
                progress.step("Waiting for another `regops lab` to finish")
                told = True
            clock.sleep(0.2)
        yield
    finally:
        os.close(descriptor)


def certificate_file(folder: Path, name: str) -> Path:
    """Return where the certificate of a lab is copied to."""
    return folder / f"{name}.pem"


def keep_certificate(folder: Path, name: str, pem: bytes) -> None:
    """Copy a lab's certificate, for `--cacert`."""
    path = certificate_file(folder, name)
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_bytes(pem)
    partial.replace(path)


def forget_certificate(folder: Path, name: str) -> None:
    """Remove the copy."""
    with suppress(OSError):
        certificate_file(folder, name).unlink()


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
