"""What stands in Swift after an upload, for people."""

from rich.console import Group, RenderableType
from rich.filesize import decimal
from rich.text import Text

from regops.model.tarball import ObjectKind
from regops.model.upload import Uploaded
from regops.render.visible import visible_line


def uploaded_table(answer: Uploaded) -> RenderableType:
    """Return what it is, and how to get it back."""
    of = "the image" if answer.from_image else "the file"
    instead = ", in place of the old one" if answer.replaced else ""
    if answer.kind is ObjectKind.PLAIN:
        kind = f"one object, md5 {answer.etag}"
    else:
        kind = f"{_segments(answer.segments)}, hash {answer.etag}"
    lines = [
        Text(visible_line(f"{answer.name} stands in the Swift container {answer.target.swift_container}{instead}")),
        Text(visible_line(f"{decimal(answer.size_bytes)} of {of} {answer.source}"), style="dim"),
        Text(f"{kind}: as it was sent", style="dim"),
        Text(f"sha256 {answer.sha256}", style="dim"),
    ]
    lines += [Text(visible_line(f"brings {tag}")) for tag in answer.tags] or [Text("brings no tag")]
    if answer.made_swift_container:
        container = answer.target.swift_container
        lines.insert(1, Text(visible_line(f"there was no Swift container {container}: it was made"), style="yellow"))
    if answer.resumed_bytes:
        lines.append(
            Text(f"{decimal(answer.resumed_bytes)} of it was in Swift already, and was taken over", style="dim")
        )
    if answer.removed_segments:
        lines.append(
            Text(f"removed {_segments(answer.removed_segments)} that no object here uses any more", style="dim")
        )
    if answer.shared_segments:
        lines.append(Text(f"left {_segments(answer.shared_segments)} that another object here is made of", style="dim"))
    if answer.unclear_segments:
        left = f"left {_segments(answer.unclear_segments)} of earlier uploads of this name"
        lines.append(
            Text(f"{left}: it could not be found out whether another object here is made of them", style="yellow")
        )
    if answer.other_segments:
        until = f" until {answer.other_until:%Y-%m-%d %H:%M} UTC" if answer.other_until else ""
        left = f"left {_segments(answer.other_segments)} of other uploads of this name, which may be going on{until}"
        lines.append(Text(f"{left}; an upload after that removes what is left then", style="yellow"))
    return Group(*lines)


def _segments(count: int) -> str:
    return f"{count} segment{'' if count == 1 else 's'}"
