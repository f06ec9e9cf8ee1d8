"""What became of the lines of each source, in a few words at the end."""

import json
from dataclasses import asdict
from textwrap import fill

from regops.model.log_source import short_name
from regops.model.log_summary import LogTally, SourceTally
from regops.render.visible import visible_line

_COLUMNS = ("shown", "errors", "unread", "hidden", "doubled")
_NAME_WIDTH = 32
_WIDTH = 80


def summary_table(tally: LogTally) -> str:
    """Return lines per source, errors and what was not shown; what counted nothing is left out."""
    total = tally.total()
    columns = [name for name in _COLUMNS if name == "shown" or getattr(total, name)]
    shown = {name: visible_line(short_name(name), limit=_NAME_WIDTH) for name in tally.sources}
    empty = [name for name, of_source in tally.sources.items() if of_source == SourceTally()]
    rows = [(shown[name], of_source) for name, of_source in tally.sources.items() if name not in empty]
    if len(rows) > 1:
        rows.append(("all", total))
    width = max(len("LINES OF"), *(len(name) for name, _ in rows), 0)
    lines = [f"{'LINES OF':<{width}}" + "".join(f"  {name.upper():>8}" for name in columns)]
    for name, of_source in rows:
        lines.append(f"{name:<{width}}" + "".join(f"  {getattr(of_source, column):>8,}" for column in columns))
    if empty:
        lines.append(fill(f"none of {', '.join(shown[name] for name in empty)}", _WIDTH, break_on_hyphens=False))
    return "\n".join(lines)


def summary_json(tally: LogTally) -> str:
    """Return the same as one JSON object on one line."""
    sources = {name: asdict(of_source) for name, of_source in tally.sources.items()}
    return json.dumps({"summary": {"total": asdict(tally.total()), "sources": sources}}, separators=(",", ":"))
