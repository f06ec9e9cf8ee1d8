"""A directory that stands for a container's root: real files, the real helper process, no engine and no root."""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fake_clock import FakeClock
from fake_engine import FakeEngine, container_document
from fake_services import FakeServices
from regops.adapters.container.files import LocalFiles
from regops.collectors.logs import LogRequest, follow_logs
from regops.errors import NotFound, RegopsError
from regops.model.log_source import LogLine, Notice, Via

NAME = "tree"


class ScriptedFiles(LocalFiles):
    """Files below a directory; each time regops waits, the next step happens, and after the last one the end."""

    steps: list[Callable[[], None]]

    def ended_within(self, seconds: float) -> bool:
        if not self.steps:
            return True
        self.steps.pop(0)()
        return False


@dataclass(slots=True)
class TreeServices(FakeServices):
    """Services for which the container `tree` has a directory as its root; steps happen while it is followed."""

    root: Path = Path("/nonexistent")
    steps: list[Callable[[], None]] = field(default_factory=list)
    local: RegopsError | None = None

    @contextmanager
    def local_files(self, container: str) -> Generator[Any]:
        if self.local is not None:
            raise self.local
        root = os.open(self.root, os.O_PATH | os.O_DIRECTORY)
        pidfd = os.pidfd_open(os.getpid())
        try:
            with ScriptedFiles(container, root, pidfd) as files:
                files.steps = self.steps
                yield files
        finally:
            os.close(root)
            os.close(pidfd)


def tree_services(root: Path, *, output: bytes = b"", **options: Any) -> TreeServices:
    """Return services for a directory, with log folders made in it."""
    for folder in ("var/log/nginx", "var/log/supervisor"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    engine = FakeEngine(container_document(NAME), output={NAME: output})
    return TreeServices(root=root, fake_engine=engine, **options)


def follow(root: Path, *steps: Callable[[], None], patterns: tuple[str, ...] = (), lines: int = 10) -> list[Any]:
    """Return what following a directory gives while steps happen, one between two looks, until the container goes."""

    def vanish() -> None:
        services.fake_engine.documents.clear()

    services = tree_services(root, steps=[*steps, vanish])
    request = LogRequest(NAME, patterns, lines, Via.FILES, timeout_seconds=1e9)
    return list(until_gone(follow_logs(services, FakeClock(step=2.0), request)))


def until_gone(events: Iterator[Any]) -> Iterator[Any]:
    """Yield events until the container is gone."""
    try:
        yield from events
    except NotFound:
        return


def lines_of(events: list[Any]) -> list[str]:
    """Return the texts of the lines among some events."""
    return [event.text.decode() for event in events if isinstance(event, LogLine)]


def notices_of(events: list[Any]) -> list[str]:
    """Return the texts of the notices among some events."""
    return [event.text for event in events if isinstance(event, Notice)]
