"""A directory that stands for a container's root: real files, the real helper process, no engine and no root."""

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fake_clock import FakeClock
from fake_engine import FakeEngine, container_document
from fake_services import FakeServices
from regops.adapters.container.files import LocalFiles
from regops.collectors.logs.follow import follow_logs
from regops.errors import RegopsError
from regops.model.container_file import Happened
from regops.model.log_filter import LogFilter, LogWindow
from regops.model.log_record import LogRecord
from regops.model.log_request import LogRequest
from regops.model.log_source import Notice, Via
from regops.model.log_summary import LogTally

NAME = "tree"


Step = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Restart:
    """The container ends, and meanwhile is what happens before it runs again."""

    meanwhile: Step = lambda: None


class ScriptedFiles(LocalFiles):
    """Files below a directory; each time regops waits, the next step happens, and after the last one the end."""

    services: "TreeServices"

    def wait(self, seconds: float, wakers: Iterable[int] = ()) -> Happened:
        steps = self.services.steps
        step = steps.pop(0) if steps else Restart(self.services.fake_engine.documents.clear)
        if isinstance(step, Restart):
            self.services.restart = step
            return Happened(ended=True)
        step()
        return Happened()


@dataclass(slots=True)
class TreeServices(FakeServices):
    """Services for which the container `tree` has a directory as its root; steps happen while it is followed."""

    root: Path = Path("/nonexistent")
    steps: list[Step | Restart] = field(default_factory=list)
    restart: Restart | None = None
    scripted: bool = True
    local: RegopsError | None = None

    def engine(self) -> Any:
        if self.restart is not None:
            self.restart.meanwhile()
            for document in self.fake_engine.documents:
                document["State"]["StartedAt"] = f"2026-11-23T10:00:00.{len(self.steps):09}Z"
            self.restart = None
        return self.fake_engine

    @contextmanager
    def local_files(self, container: str) -> Generator[Any]:
        if self.local is not None:
            raise self.local
        root = os.open(self.root, os.O_PATH | os.O_DIRECTORY)
        pidfd = os.pidfd_open(os.getpid())
        try:
            with (ScriptedFiles if self.scripted else LocalFiles)(container, root, pidfd) as files:
                if isinstance(files, ScriptedFiles):
                    files.services = self
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


def real_tree_services(root: Path) -> TreeServices:
    """Return services for a directory in which nothing happens by itself: waiting is waiting."""
    return tree_services(root, scripted=False)


def follow(root: Path, *steps: Step | Restart, patterns: tuple[str, ...] = (), lines: int = 10) -> list[Any]:
    """Return what following a directory gives while steps happen, one between two looks, until the container goes."""
    services = tree_services(root, steps=list(steps))
    request = LogRequest(NAME, patterns, LogWindow(lines), LogFilter(), Via.FILES, raw=False, timeout_seconds=1e9)
    return list(until_gone(follow_logs(services, FakeClock(step=2.0), request, LogTally())))


def until_gone(events: Iterator[Any]) -> Iterator[Any]:
    """Yield events until the container is gone."""
    for event in events:
        yield event
        if isinstance(event, Notice) and "was removed" in event.text:
            return


def lines_of(events: list[Any]) -> list[str]:
    """Return the texts of the records among some events."""
    return [event.entry.text for event in events if isinstance(event, LogRecord)]


def notices_of(events: list[Any]) -> list[str]:
    """Return the texts of the notices among some events."""
    return [event.text for event in events if isinstance(event, Notice)]
