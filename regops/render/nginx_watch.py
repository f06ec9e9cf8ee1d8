"""Readings of nginx's counters as they come: one table that changes on a terminal, one line each elsewhere."""

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from regops.model.nginx_status import NginxSample, NginxStatus
from regops.render import Color, use_color


@contextmanager
def sample_printer(*, output: str, color: Color) -> Generator[Callable[[NginxSample], None]]:
    """Yield what shows a reading on stdout; at the end, the terminal is left as it was found."""
    if output == "json":
        from regops.render.json import json_line

        yield lambda sample: print(json_line(sample), flush=True)
    elif sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        with _live(color) as show:
            yield show
    else:
        from regops.render.table.nginx_status import sample_line

        yield lambda sample: print(sample_line(sample), flush=True)


@contextmanager
def _live(color: Color) -> Generator[Callable[[NginxSample], None]]:
    from rich.console import Console
    from rich.live import Live

    from regops.render.table.nginx_status import watched_table

    console = Console(
        file=sys.stdout,
        force_terminal=True,
        no_color=not use_color(color, sys.stdout),
        markup=False,
        emoji=False,
        highlight=False,
    )
    last: NginxStatus | None = None
    with Live(console=console, auto_refresh=False) as live:

        def show(sample: NginxSample) -> None:
            nonlocal last
            live.update(watched_table(sample, last), refresh=True)
            last = sample.status or last

        yield show
