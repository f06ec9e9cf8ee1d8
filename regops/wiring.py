"""The real adapters, built on first use, and the last step of every command: print the answer and exit with it."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from parsers.dpkg_status import InstalledPackage
from regops.errors import Interrupted, RegopsError
from regops.model.answer import Answer, Target
from regops.model.built_image import Subject
from regops.model.hints import name_container
from regops.model.log_summary import LogTally
from regops.ports import BlockCounter, Clock, Connect, ContainerFiles, Engine, Installer, ObjectStore, Registry
from regops.render import Color, use_color, write_answer, write_error
from regops.render.visible import visible
from regops.settings import HttpOptions, StoreOptions

if TYPE_CHECKING:
    from parsers.nginx_access import AccessFormat
    from regops.model.traffic import Traffic
    from regops.model.traffic_filter import TrafficFilter
    from regops.render.log_lines import LogWriter
    from regops.render.plain_progress import PlainProgress
    from regops.render.progress import ConsoleProgress


class SystemClock:
    """The machine's own clocks."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)


@dataclass(slots=True)
class Services:
    """What commands work with. Tests hand in one of fakes: `CliRunner().invoke(app, [...], obj=FakeServices())`.

    command, output and target are what is known of the command line, for a failure to be told with. is_stream says
    that the command goes on until it is stopped, and has no answer as a whole. container is the one the target runs
    in, as far as that is known, for hints.
    """

    command: str = ""
    container: str = ""
    output: str = "table"
    target: Target = field(default_factory=Target)
    is_stream: bool = False
    color: Color = Color.AUTO
    store_options: StoreOptions = field(default_factory=StoreOptions)
    clock: Clock = field(default_factory=SystemClock)

    def engine(self) -> Engine:
        """Return the Docker engine that DOCKER_HOST, DOCKER_CONTEXT or Docker's configuration names."""
        from regops.adapters.engine.client import DockerEngine

        return DockerEngine.from_environment()

    def registry(self, url: str, options: HttpOptions, *, connect: Connect | None = None) -> Registry:
        """Return the registry at an address; connect, if given, opens its connections (inside a container)."""
        from regops.adapters.registry.client import RegistryClient

        return RegistryClient(url, options, connect=connect)

    def object_store(self, *, timeout_seconds: float, environ: Mapping[str, str] | None = None) -> ObjectStore:
        """Return the Swift of a cloud that was named, or that OS_* or ST_* variables name.

        They are this environment's unless another is given, of which no cloud is looked up but its own. Raises
        ConfigurationError when they name none.
        """
        from regops.adapters.swift.store import SwiftStore

        if environ is not None:
            return SwiftStore.from_environment(environ, timeout_seconds=timeout_seconds)
        return SwiftStore.from_environment(os.environ, timeout_seconds=timeout_seconds, options=self.store_options)

    def connect_inside(self, name: str) -> Connect:
        """Return what opens connections inside a container's network; it verifies the container at every call."""
        from regops.adapters.container.namespaces import connect_inside

        return partial(connect_inside, self.engine(), name)

    def is_own_address(self, address: str) -> bool:
        """Return whether an IP address is this machine's."""
        from regops.adapters.host import is_own_address

        return is_own_address(address)

    def replace_file(self, path: Path, text: str) -> None:
        """Give a file new contents, whole or not at all."""
        from regops.adapters.host import replace_file

        replace_file(path, text)

    def installer(self) -> Installer:
        """Return what makes root file systems from the distribution's mirror."""
        from regops.adapters.mmdebstrap import Mmdebstrap

        return Mmdebstrap()

    def bill_of_materials(self, subject: Subject, packages: tuple[InstalledPackage, ...]) -> str:
        """Return the list of an image's packages as a CycloneDX document."""
        from regops.adapters.sbom import bill_of_materials

        return bill_of_materials(subject, packages)

    def local_files(self, container: str) -> AbstractContextManager[ContainerFiles]:
        """Return a container's files through this machine's kernel; see ports.LogDoors."""
        from regops.adapters.container.files import container_files

        return container_files(self.engine(), container)

    def engine_files(self, container: str) -> AbstractContextManager[ContainerFiles]:
        """Return a container's files through the engine's archive."""
        from regops.adapters.engine.files import EngineFiles

        return EngineFiles(self.engine(), container)

    def output_inside(
        self, container: str, command: tuple[str, ...], *, timeout_seconds: float | None
    ) -> Iterator[bytes]:
        """Yield what a program of a container prints when it is run inside all namespaces; see ports.LogDoors."""
        from regops.adapters.container.inside import output_inside

        return output_inside(self.engine(), container, command, timeout_seconds=timeout_seconds)

    def enter_namespaces(self, container: str, commands: tuple[tuple[str, ...], ...]) -> int:
        """Run the first of some programs that a container has on this terminal, and return its exit status."""
        from regops.adapters.container.enter import enter_namespaces

        return enter_namespaces(self.engine(), container, commands)

    def local_zone(self) -> tzinfo:
        """Return the time zone of whoever works here."""
        from regops.adapters.host import LocalZone

        return LocalZone()

    def traffic_counter(
        self, access_format: "AccessFormat", wanted: "TrafficFilter", traffic: "Traffic"
    ) -> BlockCounter | None:
        """Return what counts access logs of a format by columns, None for a format that is read line by line."""
        # Counting uses no matrices: without this, a thread is started for each core, which takes longer than most logs.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        from regops.adapters.traffic.counter import block_counter

        return block_counter(access_format, wanted, traffic)

    def log_writer(self, *, raw: bool, utc: bool, show_secrets: bool, tally: LogTally) -> "LogWriter":
        """Return what shows log records on stdout, in the chosen form."""
        from regops.render.log_lines import LogWriter

        return LogWriter(
            output=self.output,
            color=self.color,
            raw=raw,
            zone=UTC if utc else self.local_zone(),
            show_secrets=show_secrets,
            tally=tally,
        )

    def progress(self) -> "ConsoleProgress | PlainProgress":
        """Return progress on stderr: drawn on a terminal, plain lines elsewhere."""
        color = use_color(self.color, sys.stderr)
        if not color and not sys.stderr.isatty():
            from regops.render.plain_progress import PlainProgress

            return PlainProgress()
        from regops.render.progress import ConsoleProgress

        return ConsoleProgress(color=color)

    def emit(self, answer: Answer) -> NoReturn:
        """Print the answer in the chosen form and end the command with its exit status."""
        answer = name_container(answer, self.container)
        write_answer(answer, output=self.output, command=self.command, now=self.clock.now(), color=self.color)
        raise typer.Exit(answer.exit_status)

    def report(self, error: RegopsError) -> None:
        """Say what failed."""
        error.hint = name_container(error.hint, self.container)
        write_error(error, output=self.output, command=self.command, target=self.target, now=self.clock.now())

    def report_interruption(self) -> None:
        """Tell whoever reads JSON that no answer comes; people know what they have pressed."""
        if self.output == "json" and not self.is_stream:
            self.report(Interrupted("interrupted"))

    def report_bug(self, trace: str) -> None:
        """Show a traceback as our own fault, with nothing in it that could steer a terminal."""
        print(visible(trace), file=sys.stderr)
        print("error: this is a bug in regops; please report it with the lines above", file=sys.stderr)


def container_names(environ: Mapping[str, str]) -> list[str]:
    """Return the names of this engine's containers for completion, [] where the engine does not answer at once."""
    from regops.adapters.engine import completion

    return completion.container_names(environ)


def image_references(environ: Mapping[str, str]) -> list[str]:
    """Return the references of this engine's images, as container_names does."""
    from regops.adapters.engine import completion

    return completion.image_references(environ)


def object_names(environ: Mapping[str, str], options: StoreOptions, swift_container: str) -> list[str]:
    """Return the names of a Swift container's objects for completion, [] where it is not listed within two seconds."""
    from regops.adapters.swift import completion

    return completion.object_names(environ, options, swift_container)
