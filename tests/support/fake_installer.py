"""Root file systems of a few files, for ports.Installer."""

import io
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from regops.errors import RegopsError
from regops.model.installation import Installation
from regops.ports import Progress

# Before the date of the tests' clock.
PACKED = 1790000000
NOW = 1795425120
USERS = ("root", "docker-registry", "registry-status", "nginx", "www-data", "redis", "swift")


def stanza(name: str, version: str, **more: str) -> str:
    fields = {"Package": name, "Status": "install ok installed", "Architecture": "amd64", "Version": version, **more}
    return "".join(f"{key}: {text}\n" for key, text in fields.items()) + "\n"


def root_tar(files: Mapping[str, str | bytes], *, packed: Mapping[str, int] | None = None) -> bytes:
    """Return the tar of a root file system as mmdebstrap names its members; packed says which date which file has."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        folders = sorted({str(parent) for name in files for parent in Path(name).parents})
        for folder in folders:
            member = tarfile.TarInfo(f"./{folder}" if folder != "." else ".")
            member.type, member.mode, member.mtime = tarfile.DIRTYPE, 0o755, NOW + 5
            archive.addfile(member)
        for name, text in sorted(files.items()):
            content = text.encode() if isinstance(text, str) else text
            member = tarfile.TarInfo(f"./{name}")
            member.size, member.mode = len(content), 0o644
            member.mtime = (packed or {}).get(name, NOW + 5)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def files_of(tar: bytes) -> dict[str, bytes]:
    """Return the regular files of a tar."""
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        found = {member.name.removeprefix("./"): archive.extractfile(member) for member in archive if member.isreg()}
        return {name: file.read() for name, file in found.items() if file}


class FakeInstaller:
    """Installs packages of one program each; versions maps them to what the mirror has, 1 where it says nothing.

    asked are the installations it was asked for.
    """

    origin = "package mirror"

    def __init__(self, *, obstacle: str = "", fails: RegopsError | None = None) -> None:
        self.versions: dict[str, str] = {}
        self.asked: list[Installation] = []
        self.fails = fails
        self._obstacle = obstacle

    def obstacle(self) -> str:
        return self._obstacle

    @contextmanager
    def install(self, wanted: Installation, progress: Progress) -> Iterator[BinaryIO]:
        self.asked.append(wanted)
        if self.fails:
            raise self.fails
        files: dict[str, str | bytes] = {
            "etc/passwd": "".join(f"{name}:x:{100 + place}:1:::\n" for place, name in enumerate(USERS)),
            "etc/group": "".join(f"{name}:x:{200 + place}:\n" for place, name in enumerate(USERS)),
            "etc/shadow": "root:*:20415:0:99999:7:::\n",
            "etc/machine-id": "d1569013d1569013d1569013d1569013\n",
            "var/log/dpkg.log": "installed\n",
        }
        packages = stanza("libc6", "2.36", Source="glibc")
        if wanted.below:
            files.update(files_of(Path(wanted.below).read_bytes()))
            status = files["var/lib/dpkg/status"]
            packages = status.decode() if isinstance(status, bytes) else status
        for name in wanted.packages:
            version = self.versions.get(name, "1")
            packages += stanza(name, version)
            files[f"usr/bin/{name}"] = f"{name} {version}"
        programs = {name: PACKED for name in files if name.startswith("usr/bin/")}
        yield io.BytesIO(root_tar({**files, "var/lib/dpkg/status": packages}, packed=programs))
