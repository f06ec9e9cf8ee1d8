"""What a Swift container holds and what came of downloading from it, for people."""

from rich.console import Group, RenderableType
from rich.filesize import decimal
from rich.text import Text

from regops.model.tarball import Download, Downloads, Outcome, Proof, StoreAccount, StoredObject, Tarballs
from regops.render.table.named import NamedRows
from regops.render.visible import visible_line

_SHOWN_CHECKSUM = 12
_NUMBERS = frozenset({"Size"})


def tarballs_table(answer: Tarballs) -> RenderableType:
    """Return one line per object; the whole checksums are in the JSON."""
    total = sum(stored.size_bytes or 0 for stored in answer.objects)
    count = len(answer.objects)
    held = f"{count} object{'' if count == 1 else 's'}, {decimal(total)}" if count else "empty"
    title = Text(f"Swift container {visible_line(answer.target.swift_container or '')}: {held}")
    if not count:
        return Group(title, *_account(answer.account))
    headings = ("Name", "Size", "Modified (UTC)", "Kind", "Checksum")
    table = NamedRows(headings, [_row(stored) for stored in answer.objects], right=_NUMBERS)
    tags = [line for stored in answer.objects for line in _tags(stored)]
    tags += [Text(visible_line(answer.note), style="dim")] if answer.note else []
    return Group(title, *_account(answer.account), Text(), table, *([Text(), *tags] if tags else []))


def downloads_table(answer: Downloads) -> RenderableType:
    """Return one line per object that was asked for, why one failed is on stderr."""
    headings = ("Name", "Size", "Result", "Checked")
    rows = [_download(one) for one in answer.downloads]
    return NamedRows(headings, rows, folds=frozenset({"Checked"}), right=_NUMBERS)


def _download(one: Download) -> tuple[Text, ...]:
    size = "" if one.size_bytes is None else decimal(one.size_bytes)
    style = {Outcome.FAILED: "red", Outcome.DOWNLOADED: "green"}.get(one.outcome, "")
    outcome = f"{one.outcome} ({decimal(one.resumed_bytes)} before)" if one.resumed_bytes else str(one.outcome)
    return (Text(visible_line(one.name)), Text(size), Text(outcome, style=style), Text(_checked(one)))


def _row(stored: StoredObject) -> tuple[Text, ...]:
    size = "?" if stored.size_bytes is None else decimal(stored.size_bytes)
    modified = stored.modified.strftime("%Y-%m-%d %H:%M") if stored.modified else "?"
    checksum = f"{stored.etag[:_SHOWN_CHECKSUM]}…" if stored.etag else "none"
    return tuple(Text(visible_line(cell)) for cell in (stored.name, size, modified, stored.kind, checksum))


def _tags(stored: StoredObject) -> list[Text]:
    """Return what images are in an object, on lines below the table, which has no room for them."""
    if not stored.image_tags:
        return []
    return [Text(visible_line(f"{stored.name} brings {', '.join(stored.image_tags)}"), style="dim")]


def _checked(one: Download) -> str:
    if one.outcome is Outcome.FAILED:
        return ""
    match one.proof:
        case Proof.MD5:
            return "md5 agrees"
        case Proof.SEGMENTS:
            return "every segment agrees"
        case Proof.PARTLY:
            return f"agrees, but for {decimal(one.unproved_bytes)} without a checksum"
        case Proof.NONE:
            return "nothing to check against"


def _account(account: StoreAccount) -> list[Text]:
    who = f" as {account.user}" if account.user else ""
    project = f", project {account.project}" if account.project else ""
    lines = [f"{account.storage_url}{who}{project} ({account.method}, from {account.variables})", account.note]
    return [Text(visible_line(line), style="dim") for line in lines if line]
