"""How long work shows itself where nobody watches: a line per step on stderr, and nothing of a transfer."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from regops.render.bystander import Bystander
from regops.render.visible import visible


class PlainProgress:
    """Progress for one command whose stderr is no terminal; it needs no library that could draw."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def step(self, text: str) -> None:
        """Say that a step begins, or what came of it."""
        Bystander().write(f"{visible(text)}\n")

    def detail(self, text: str) -> None:
        """Say nothing: the line would not go away again."""

    @contextmanager
    def transfer(self, text: str, total_bytes: int | None) -> Generator[Callable[[int], None]]:  # noqa: ARG002
        """Show nothing of a transfer."""
        yield lambda _: None
