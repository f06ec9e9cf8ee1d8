"""Tables of things with names, which are never lost: where columns have no room, each thing is a block of lines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

_GAP = 2
_LEAST_WIDTH = 20  # narrower than this, a folded name cannot be read


@dataclass(frozen=True, slots=True)
class NamedRows:
    """Rows of cells under headings, the first the name; a cell may have several lines.

    folds are the other headings below which a cell may be folded, right those of numbers.
    """

    headings: tuple[str, ...]
    rows: Sequence[tuple[Text, ...]]
    folds: frozenset[str] = frozenset()
    right: frozenset[str] = frozenset()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield a table where there is room for one, else blocks."""
        if self._least_width() <= options.max_width:
            yield self._table()
        else:
            for row in self.rows:
                yield from _block(row, options.max_width - _GAP)

    def _folding(self) -> list[bool]:
        return [index == 0 or heading in self.folds for index, heading in enumerate(self.headings)]

    def _least_width(self) -> int:
        columns = zip(*([Text(heading) for heading in self.headings], *self.rows), strict=True)
        widths: list[int] = [max(line.cell_len for cell in column for line in cell.split("\n")) for column in columns]
        folding = zip(widths, self._folding(), strict=True)
        least = (min(width, _LEAST_WIDTH) if folds else width for width, folds in folding)
        return sum(least, _GAP * (len(widths) - 1))

    def _table(self) -> Table:
        columns = (
            Column(heading, justify="right" if heading in self.right else "left", no_wrap=not folds, overflow="fold")
            for heading, folds in zip(self.headings, self._folding(), strict=True)
        )
        table = Table(*columns, box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
        for row in self.rows:
            table.add_row(*row)
        return table


def _block(row: tuple[Text, ...], width: int) -> Iterable[Text | Padding]:
    """Yield the name, and below it, indented, what else there is: as many cells on a line as fit."""
    name, *more = row[0].split("\n")
    name.overflow = "fold"
    yield name
    pieces = [*more, *(line for cell in row[1:] for line in cell.split("\n") if line)]
    while pieces:
        line = pieces.pop(0)
        while pieces and line.cell_len + _GAP + pieces[0].cell_len <= width:
            line = Text.assemble(line, " " * _GAP, pieces.pop(0))
        line.overflow = "fold"
        yield Padding(line, (0, 0, 0, _GAP), expand=False)
