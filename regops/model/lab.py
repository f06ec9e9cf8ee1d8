"""The lab: a throw-away registry and its Swift, where they answer and how they are."""

from dataclasses import dataclass
from enum import StrEnum

from regops.errors import ExitStatus
from regops.model.answer import Target


class Variant(StrEnum):
    """The registry's two images: main as in production, dev with a redis."""

    MAIN = "main"
    DEV = "dev"


@dataclass(frozen=True, slots=True)
class LabRegistry:
    """The lab's registry container.

    state is the engine's word (running, paused, exited), or absent. ready says whether it answers and its store works,
    detail why not. The addresses are on the loopback; None while no port is bound. ca_file is this machine's copy of
    the certificate that the HTTPS side shows, None without one. swift_container is where its layers go, None for one
    that keeps files.
    """

    container: str
    state: str
    ready: bool
    detail: str
    image: str
    variant: str
    flavor: str
    http_url: str | None
    https_url: str | None
    ca_file: str | None
    swift_container: str | None


@dataclass(frozen=True, slots=True)
class LabSwift:
    """The lab's Swift; user and key are known to everybody and open nothing but this demonstration.

    swift_container holds the tarballs.
    """

    container: str
    state: str
    ready: bool
    detail: str
    image: str
    auth_url: str | None
    user: str
    key: str
    swift_container: str


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab and what to do with it.

    swift is None for a lab that keeps files. commands are for a shell, in the order of a first visit.
    """

    target: Target
    name: str
    registry: LabRegistry
    swift: LabSwift | None
    commands: tuple[str, ...]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point regops and Swift's own client at this lab; those without a value are left out."""
        swift = self.swift
        found = {
            "REGOPS_URL": self.registry.http_url,
            "REGOPS_CONTAINER": self.registry.container,
            "REGOPS_CACERT": self.registry.ca_file,
            "ST_AUTH": swift and swift.auth_url,
            "ST_USER": swift and swift.user,
            "ST_KEY": swift and swift.key,
        }
        return {name: text for name, text in found.items() if text}

    @property
    def exit_status(self) -> ExitStatus:
        """OK when everything in it is ready."""
        ready = self.registry.ready and (self.swift is None or self.swift.ready)
        return ExitStatus.OK if ready else ExitStatus.BAD_NEWS


@dataclass(frozen=True, slots=True)
class LabRemoved:
    """What `lab down` took away, and what it left and why."""

    target: Target
    name: str
    removed: tuple[str, ...]
    kept: tuple[str, ...]

    @property
    def exit_status(self) -> ExitStatus:
        """OK: a lab that was not there is down as well."""
        return ExitStatus.OK
