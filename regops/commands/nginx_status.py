"""`regops nginx-status`."""

import typer


def nginx_status(ctx: typer.Context) -> None:
    """To be written."""
