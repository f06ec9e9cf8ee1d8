"""Writers at work in a container while `regops logs -f` follows, and what came of their lines."""

import io
import re
import subprocess
import tarfile
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attack_container import regops_process, wait_until

WRITER = Path(__file__).parent / "log_writer.py"
RATE = 20_000
_LINE = re.compile(
    rb'\S+ - - \[[^]]+\] "GET /v2/library/app/manifests/(\d{8})-\d+\.\d{6} HTTP/1\.1" 200 1986 "-" "[^"]+"'
)


@dataclass(slots=True)
class Seen:
    """What regops gave: the numbers of the whole lines in their order, and the lines that are none of the writer's."""

    numbers: list[int] = field(default_factory=list)
    torn: list[bytes] = field(default_factory=list)
    last: int = 0

    def add(self, line: bytes) -> None:
        found = _LINE.fullmatch(line.rstrip(b"\n"))
        if found is None:
            self.torn.append(line)
        else:
            self.numbers.append(int(found[1]))
            self.last = self.numbers[-1]

    def repeated(self) -> list[int]:
        return [number for number, times in Counter(self.numbers).items() if times > 1]

    def lost(self) -> list[int]:
        return sorted(set(range(1, self.last + 1)) - set(self.numbers))

    def gaps(self) -> int:
        """Return how many runs of lines are lost."""
        lost = self.lost()
        return sum(1 for place, number in enumerate(lost) if place == 0 or lost[place - 1] != number - 1)


@dataclass(slots=True)
class Following:
    """A `regops logs -f` that is running, and what it has given so far."""

    process: "subprocess.Popen[bytes]"
    seen: Seen = field(default_factory=Seen)
    said: list[bytes] = field(default_factory=list)

    def wait_for(self, number: int) -> None:
        """Return once a line has come."""
        wait_until(lambda: self.seen.last >= number or self.process.poll() is not None, within_seconds=120)
        assert self.process.poll() is None, b"".join(self.said)


@contextmanager
def following(container: str, *options: str) -> Generator[Following]:
    """Follow a container's logs, as bytes, for as long as the context lasts."""
    with regops_process("logs", container, "-f", "-n", "10", "--raw", *options) as process:
        found = Following(process)
        readers = [
            threading.Thread(target=_collect, args=(process.stdout, found.seen.add), daemon=True),
            threading.Thread(target=_collect, args=(process.stderr, found.said.append), daemon=True),
        ]
        for reader in readers:
            reader.start()
        try:
            yield found
        finally:
            process.terminate()
            for reader in readers:
                reader.join(60)


def put_writer(container: Any) -> None:
    """Put the writer's program into a container, as /writer.py."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(WRITER, "writer.py")
    assert container.put_archive("/", packed.getvalue())


def _collect(stream: Any, take: Any) -> None:
    for line in stream:
        take(line)
