"""Images of ours for people: what is built, saved and pushed."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from regops.model.built_image import BuiltImage, Images, PushedImage, SavedTarballs
from regops.render.visible import visible_line

_MEGABYTE = 1e6
_SHORT = 19  # sha256: and twelve digits, as Docker shows them


def images_table(answer: Images) -> RenderableType:
    """Return two lines for each image."""
    if not answer.images:
        return Text("Nothing is built: `regops image build`.")
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(overflow="fold")
    for image in answer.images:
        table.add_row(Text(image.name, style="bold"), Text(f"{visible_line(image.reference)}  {_loaded(image)}"))
        table.add_row(Text(""), Text(_facts(image), style="dim"))
        table.add_row(Text(""), Text(_making(image), style="dim"))
    return table


def saved_table(answer: SavedTarballs) -> RenderableType:
    """Return a line for each tarball, and its checksum."""
    return Group(
        *(
            Text(f"{visible_line(one.path)}  {_megabytes(one.size_bytes)}\n  sha256:{one.sha256}")
            for one in answer.tarballs
        )
    )


def pushed_table(answer: PushedImage) -> RenderableType:
    """Return where the image is, and under which digest."""
    return Text(f"{visible_line(answer.reference)}\n  {visible_line(answer.digest)}")


def _loaded(image: BuiltImage) -> str:
    if image.loaded is None:
        return ""
    if not image.loaded:
        return "not in the engine"
    return "in the engine" + ("" if image.reference in image.tags else f" as {visible_line(', '.join(image.tags))}")


def _facts(image: BuiltImage) -> str:
    layers = "1 layer" if len(image.layers) == 1 else f"{len(image.layers)} layers"
    return f"{image.id[:_SHORT]}  {_megabytes(image.size_bytes)}, {layers}, {image.packages} packages"


def _making(image: BuiltImage) -> str:
    made = f"installed {image.made_at:%Y-%m-%d %H:%M} UTC ({visible_line(image.origin)})"
    return f"packages of {image.created:%Y-%m-%d}, {made}"


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / _MEGABYTE:.1f} MB"
