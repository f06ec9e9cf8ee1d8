"""`regops ps`."""

import typer


def ps(ctx: typer.Context) -> None:
    """To be written."""
