"""Containers as a table: two lines each, so that everything has room in 80 columns."""

from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from regops.model.instance import Instance, Instances, PublishedPort, State
from regops.render.table.named import NamedRows
from regops.render.visible import visible_line

_SHOWN_DETAIL = 240
_LAST = "FLAVOR, SWIFT"
_STYLES = {State.RUNNING: "green", State.STARTING: "yellow"}
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def instances_table(answer: Instances) -> RenderableType:
    """Return the containers, what is wrong with each below it, or a sentence when there are none."""
    if not answer.instances:
        return Text(_nothing(answer))
    rows = [_cells(one, answer.asked_at) for one in answer.instances]
    table = NamedRows(("NAME", "STATE", "PORTS", _LAST), rows, folds=frozenset({_LAST}))
    sick = [_complaint(one) for one in answer.instances if one.detail and (one.registry or answer.everything)]
    reasons = [_reason(one) for one in answer.instances] if answer.everything else []
    blocks: list[RenderableType] = [table]
    for block in (sick, reasons):
        blocks += [Text(""), *block] if block else []
    return Group(*blocks)


def _cells(one: Instance, now: datetime) -> tuple[Text, ...]:
    name = Text(visible_line(one.name), style="bold") + Text(f"\n{visible_line(one.image)}", style="not bold dim")
    state = Text(one.state.value, style=_STYLES.get(one.state, "bold red"))
    if one.since:
        state += Text(f"\n{_age(one.since, now)}", style="not bold dim default")
    ports = Text("\n").join(_port(port) for port in one.ports)
    return (name, state, ports or Text("-"), _word(one.flavor) + Text("\n") + _word(one.swift_container))


def _port(port: PublishedPort) -> Text:
    protocol = "" if port.protocol == "tcp" else f"/{port.protocol}"
    host = f"[{port.host_ip}]" if port.host_ip and ":" in port.host_ip else port.host_ip or "*"
    where = f"{host}:{port.host_port or '?'}->{port.container_port}{protocol}"
    return Text(where) if port.bound else Text(f"({where})", style="dim")


def _word(text: str | None) -> Text:
    return Text(visible_line(text) if text else "-")


def _complaint(one: Instance) -> Text:
    return Text(f"{visible_line(one.name)}: {one.state.value}, {visible_line(one.detail, limit=_SHOWN_DETAIL)}")


def _reason(one: Instance) -> Text:
    verdict = "a registry" if one.registry else "no registry"
    return Text(f"{visible_line(one.name)}: {verdict}: {visible_line(one.because)}", style="dim")


def _age(since: datetime, now: datetime) -> str:
    """Return how long ago something was, in its largest unit; never less than 0, clocks being what they are."""
    seconds = max(0, int((now - since).total_seconds()))
    return next((f"{seconds // size} {unit}" for size, unit in _UNITS if seconds >= size), f"{seconds} s")


def _nothing(answer: Instances) -> str:
    if not answer.total:
        return f"No containers on {visible_line(answer.engine)}. `regops lab up` starts a registry to practise on."
    containers = "the only container" if answer.total == 1 else f"any of the {answer.total} containers"
    return f"No registry in {containers} of {visible_line(answer.engine)}.\n`regops ps --all` shows them, and why."
