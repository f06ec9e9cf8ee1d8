"""Answers for people: one module per answer, legible in 80 columns and without colour; in a pipe nothing is wrapped."""

import sys
from importlib import import_module

from rich.console import Console, RenderableType

from regops.model.answer import Answer
from regops.render.table.width import width_of

_TABLES = {
    "Instances": ("instances", "instances_table"),
    "PingAnswer": ("ping", "ping_table"),
    "RegistryHealth": ("status", "status_table"),
    "NginxStatus": ("nginx_status", "nginx_table"),
    "Lab": ("lab", "lab_table"),
    "LabRemoved": ("lab", "removed_table"),
    "Images": ("image", "images_table"),
    "SavedTarballs": ("image", "saved_table"),
    "PushedImage": ("image", "pushed_table"),
    "LogSources": ("log_sources", "log_sources_table"),
    "TrafficReport": ("traffic", "traffic_table"),
    "Search": ("search", "search_table"),
    "Tarballs": ("bootstrap", "tarballs_table"),
    "Downloads": ("bootstrap", "downloads_table"),
    "Verifications": ("verification", "verifications_table"),
    "Loaded": ("load", "loaded_table"),
    "Uploaded": ("upload", "uploaded_table"),
    "Started": ("start", "started_table"),
}
"""The module here and the function in it for each kind of answer; a command loads no table but its own."""


def print_answer(answer: Answer, *, color: bool) -> None:
    """Print an answer on stdout; colour only where asked for."""
    console = make_console(color=color)
    if color:
        console.print(renderable(answer))
        return
    with console.capture() as captured:
        console.print(renderable(answer))
    # rich fills the cells of a column with blanks, which are in the way of whoever compares or greps.
    sys.stdout.write("".join(f"{line.rstrip(' ')}\n" for line in captured.get().split("\n")[:-1]))


def make_console(*, color: bool) -> Console:
    """Return a console that never reads markup, emoji codes or highlights out of the text it is given."""
    width = width_of(sys.stdout)
    return Console(
        file=sys.stdout,
        width=width,
        height=width,  # no matter how high; but a width alone does not count where TERM is dumb and there is colour
        force_terminal=color,
        no_color=not color,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=False,
    )


def renderable(answer: Answer) -> RenderableType:
    """Return what rich prints for an answer."""
    module, function = _TABLES[type(answer).__name__]
    table: RenderableType = getattr(import_module(f"{__name__}.{module}"), function)(answer)
    return table
