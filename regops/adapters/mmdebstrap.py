"""Makes a Debian's root file system with packages from the distribution's mirror (mmdebstrap)."""

import atexit
import getpass
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Lock, Timer
from typing import IO, BinaryIO

from regops.errors import Failed, PermissionDenied
from regops.model.installation import Installation
from regops.ports import Progress

_DEADLINE_SECONDS = 900.0
_ENDING_SECONDS = 10.0
_LAST_LINES = 15
# Without it the essential packages pull in usrmerge, and that the whole of perl.
_MERGED_USR = Path("/usr/share/mmdebstrap/hooks/maybe-merged-usr")
_SUBORDINATE = (Path("/etc/subuid"), Path("/etc/subgid"))
_LEFT_OUT = (
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "path-include=/usr/share/locale/locale.alias",
)
_PREFERENCES = "/etc/apt/preferences.d/versions"
# How this one build was configured is no business of what is built.
_OWN = f'"$1"{_PREFERENCES} "$1"/etc/apt/sources.list "$1"/etc/*/*.d/99mmdebstrap'
# What the child may know of this environment: how to find programs, the mirror's proxy, and apt's configuration.
_HANDED_ON = frozenset({"PATH", "HOME", "TMPDIR", "APT_CONFIG", "SSL_CERT_FILE", "SSL_CERT_DIR"})

# A machine that has just started may be updating itself.
_PATIENTLY = ("-o", "DPkg::Lock::Timeout=300")
# Images are built side by side, and apt serves one at a time.
_INSTALLING = Lock()


class Mmdebstrap:
    """Implements `ports.Installer`."""

    origin = "package mirror"

    def obstacle(self) -> str:
        """Return what is missing for it on this machine, "" when it can work (or be installed, which needs root)."""
        root = os.geteuid() == 0
        if shutil.which("mmdebstrap") is None and not (root and shutil.which("apt-get")):
            return "mmdebstrap, which makes root file systems from the package mirror, is not installed"
        if not root and not (shutil.which("newuidmap") and _has_subordinate_ids(getpass.getuser())):
            return (
                "mmdebstrap needs root, or user namespaces: newuidmap, and lines for you in /etc/subuid and /etc/subgid"
            )
        return ""

    @contextmanager
    def install(self, wanted: Installation, progress: Progress) -> Generator[BinaryIO]:
        """Give the tar of a root file system with packages installed; it is gone afterwards.

        Raises PermissionDenied when mmdebstrap cannot work here, Failed with its last lines.
        """
        program = self._program(progress)
        with tempfile.TemporaryDirectory(prefix="regops-image-") as folder, tempfile.TemporaryFile() as file:
            command = [program, *_options(wanted, Path(folder)), wanted.suite, "-", *wanted.sources]
            _run(command, progress, stdout=file)
            file.seek(0)
            yield file

    def _program(self, progress: Progress) -> str:
        """Return where mmdebstrap is, installing it where that is possible."""
        obstacle = self.obstacle()
        if obstacle:
            raise PermissionDenied(
                obstacle,
                hint="on Debian or Ubuntu run this as root, or `sudo apt-get install mmdebstrap uidmap "
                "debian-archive-keyring`; elsewhere build in a container of the engine: regops image build --base "
                "debian:bookworm-slim",
            )
        with _INSTALLING:
            found = shutil.which("mmdebstrap")
            if found:
                return found
            apt_get = shutil.which("apt-get") or "apt-get"
            progress.step("Installing mmdebstrap with apt-get")
            _run([apt_get, "update"], progress)
            wanted = ["mmdebstrap", "debian-archive-keyring"]
            _run([apt_get, *_PATIENTLY, "install", "--yes", "--no-install-recommends", *wanted], progress)
            return shutil.which("mmdebstrap") or "mmdebstrap"


def child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the part of an environment that the programs started here may see; no password is in it."""
    kept = {name: text for name, text in environ.items() if name in _HANDED_ON or name.lower().endswith("_proxy")}
    path = [*kept.get("PATH", "/usr/bin:/bin").split(":"), "/usr/sbin", "/sbin"]
    return {**kept, "PATH": ":".join(dict.fromkeys(path)), "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


def _options(wanted: Installation, folder: Path) -> list[str]:
    """Return mmdebstrap's options; folder takes the files they name.

    With a root file system below, "custom" means: unpack that one first, and install on top of it, as dpkg does.
    """
    options = ["--variant=custom" if wanted.below else "--variant=essential", "--format=tar"]
    options += [f"--include={','.join(wanted.packages)}", '--aptopt=APT::Install-Recommends "false"']
    options += [f"--dpkgopt={option}" for option in _LEFT_OUT]
    if wanted.below:
        options.append(f"--setup-hook=tar-in {shlex.quote(wanted.below)} /")
    elif _MERGED_USR.is_dir():
        options.append(f"--hook-dir={_MERGED_USR}")
    if wanted.sources:
        # A snapshot's lists are older than they promise to become.
        options.append('--aptopt=Acquire::Check-Valid-Until "false"')
    if wanted.versions:
        options.append(f"--setup-hook=upload {_written(folder, 'preferences', wanted.preferences)} {_PREFERENCES}")
    if wanted.setup:
        options += [
            f"--customize-hook=upload {_written(folder, 'setup.sh', wanted.setup)} /tmp/setup.sh",
            '--customize-hook=chroot "$1" sh -eu /tmp/setup.sh',
        ]
    return [*options, f"--customize-hook=rm -f {_OWN}"]


def _written(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return shlex.quote(str(path))


def _has_subordinate_ids(user: str) -> bool:
    """Return whether a user may map ids of its own in a user namespace."""
    try:
        return all(
            any(line.split(":")[0] in (user, str(os.getuid())) for line in path.read_text().splitlines())
            for path in _SUBORDINATE
        )
    except OSError:
        return False


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
        # A thread that waits here is not told of an interruption: it is gone when the interpreter ends.
        at_exit = atexit.register(partial(_end, process))
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
            atexit.unregister(at_exit)
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
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(_ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
