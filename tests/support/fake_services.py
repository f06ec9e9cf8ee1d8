"""The services of a command, made of fakes: `CliRunner().invoke(app, [...], obj=FakeServices(...))`."""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from functools import partial
from pathlib import Path
from typing import Any

from fake_clock import FakeClock
from fake_engine import FakeEngine
from fake_installer import FakeInstaller
from fake_registry import FakeRegistry
from regops.errors import NotFound, Phase, RegopsError, Unreachable
from regops.settings import HttpOptions
from regops.wiring import Services


def _connect(name: str, port: int, timeout_seconds: float) -> socket.socket:
    raise AssertionError(f"a fake registry opens no connection to port {port} of {name}")


@dataclass(slots=True)
class FakeServices(Services):
    """Services of fakes.

    registries are found by the address given, inside by (container id or name, address): a registry, or an error that
    going inside raises. written is what replace_file wrote, zone that of
    whoever works here.
    """

    clock: Any = field(default_factory=FakeClock)
    fake_engine: FakeEngine = field(default_factory=FakeEngine)
    fake_installer: FakeInstaller = field(default_factory=FakeInstaller)
    registries: dict[str, FakeRegistry] = field(default_factory=dict)
    inside: dict[tuple[str, str], FakeRegistry | RegopsError] = field(default_factory=dict)
    own_addresses: frozenset[str] = frozenset({"127.0.0.1", "192.0.2.1"})
    written: dict[Path, str] = field(default_factory=dict)
    zone: tzinfo = UTC

    def engine(self) -> Any:
        return self.fake_engine

    def installer(self) -> Any:
        return self.fake_installer

    def registry(self, url: str, options: HttpOptions, *, connect: Callable[..., Any] | None = None) -> Any:
        if isinstance(connect, partial):
            refused = Unreachable(f"{url}: refused inside", phase=Phase.CONNECT)
            found = self.inside.get((connect.args[0], url), refused)
            return FakeRegistry({"/nginx_status": found}) if isinstance(found, RegopsError) else found
        if url not in self.registries:
            raise NotFound(f"the test has no registry {url}")
        return self.registries[url]

    def local_zone(self) -> Any:
        return self.zone

    def connect_inside(self, name: str) -> Any:
        return partial(_connect, name)

    def is_own_address(self, address: str) -> bool:
        return address in self.own_addresses

    def replace_file(self, path: Path, text: str) -> None:
        self.written[path] = text
