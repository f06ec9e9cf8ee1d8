"""Makes a small Debian's root file system from the distribution's package mirror (mmdebstrap)."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import IO, BinaryIO

from regops.errors import Failed, PermissionDenied
from regops.ports import Progress

_SUITE = "bookworm"
_DEADLINE_SECONDS = 900.0
_ENDING_SECONDS = 10.0
_LAST_LINES = 15
# Without it the essential packages pull in usrmerge, and that the whole of perl: 77 MB become 127.
_MERGED_USR = Path("/usr/share/mmdebstrap/hooks/maybe-merged-usr")
_LEFT_OUT = (
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "path-include=/usr/share/locale/locale.alias",
)
# What the child may know of this environment: how to find programs, the mirror's proxy, and apt's configuration.
_HANDED_ON = frozenset({"PATH", "HOME", "TMPDIR", "APT_CONFIG", "SSL_CERT_FILE", "SSL_CERT_DIR"})


class Mmdebstrap:
    """Implements `ports.BaseMaker`."""

    @contextmanager
    def root_file_system(self, progress: Progress) -> Generator[BinaryIO]:
        """Give the tarball of a small Debian's root file system; it is gone afterwards.

        Raises PermissionDenied when mmdebstrap is missing and cannot be installed, Failed with its last lines.
        """
        program = _program(progress)
        command = [program, "--variant=minbase", "--format=tar"]
        command += [f"--dpkgopt={option}" for option in _LEFT_OUT]
        command += [f"--hook-dir={_MERGED_USR}"] if _MERGED_USR.is_dir() else []
        with tempfile.TemporaryFile() as file:
            _run([*command, _SUITE, "-"], progress, stdout=file)
            file.seek(0)
            yield file


def child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the part of an environment that the programs started here may see; no password is in it."""
    kept = {name: text for name, text in environ.items() if name in _HANDED_ON or name.lower().endswith("_proxy")}
    path = [*kept.get("PATH", "/usr/bin:/bin").split(":"), "/usr/sbin", "/sbin"]
    return {**kept, "PATH": ":".join(dict.fromkeys(path)), "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


def _program(progress: Progress) -> str:
    """Return where mmdebstrap is, installing it where that is possible."""
    found = shutil.which("mmdebstrap")
    if found:
        return found
    apt_get = shutil.which("apt-get")
    if apt_get is None or os.geteuid() != 0:
        raise PermissionDenied(
            "no Debian image is here, none can be pulled, and mmdebstrap, which would make one, is not installed",
            hint="on Debian or Ubuntu run this as root, or `sudo apt-get install mmdebstrap debian-archive-keyring`; "
            "elsewhere load an image called debian:bookworm-slim",
        )
    progress.step("Installing mmdebstrap with apt-get")
    _run([apt_get, "update"], progress)
    _run([apt_get, "install", "--yes", "--no-install-recommends", "mmdebstrap", "debian-archive-keyring"], progress)
    return shutil.which("mmdebstrap") or "mmdebstrap"


def _run(command: list[str], progress: Progress, stdout: IO[bytes] | None = None) -> None:
    """Run a program to its end, showing what it says; kill it and all it started when we are not there to wait."""
    last, began = deque[str](maxlen=_LAST_LINES), time.monotonic()
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if stdout is None else stdout,
        stderr=subprocess.PIPE,
        env=child_environment(os.environ),
        start_new_session=True,
    ) as process:
        killer = Timer(_DEADLINE_SECONDS, _end, (process,))
        killer.daemon = True
        killer.start()
        try:
            assert process.stderr is not None  # noqa: S101  it was asked for above
            for raw in process.stderr:
                line = raw.decode("utf-8", "backslashreplace").rstrip().rpartition("\r")[2]
                last.append(line)
                progress.detail(line)
            status = process.wait()
        except BaseException:
            _end(process)
            raise
        finally:
            killer.cancel()
    if status:
        late = time.monotonic() - began >= _DEADLINE_SECONDS
        ended = f"was ended after {_DEADLINE_SECONDS:g} s" if late else f"ended with status {status}"
        raise Failed(
            f"{Path(command[0]).name} {ended}; its last lines:\n" + "\n".join(last),
            hint="can this machine reach a Debian mirror? `apt-get update` tells"
            + ("" if os.geteuid() == 0 else "; without root it needs user namespaces, so try as root"),
        )


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a program and all that it started; mmdebstrap removes what it unpacked when it is asked to end."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
