"""Progress that is kept instead of shown."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class QuietProgress:
    """For ports.Progress: what was said, in order."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.details: list[str] = []
        self.transfers: dict[str, int] = {}

    def step(self, text: str) -> None:
        self.steps.append(text)

    def detail(self, text: str) -> None:
        self.details.append(text)

    @contextmanager
    def transfer(self, text: str, total_bytes: int | None) -> Iterator[Callable[[int], None]]:
        self.transfers[text] = 0

        def came(count: int) -> None:
            self.transfers[text] += count

        yield came
