"""How a registry is, for people: each part with a sign, a word and a sentence."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from regops.model.probe import Generation
from regops.model.status import Health, Part, RegistryHealth, Verdict
from regops.render.marks import Mark
from regops.render.table.target import facts_table, hint_line, identity_words, marked, shown, tls_mark, tls_words
from regops.render.visible import visible_line

_VERDICTS = {Verdict.WELL: Mark.GOOD, Verdict.ILL: Mark.BAD, Verdict.UNKNOWN: Mark.LOOK}
_HEALTHS = {
    Health.WELL: Mark.GOOD,
    Health.UNCONFIGURED: Mark.NONE,
    Health.NOT_TOLD: Mark.LOOK,
    Health.FAILING: Mark.BAD,
    Health.HANGING: Mark.BAD,
    Health.DOWN: Mark.BAD,
}


def status_table(answer: RegistryHealth) -> RenderableType:
    """Return the verdict, who the registry is, its parts, and what to do next."""
    mark = _VERDICTS[answer.verdict]
    head = Text(f"{mark.sign} ", style=mark.style)
    head.append(visible_line(answer.target.url or ""), style="bold default")
    head.append(f"  {visible_line(answer.headline, limit=400)}", style=mark.style)
    hints = dict.fromkeys([answer.hint, *(part.hint for part in answer.parts)])
    blocks: list[RenderableType] = [_facts(answer), _parts(answer)]
    blocks += [marked(Mark.LOOK, warning) for warning in answer.warnings]
    blocks += [hint_line(hint) for hint in hints if hint]
    return Group(head, *(Padding(block, (0, 0, 0, 2), expand=False) for block in blocks))


def _facts(answer: RegistryHealth) -> Table:
    facts = facts_table()
    known = answer.identity.generation is not Generation.UNKNOWN
    who = ([answer.identity.generation.value] if known else []) + (
        [said] if (said := identity_words(answer.identity)) else []
    )
    if who:
        facts.add_row("registry", shown(", ".join(who)))
    if answer.host:
        facts.add_row("host", shown(answer.host))
    if answer.via:
        facts.add_row("proxy", shown(answer.via))
    if answer.login:
        facts.add_row("as", shown(answer.login))
    if answer.tls:
        facts.add_row("tls", marked(tls_mark(answer.tls), tls_words(answer.tls)))
    if answer.status_code is not None and answer.waited_seconds is not None:
        facts.add_row("/_status", f"HTTP {answer.status_code} in {answer.waited_seconds * 1000:.0f} ms")
    return facts


def _parts(answer: RegistryHealth) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for part in answer.parts:
        mark = _HEALTHS[part.health]
        name = Text(f"{mark.sign} ", style=mark.style)
        name.append(visible_line(part.name, limit=30), style="bold default")
        table.add_row(name, Text(part.health.value, style=mark.style), _words(part))
    return table


def _words(part: Part) -> Text:
    words = shown(part.words)
    if part.said and part.health is not Health.UNCONFIGURED:
        words.append(f"\nit says: {visible_line(part.said, limit=400)}", style="dim")
    return words
