"""What an engine took out of a tarball, for people."""

from rich.console import Group, RenderableType
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from regops.model.load import Loaded, TagOutcome
from regops.model.tarball import Proof
from regops.render.visible import visible_line

_SHOWN_ID = 19
_PROOFS = {
    Proof.MD5: "Swift's md5, and every layer's digest",
    Proof.SEGMENTS: "the md5 of every segment, and every layer's digest",
    Proof.PARTLY: "the md5 of some segments, and every layer's digest",
    Proof.NONE: "every layer's digest",
}


def loaded_table(answer: Loaded) -> RenderableType:
    """Return where it came from, and one line per reference that it brought."""
    where = f"the Swift container {answer.swift_container}" if answer.swift_container else "a file"
    lines = [
        Text(visible_line(f"{answer.name} from {where}, loaded into {answer.engine}")),
        Text(f"{decimal(answer.size_bytes)}, sha256 {answer.sha256}", style="dim"),
        Text(f"checked: {_PROOFS[answer.proof]}", style="dim"),
    ]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("Image", "Id", "Tag"):
        table.add_column(column, overflow="fold", no_wrap=column != "Image")
    for tag in answer.tags:
        style = {TagOutcome.REPLACED: "yellow", TagOutcome.NEW: "green"}.get(tag.outcome, "")
        table.add_row(Text(visible_line(tag.tag)), Text(tag.image_id[:_SHOWN_ID]), Text(tag.outcome, style=style))
    for image_id in answer.untagged:
        table.add_row(Text("(no tag)"), Text(image_id[:_SHOWN_ID]), Text(""))
    was = [
        Text(visible_line(f"{tag.tag} was {(tag.before_id or '')[:_SHOWN_ID]}, which is still there"), style="dim")
        for tag in answer.tags
        if tag.outcome is TagOutcome.REPLACED
    ]
    return Group(*lines, Text(), table, *was)
