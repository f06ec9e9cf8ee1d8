"""What ping and status both show of a target: where it answers, who it is, its certificate."""

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from regops.model.http import Phases, TlsFacts
from regops.model.probe import Generation, Identity
from regops.render.marks import Mark
from regops.render.visible import visible_line

_SHOWN = 400
_SOON_DAYS = 30


def facts_table() -> Table:
    """Return a table of names and values, indented, wrapping the values."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim", min_width=9)
    table.add_column(overflow="fold")
    return table


def marked(mark: Mark, *texts: str) -> Text:
    """Return a line with its sign; foreign text is made harmless."""
    line = Text(f"{mark.sign} ", style=mark.style)
    for text in texts:
        line.append(visible_line(text, limit=_SHOWN), style="default not bold")
    return line


def shown(text: str) -> Text:
    """Return foreign text as one harmless line."""
    return Text(visible_line(text, limit=_SHOWN))


def hint_line(hint: str) -> RenderableType:
    """Return what to try next; a line that goes on stands below the words."""
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    table.add_row("hint:", shown(hint))
    return table


def identity_words(identity: Identity) -> str:
    """Return version, flavor and the server in front, as far as they are told."""
    words: list[str] = []
    if identity.generation is not Generation.UNKNOWN:
        words.append(f"version {identity.version or 'not told'}")
    if identity.flavor:
        words.append(f"flavor {identity.flavor}")
    if identity.server:
        words.append(f"behind {identity.server}")
    return ", ".join(words)


def tls_words(tls: TlsFacts) -> str:
    """Return protocol, names, issuer and days left of a certificate."""
    names = ", ".join(tls.names[:4]) + (f" and {len(tls.names) - 4} more" if len(tls.names) > 4 else "")
    issuer = "itself" if tls.self_signed else tls.issuer or "nobody named"
    days = f"{tls.days_left} days left" if tls.days_left >= 0 else f"expired {-tls.days_left} days ago"
    verified = "" if tls.verified else ", not verified"
    return f"{tls.protocol}{verified}; for {names or 'no name'}; issued by {issuer}; {days}"


def tls_mark(tls: TlsFacts) -> Mark:
    """Return how a certificate is."""
    if not tls.verified or tls.days_left < 0:
        return Mark.BAD
    return Mark.LOOK if tls.days_left < _SOON_DAYS else Mark.GOOD


def phase_words(phases: Phases) -> str:
    """Return the measured phases in milliseconds: `dns 0.3, connect 0.1, first byte 1.2`."""
    measured = {
        "dns": phases.dns_seconds,
        "connect": phases.connect_seconds,
        "tls": phases.tls_seconds,
        "first byte": phases.first_byte_seconds,
    }
    return ", ".join(f"{name} {seconds * 1000:.1f}" for name, seconds in measured.items() if seconds is not None)
