"""A registry that was started, for people."""

from rich.console import Group, RenderableType
from rich.text import Text

from regops.model.start import Started
from regops.render.table.status import status_table
from regops.render.visible import visible_line

_SHOWN_ID = 12


def started_table(answer: Started) -> RenderableType:
    """Return where it is and what it was given, then how it is, as `regops status` shows it."""
    at = answer.http_url + (f" and {answer.https_url}" if answer.https_url else "")
    store = f", Swift container {answer.swift_container}" if answer.swift_container else ""
    lines = [
        f"started the container {answer.container} ({answer.container_id[:_SHOWN_ID]}) of {answer.image}",
        f"at {at}, answering after {answer.answered_seconds:.1f} s",
        f"flavor {answer.flavor or 'of the image'}{store}",
        f"was given {', '.join(answer.variables) or 'no variables'}",
    ]
    return Group(*(Text(visible_line(line)) for line in lines), Text(), status_table(answer.health))
