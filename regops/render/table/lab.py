"""The lab for people: where it answers, how it is, and what to do next."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from regops.model.lab import Lab, LabRegistry, LabRemoved, LabSwift
from regops.render.visible import visible, visible_line


def lab_table(answer: Lab) -> RenderableType:
    """Return one row for each of its containers, what is wrong with them, and the next commands."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(overflow="fold")
    registry, swift = answer.registry, answer.swift
    table.add_row(*_cells("registry", registry), _lines(registry.http_url, registry.https_url, _kind(registry)))
    if swift:
        login = f"user {swift.user}, key {swift.key}, container {swift.swift_container}"
        table.add_row(*_cells("swift", swift), _lines(swift.auth_url, login))
    wrong = [Text(f"{part.container}: {visible(part.detail)}") for part in (registry, swift) if part and part.detail]
    blocks: list[RenderableType] = [table]
    if wrong:
        blocks += [Text(""), *wrong]
    if registry.ready:
        blocks += [Text("\nTry next:"), *(Text(f"  {visible_line(command)}") for command in answer.commands)]
    return Group(*blocks)


def removed_table(answer: LabRemoved) -> RenderableType:
    """Return one line for each thing that went or stayed."""
    if not answer.removed and not answer.kept:
        return Text(f"There is no lab {visible_line(answer.name)}.")
    removed = (Text(f"removed {visible_line(what)}") for what in answer.removed)
    return Group(*removed, *(Text(f"kept {visible(what)}") for what in answer.kept))


def _cells(part: str, one: LabRegistry | LabSwift) -> tuple[Text, Text]:
    state = Text("ready", style="green") if one.ready else Text(_unready(one.state), style="bold red")
    return Text(f"{part}\n") + Text(visible_line(one.container), style="bold"), state


def _unready(state: str) -> str:
    return "not well" if state == "running" else visible_line(state)


def _kind(registry: LabRegistry) -> str:
    store = f"Swift container {registry.swift_container}" if registry.swift_container else "files"
    return f"{registry.variant}, flavor {registry.flavor}, {store}"


def _lines(*texts: str | None) -> Text:
    return Text("\n".join(visible_line(text) for text in texts if text))
