"""`regops ping`."""

import typer


def ping(ctx: typer.Context) -> None:
    """To be written."""
