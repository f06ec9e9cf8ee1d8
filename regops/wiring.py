"""The real adapters, built on first use, and the last step of every command: print the answer and exit with it."""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

import typer

from regops.errors import RegopsError
from regops.model.answer import Answer
from regops.ports import Clock, Connect, Engine, Registry
from regops.render import Color, use_color, write_answer, write_error
from regops.render.visible import visible
from regops.settings import HttpOptions

if TYPE_CHECKING:
    from regops.render.progress import ConsoleProgress


class SystemClock:
    """The machine's own clocks."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)


@dataclass(slots=True)
class Services:
    """What commands work with. Tests hand in one of fakes: `CliRunner().invoke(app, [...], obj=FakeServices())`."""

    command: str = ""
    output: str = "table"
    color: Color = Color.AUTO
    clock: Clock = field(default_factory=SystemClock)

    def engine(self) -> Engine:
        """Return the Docker engine that DOCKER_HOST, DOCKER_CONTEXT or Docker's configuration names."""
        from regops.adapters.engine import DockerEngine

        return DockerEngine.from_environment()

    def registry(self, url: str, options: HttpOptions, *, connect: Connect | None = None) -> Registry:
        """Return the registry at an address; connect, if given, opens its connections (inside a container)."""
        from regops.adapters.registry import RegistryClient

        return RegistryClient(url, options, connect=connect)

    def progress(self) -> "ConsoleProgress":
        """Return progress on stderr."""
        from regops.render.progress import ConsoleProgress

        return ConsoleProgress(color=use_color(self.color, sys.stderr))

    def emit(self, answer: Answer) -> NoReturn:
        """Print the answer in the chosen form and end the command with its exit status."""
        write_answer(answer, output=self.output, command=self.command, now=self.clock.now(), color=self.color)
        raise typer.Exit(answer.exit_status)

    def report(self, error: RegopsError) -> None:
        """Say what failed."""
        write_error(error, output=self.output, command=self.command, now=self.clock.now())

    def report_bug(self, trace: str) -> None:
        """Show a traceback as our own fault, with nothing in it that could steer a terminal."""
        print(visible(trace), file=sys.stderr)
        print("error: this is a bug in regops; please report it with the lines above", file=sys.stderr)


def container_names(environ: Mapping[str, str]) -> list[str]:
    """Return the names of this engine's containers for completion, [] where the engine does not answer at once."""
    return []
