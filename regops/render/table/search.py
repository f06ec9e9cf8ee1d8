"""What a search found, for people."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from regops.model.search import Search
from regops.render.visible import visible_line

_SHOWN = 400


def search_table(answer: Search) -> RenderableType:
    """Return a line for each repository, and above them how many there are."""
    lines: list[RenderableType] = [_headline(answer)]
    if answer.repositories and not any(one.description for one in answer.repositories):
        lines += [Text(), *(Text(visible_line(one.name)) for one in answer.repositories)]
    elif answer.repositories:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(overflow="fold")
        table.add_column(overflow="fold", style="dim")
        for one in answer.repositories:
            table.add_row(Text(visible_line(one.name)), Text(visible_line(one.description, limit=_SHOWN)))
        lines += [Text(), table]
    if answer.note:
        lines += [Text(), Text(f"note: {answer.note}", style="dim")]
    return Group(*lines)


def _headline(answer: Search) -> Text:
    where = visible_line(answer.target.url or "")
    what = f"with {visible_line(answer.term)!r}" if answer.term.strip() else "in all"
    if not answer.repositories:
        all_of_it = "" if answer.complete else " in the part of the catalog that was read"
        return Text(f"{where}: no repository {what}{all_of_it}")
    count = len(answer.repositories)
    if answer.complete:
        return Text(f"{where}: {count} {'repository' if count == 1 else 'repositories'} {what}")
    total = "more" if answer.found is None else str(answer.found)
    return Text(f"{where}: the first {count} of {total} repositories {what}; --limit shows more")
