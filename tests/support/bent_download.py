"""Downloads of one object through a proxy that bends its GETs."""

import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bent_swift import Bend, bent_swift, pass_whole
from fake_clock import FakeClock
from fault_server import Peer
from regops.main import app
from regops.wiring import Services
from swift_server import SwiftServer


@contextmanager
def bent_download(
    swift: SwiftServer, monkeypatch: pytest.MonkeyPatch, container: str, name: str, bend: Bend
) -> Generator[None]:
    """Let regops reach a Swift through a proxy that bends the GETs of an object, but not those of its manifest."""

    def bend_content(peer: Peer, head: bytes, server: socket.socket) -> None:
        (pass_whole if "multipart-manifest" in peer.path else bend)(peer, head, server)

    with bent_swift(swift.auth_url, f"/{container}/{name}", bend_content) as proxy:
        # Nothing but what the proxy does is to cost another try.
        monkeypatch.setenv("REGOPS_TIMEOUT", "300")
        for key, value in {**swift.environ, "ST_AUTH": f"{proxy.url}/auth/v1.0"}.items():
            monkeypatch.setenv(key, value)
        yield


def download_at_once(name: str, container: str, to: Path, *more: str) -> Result:
    """Download without waiting between the tries."""
    command = ["bootstrap", "download", name, "-c", container, "--to", str(to), "-o", "json", *more]
    return CliRunner().invoke(app, command, obj=Services(clock=FakeClock()))


def names_in(folder: Path) -> list[str]:
    """Return the names in a folder, in order."""
    return sorted(path.name for path in folder.iterdir())
