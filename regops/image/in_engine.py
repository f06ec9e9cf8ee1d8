"""Installs packages in a container of an image that can be pulled, where mmdebstrap cannot work."""

import secrets
import tempfile
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from parsers.docker_inspect import parse_docker_inspect
from regops.errors import Failed
from regops.model.installation import Installation
from regops.ports import Engine, Progress

DEBIAN = "debian:bookworm-slim"
_PULL_SECONDS = 300.0
_LAST_LINES = 15
_LINE_CHARACTERS = 4096
_LABEL = "regops.image"
_SCRIPT = """set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
if [ -n "$SOURCES" ]; then
    rm -f /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list
    printf '%s\\n' "$SOURCES" > /etc/apt/sources.list
    apt_options='-o Acquire::Check-Valid-Until=false'
fi
[ -z "$PREFERENCES" ] || printf '%s\\n' "$PREFERENCES" > /etc/apt/preferences.d/versions
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
apt-get ${apt_options:-} update
apt-get install --yes --no-install-recommends $PACKAGES
sh -eu -c "$SETUP"
rm -f /etc/apt/preferences.d/versions /usr/sbin/policy-rc.d
"""


@dataclass(frozen=True, slots=True)
class EngineInstaller:
    """Implements `ports.Installer` with containers of image, a Debian with apt; it is pulled where it is missing."""

    engine: Engine
    image: str

    @property
    def origin(self) -> str:
        """Where its root file systems begin."""
        return self.image

    def obstacle(self) -> str:
        """Return nothing: only trying tells."""
        return ""

    @contextmanager
    def install(self, wanted: Installation, progress: Progress) -> Generator[BinaryIO]:
        """Give the tar of a root file system with packages installed; it is gone afterwards.

        Raises Failed with the last lines of what was tried.
        """
        name = f"regops-image-{secrets.token_hex(4)}"
        image = self.image if wanted.below is None else f"{name}:below"
        try:
            if wanted.below is None:
                self._pull(progress)
            else:
                with Path(wanted.below).open("rb") as tarball:
                    self.engine.import_image(tarball, image)
            self._run(name, image, wanted, progress)
            with tempfile.TemporaryFile() as file:
                for chunk in self.engine.export(name):
                    file.write(chunk)
                file.seek(0)
                yield file
        finally:
            self.engine.remove(name)
            if wanted.below is not None:
                self.engine.remove_image(image)

    def _pull(self, progress: Progress) -> None:
        if self.engine.image_id(self.image) is None:
            progress.step(f"Pulling {self.image}")
            self.engine.pull(self.image, timeout_seconds=_PULL_SECONDS)

    def _run(self, name: str, image: str, wanted: Installation, progress: Progress) -> None:
        self.engine.run(
            image,
            name=name,
            entrypoint=["/bin/sh", "-c"],
            command=[_SCRIPT],
            # Over the host's network, which works where a bridge's name service may not.
            network_mode="host",
            labels={_LABEL: "true"},
            environment={
                "PACKAGES": " ".join(wanted.packages),
                "SETUP": wanted.setup,
                "SOURCES": "\n".join(wanted.sources),
                "PREFERENCES": wanted.preferences,
            },
        )
        last, rest = deque[str](maxlen=_LAST_LINES), ""
        for chunk in self.engine.logs(name, lines=None, follow=True):
            *lines, rest = (rest + chunk.decode("utf-8", "backslashreplace")).split("\n")
            rest = rest[-_LINE_CHARACTERS:]
            for line in lines:
                last.append(line.rstrip())
                progress.detail(line)
        ended = parse_docker_inspect(self.engine.inspect(name), name)
        if ended.running or ended.exit_code != 0:
            raise Failed(
                f"installing packages in a container of {self.image} ended with status {ended.exit_code}; "
                "its last lines:\n" + "\n".join(last),
                hint=f"{self.image} must be Debian bookworm, with apt, and must reach a mirror",
            )
