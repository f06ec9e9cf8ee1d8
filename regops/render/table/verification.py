"""What came of checking tarballs, for people."""

from rich.console import Group, RenderableType
from rich.filesize import decimal
from rich.text import Text

from regops.errors import ExitStatus
from regops.model.tarball import Proof
from regops.model.verification import Verification, Verifications
from regops.render.visible import visible_line

_CHECKED = {
    Proof.MD5: "Swift's md5 agrees",
    Proof.SEGMENTS: "Swift's md5 of every segment agrees",
    Proof.PARTLY: "Swift's md5 agrees, but for parts that have none",
    Proof.NONE: "",
}


def verifications_table(answer: Verifications) -> RenderableType:
    """Return a paragraph per tarball; why one is not good is on stderr."""
    paragraphs = [_paragraph(one) for one in answer.verifications]
    return Group(*(line for index, lines in enumerate(paragraphs) for line in ([Text()] if index else []) + lines))


def _paragraph(one: Verification) -> list[Text]:
    # A file is taken before an object of the same name: whoever meant the other sees it here.
    head = [(visible_line(one.name), "bold"), " here: " if one.is_file else " in Swift: "]
    if not one.good:
        return [Text.assemble(*head, ("not good" if one.exit_code is ExitStatus.BAD_NEWS else "not checked", "red"))]
    size = "" if one.size_bytes is None else f", {decimal(one.size_bytes)}"
    lines = [Text.assemble(*head, ("good", "green"), size)]
    checked = _CHECKED[one.proof]
    if not one.is_file and one.proof is Proof.NONE:
        checked = "Swift has no checksum of it (a DLO)"
    lines += [_line(checked)] if checked else []
    agrees = "" if not one.sha256_agrees else ", as given" if one.sha256_given else ", as noted"
    lines.append(_line(f"sha256 {one.sha256}{agrees}"))
    if one.contents is None:
        return lines
    packed = "" if one.contents.compression == "none" else f", {one.contents.compression} whole"
    lines.append(_line(f"{one.contents.format} archive of {decimal(one.contents.unpacked_bytes)}{packed}"))
    for image in one.contents.images:
        tags = ", ".join(image.tags) or "no tag"
        count = len(image.layers)
        platform = "/".join(part for part in (image.os, image.architecture) if part)
        lines.append(_line(f"{tags}: {count} layer{'' if count == 1 else 's'} as announced, {platform}"))
        lines.append(_line(f"  {image.id}"))
    return lines


def _line(text: str) -> Text:
    return Text(f"  {visible_line(text)}")
