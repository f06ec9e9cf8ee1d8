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
        kind = f"{answer.segments} segment{'' if answer.segments == 1 else 's'}, hash {answer.etag}"
    lines = [
        Text(visible_line(f"{answer.name} stands in the Swift container {answer.target.swift_container}{instead}")),
        Text(visible_line(f"{decimal(answer.size_bytes)} of {of} {answer.source}"), style="dim"),
        Text(f"{kind}: as it was sent", style="dim"),
        Text(f"sha256 {answer.sha256}", style="dim"),
    ]
    lines += [Text(visible_line(f"brings {tag}")) for tag in answer.tags]
    if answer.resumed_bytes:
        lines.append(Text(f"{decimal(answer.resumed_bytes)} of it had been sent by an earlier run", style="dim"))
    if answer.removed_segments:
        lines.append(Text(f"removed {answer.removed_segments} segments that nothing uses any more", style="dim"))
    if answer.other_segments:
        lines.append(
            Text(
                f"left {answer.other_segments} segments of uploads of that name that may be going on; "
                "an upload an hour from now removes them",
                style="yellow",
            )
        )
    return Group(*lines)
