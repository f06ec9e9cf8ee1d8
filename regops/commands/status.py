"""`regops status`."""

import typer


def status(ctx: typer.Context) -> None:
    """To be written."""
