"""`regops bootstrap`: the images from which a first registry starts, kept in Swift."""

import typer

from regops.command_groups import LazyGroup


class _Group(LazyGroup):
    package = __name__
    names = ("list", "download", "verify", "load", "start", "upload")


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    help="Fetch a registry's own images from Swift, where no registry can be asked for them.",
)
