"""`regops bootstrap`: the images from which a first registry starts, kept in Swift."""

import typer

from regops.commands.bootstrap import download, load, start, upload, verify
from regops.commands.bootstrap import list as list_

app = typer.Typer(
    no_args_is_help=True,
    help="Fetch a registry's own images from Swift, where no registry can be asked for them.",
)
app.command("list")(list_.list_)
app.command("download")(download.download)
app.command("verify")(verify.verify)
app.command("load")(load.load)
app.command("start")(start.start)
app.command("upload")(upload.upload)
