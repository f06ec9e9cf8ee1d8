"""`regops logs`."""

import typer


def logs(ctx: typer.Context) -> None:
    """To be written."""
