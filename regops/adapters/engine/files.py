"""The files of a container through the engine's archive: without root, from afar, and of stopped containers.

The engine sends files whole, from their beginning: of what it sends, the end is kept in memory, for that is what is
mostly looked at, and all of it on disk where more is asked for. What is looked at is remembered for a moment.
"""

import os
import select
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import BinaryIO, Self

from parsers.docker_inspect import Container, parse_docker_inspect
from parsers.errors import ParseError
from regops.adapters.engine.beginning import fetch_beginning
from regops.errors import Refused, UnexpectedAnswer
from regops.model.container_file import FileFacts, Happened, Listing
from regops.ports import Engine

# As much of a file's end is kept as anybody looks at.
_END_BYTES = 17 * 1024 * 1024
# How old an answer of the engine may be when a file is followed.
_FRESH_SECONDS = 1.0


class EngineFiles:
    """The files of one container; implements `ports.ContainerFiles`. Use it as a context manager."""

    via = "engine"

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._looked: dict[str, tuple[float, FileFacts]] = {}
        self._asked = time.monotonic()
        self._container = self._inspect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Hold nothing."""

    def names(self, directory: str, *, limit: int) -> Listing:
        """Return the names in a directory."""
        return self._engine.directory(self._name, directory, limit=limit)

    def look(self, path: str) -> FileFacts:
        """Return what is at a path, as it was a moment ago at the most."""
        when, facts = self._looked.get(path, (0.0, None))
        if facts is None or time.monotonic() - when > _FRESH_SECONDS:
            facts = self._engine.file_facts(self._name, path)
            self._looked[path] = time.monotonic(), facts
        return facts

    def open(self, path: str) -> "EngineFile":
        """Return the end of a regular file, fetched now."""
        facts = self.look(path)
        if facts.problem:
            raise Refused(f"{self._name}:{path} is not read: {facts.problem}")
        return EngineFile(self, path, facts)

    def read_end(self, path: str) -> tuple[int, bytes]:
        """Return the size of a regular file and as much of its end as is kept."""
        return self._engine.read_end(self._name, path, limit_bytes=_END_BYTES)

    def beginning(self, path: str, size_bytes: int, then: bytes) -> BinaryIO:
        """Return the first size_bytes of a regular file, behind which comes what is known of it already."""
        chunks = self._engine.file_chunks(self._name, path)
        return fetch_beginning(f"{self._name}:{path}", chunks, size_bytes, then)

    def watch(self, directory: str) -> None:
        """Watch nothing: the engine tells of no changes."""

    def wait(self, seconds: float, wakers: Iterable[int] = ()) -> Happened:
        """Wait, and tell whether the container has ended or was started anew."""
        select.select(list(wakers), [], [], max(seconds, 0))
        if time.monotonic() - self._asked < _FRESH_SECONDS and self._container.running:
            return Happened()
        self._asked = time.monotonic()
        before, self._container = self._container, self._inspect()
        same = (self._container.id, self._container.started_at) == (before.id, before.started_at)
        return Happened(ended=not (self._container.running and same))

    def _inspect(self) -> Container:
        try:
            return parse_docker_inspect(
                self._engine.inspect(self._name), f"the engine's answer about the container {self._name}"
            )
        except ParseError as error:
            raise UnexpectedAnswer(str(error)) from error


class EngineFile:
    """The end of one file, fetched again when more of it is asked for; implements `ports.ContainerFile`.

    What is before that is fetched when it is asked for, into a file of this machine without a name.
    """

    def __init__(self, files: EngineFiles, path: str, facts: FileFacts) -> None:
        self._files = files
        self._path = path
        self._fetched = facts
        self._size_bytes, self._end = files.read_end(path)
        self.facts = replace(facts, size_bytes=self._size_bytes)
        self._beginning: BinaryIO | None = None

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return up to size_bytes from offset on, b"" at the end."""
        if offset + size_bytes > self._size_bytes:
            self._fetch_anew()
        begins = self._size_bytes - len(self._end)
        if offset < begins:
            self._beginning = self._beginning or self._files.beginning(self._path, begins, self._end)
            found = os.pread(self._beginning.fileno(), min(size_bytes, begins - offset), offset)
            return found + self._end[: max(offset + size_bytes - begins, 0)]
        return self._end[offset - begins : offset - begins + size_bytes]

    def watch(self) -> None:
        """Watch nothing."""

    def look(self) -> FileFacts:
        """Return what it was a moment ago."""
        return self._files.look(self._path)

    def close(self) -> None:
        """Let go of what was fetched."""
        if self._beginning is not None:
            self._beginning.close()
            self._beginning = None

    def _fetch_anew(self) -> None:
        facts = self._files.look(self._path)
        if facts != self._fetched or facts.size_bytes != self._size_bytes:
            self._fetched = facts
            self.close()
            self._size_bytes, self._end = self._files.read_end(self._path)
