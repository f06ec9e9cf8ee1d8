"""How long work shows itself on stderr: a live bar on a terminal, a line per step in a pipe."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from threading import Timer
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.status import Status
from rich.table import Column
from rich.text import Text

from regops.render.bystander import Bystander
from regops.render.visible import visible, visible_line

_DETAIL_WIDTH = 60
# What is over before anybody has read a bar needs none, which would only stay behind.
_BAR_BYTES = 4_000_000
_BAR_SECONDS = 0.5
_BAR_COLUMNS = 70  # a narrower terminal has room for the numbers alone


class ConsoleProgress:
    """Progress for one command; use it as a context manager, so that the terminal is left as it was found."""

    def __init__(self, *, color: bool) -> None:
        shown: Any = Bystander()
        self._console = Console(
            file=shown, force_terminal=None if color else False, no_color=not color, markup=False, emoji=False
        )
        self._live = self._console.is_terminal
        self._status: Status | None = None
        self._step = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def step(self, text: str) -> None:
        """Say that a step begins, or what came of it."""
        self._stop()
        self._step = visible(text)
        self._console.print(Text(self._step), soft_wrap=not self._live)
        if self._live:
            self._status = self._console.status(Text(""))
            self._status.start()

    def detail(self, text: str) -> None:
        """Show the newest line of a long step's output in passing."""
        if self._status is not None:
            self._status.update(Text(visible_line(text.strip(), limit=_DETAIL_WIDTH), style="dim"))

    @contextmanager
    def transfer(self, text: str, total_bytes: int | None) -> Generator[Callable[[int], None]]:
        """Show a transfer that takes a while; call the yielded function with the bytes that came since."""
        self._stop()
        whole = partial(Column, no_wrap=True)
        columns = (
            TextColumn("{task.description}", markup=False, table_column=whole(overflow="ellipsis")),
            *((BarColumn(),) if self._console.width >= _BAR_COLUMNS else ()),
            DownloadColumn(table_column=whole()),
            TransferSpeedColumn(table_column=whole()),
            TimeRemainingColumn(table_column=whole()),
        )
        progress = Progress(*columns, console=self._console, disable=not self._live)
        task = progress.add_task(visible_line(text), total=total_bytes)
        late = Timer(0 if (total_bytes or 0) >= _BAR_BYTES else _BAR_SECONDS, progress.start)
        late.daemon = True
        late.start()
        try:
            yield lambda count: progress.update(task, advance=count)
        finally:
            late.cancel()
            late.join()
            if progress.live.is_started:
                progress.stop()

    def _stop(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None
