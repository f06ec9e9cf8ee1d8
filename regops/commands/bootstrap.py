"""`regops bootstrap`."""

import typer

app = typer.Typer(no_args_is_help=True, help="To be written.")


@app.command("list")
def list_(ctx: typer.Context) -> None:
    """To be written."""
