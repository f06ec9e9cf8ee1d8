"""`regops enter`."""

import typer


def enter(ctx: typer.Context) -> None:
    """To be written."""
