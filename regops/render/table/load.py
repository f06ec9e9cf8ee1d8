"""What an engine took out of a tarball, for people."""

from rich.console import Group, RenderableType
from rich.filesize import decimal
from rich.text import Text

from regops.model.load import Loaded, TagOutcome
from regops.model.tarball import Proof
from regops.render.table.named import NamedRows
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
    rows = [
        (
            Text(visible_line(tag.tag)),
            Text(tag.image_id[:_SHOWN_ID]),
            Text(tag.outcome, style={TagOutcome.REPLACED: "yellow", TagOutcome.NEW: "green"}.get(tag.outcome, "")),
        )
        for tag in answer.tags
    ]
    rows += [(Text("(no tag)"), Text(image_id[:_SHOWN_ID]), Text("")) for image_id in answer.untagged]
    table = NamedRows(("Image", "Id", "Tag"), rows)
    was = [
        Text(visible_line(f"{tag.tag} was {(tag.before_id or '')[:_SHOWN_ID]}, which is still there"), style="dim")
        for tag in answer.tags
        if tag.outcome is TagOutcome.REPLACED
    ]
    return Group(*lines, Text(), table, *was)
