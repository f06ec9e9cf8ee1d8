"""Tables of named things on terminals of every width: no name is lost, and nothing is cut."""

import io

import pytest
from rich.console import Console
from rich.text import Text

from regops.render.table.named import NamedRows

NAME, LONG = "docker-registry.tar.gz", f"docker-registry-{'very-' * 20}long.tar.gz"
CELLS = ("207.2 MB", "2026-11-24 03:49", "plain", "46586eaf8acf…")


def printed(name: str, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, markup=False)
    headings = ("Name", "Size", "Modified (UTC)", "Kind", "Checksum")
    console.print(NamedRows(headings, [(Text(name), *map(Text, CELLS))], right=frozenset({"Size"})))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [24, 40, 50, 60, 80, 200])
def test_every_cell_is_whole_and_every_name_is_there(width: int) -> None:
    for name in (NAME, LONG):
        text = printed(name, width)
        assert all(cell in text for cell in CELLS), text
        assert all(len(line) <= width for line in text.splitlines())
        assert not set(name) - set(text)
    assert NAME in printed(NAME, width)


def test_where_columns_have_no_room_the_rest_is_indented_below_the_name() -> None:
    assert printed(NAME, 40) == f"{NAME}\n  207.2 MB  2026-11-24 03:49  plain\n  46586eaf8acf…\n"


def test_a_long_name_is_folded_in_its_column_or_on_lines_of_its_own() -> None:
    wide = "".join(line[:30].strip() for line in printed(LONG, 80).splitlines()[1:])
    narrow = "".join(line for line in printed(LONG, 40).splitlines() if not line.startswith("  "))
    assert (wide, narrow) == (LONG, LONG)


def test_a_cell_of_several_lines_is_told_in_the_same_order() -> None:
    console = Console(file=io.StringIO(), width=20)
    console.print(NamedRows(("Name", "State"), [(Text("one\nimage"), Text("running\n12 min long ago"))]))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == "one\n  image  running\n  12 min long ago\n"
