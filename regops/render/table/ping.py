"""Pings for people: what one round showed of each target, or ping(8)'s lines and summary."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from regops.model.probe import PingAnswer, PingStatistics, Pong, Probe, Sighting, State
from regops.render.marks import Mark
from regops.render.table.target import (
    facts_table,
    hint_line,
    identity_words,
    marked,
    phase_words,
    shown,
    tls_mark,
    tls_words,
)
from regops.render.visible import visible_line


def ping_table(answer: PingAnswer) -> RenderableType:
    """Return one block for each target."""
    blocks: list[RenderableType] = []
    for number, probe in enumerate(answer.probes):
        if number or answer.repeated:
            blocks.append(Text(""))
        blocks += _summary(probe) if answer.repeated else _block(probe)
    return Group(*blocks)


def pong_line(url: str, pong: Pong) -> str:
    """Return one answer as ping(8) prints it, or why there was none; harmless, without a newline."""
    if pong.time_seconds is None:
        return visible_line(f"no answer: seq={pong.sequence} {url}: {pong.state}: {pong.words}", limit=400)
    phases = f" ({phase_words(pong.phases)})" if pong.phases else ""
    line = f"{pong.status} from {url}{pong.path}: seq={pong.sequence} time={pong.time_seconds * 1000:.1f} ms{phases}"
    return visible_line(line, limit=400)


def _block(probe: Probe) -> list[RenderableType]:
    sighting = probe.sighting
    if sighting is None:
        return [marked(Mark.LOOK, f"{probe.target.url}  interrupted before anything came")]
    facts = facts_table()
    if sighting.state is State.ALIVE:
        facts.add_row("registry", shown(identity_words(sighting.identity)))
    if sighting.address:
        facts.add_row("address", shown(sighting.address + (f", by the proxy {sighting.via}" if sighting.via else "")))
    if sighting.login:
        facts.add_row("as", shown(sighting.login))
    if sighting.tls:
        facts.add_row("tls", marked(tls_mark(sighting.tls), tls_words(sighting.tls)))
    seconds = probe.statistics.avg_seconds
    if seconds is not None and sighting.primary and sighting.primary.phases:
        facts.add_row("time", f"{seconds * 1000:.1f} ms ({phase_words(sighting.primary.phases)})")
    asked = ", ".join(f"{surface.path} {surface.status or surface.state}" for surface in sighting.surfaces)
    facts.add_row("asked", shown(asked))
    return [_headline(probe, sighting), _indented(facts), *_remarks(sighting)]


def _headline(probe: Probe, sighting: Sighting) -> Text:
    mark = Mark.GOOD if probe.alive else Mark.BAD
    if mark is Mark.GOOD and sighting.warnings:
        mark = Mark.LOOK
    line = Text(f"{mark.sign} ", style=mark.style)
    line.append(visible_line(probe.target.url or ""), style="bold default")
    line.append(f"  {sighting.state if sighting.state is not State.ALIVE else sighting.headline}", style=mark.style)
    return line


def _remarks(sighting: Sighting) -> list[RenderableType]:
    remarks = [_indented(shown(sighting.headline))] if sighting.state is not State.ALIVE else []
    remarks += [_indented(marked(Mark.LOOK, warning)) for warning in sighting.warnings]
    if sighting.hint:
        remarks.append(_indented(hint_line(sighting.hint)))
    return list(remarks)


def _summary(probe: Probe) -> list[RenderableType]:
    lines: list[RenderableType] = [Text(f"--- {visible_line(probe.target.url or '')} ---", style="bold")]
    lines += [Text(line) for line in _statistics(probe.statistics)]
    sighting = probe.sighting
    if sighting and sighting.state is State.ALIVE:
        lines.append(shown(f"{sighting.headline}, {identity_words(sighting.identity)}"))
    return lines + (_remarks(sighting) if sighting else [])


def _statistics(numbers: PingStatistics) -> list[str]:
    first = (
        f"{numbers.sent} sent, {numbers.received} answered, {numbers.loss_ratio * 100:.0f}% lost,"
        f" in {numbers.elapsed_seconds:.1f} s"
    )
    times = (numbers.min_seconds, numbers.avg_seconds, numbers.max_seconds, numbers.mdev_seconds)
    if None in times:
        return [first]
    figures = "/".join(f"{(seconds or 0.0) * 1000:.1f}" for seconds in times)
    return [first, f"min/avg/max/mdev = {figures} ms"]


def _indented(block: RenderableType) -> RenderableType:
    return Padding(block, (0, 0, 0, 2), expand=False)
