"""nginx's counters with what each of them means, and readings as lines."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from regops.model.nginx_status import NginxRates, NginxSample, NginxStatus
from regops.render.visible import visible_line

_NOW = (
    ("active", "open now, this question included"),
    ("reading", "sending the head of a request"),
    ("writing", "being answered, this question too"),
    ("waiting", "idle: kept open by clients"),
)
_SINCE = (
    ("accepts", "connections accepted"),
    ("handled", "connections handled"),
    ("dropped", "accepts - handled"),
    ("requests", "requests"),
)
# The two limits that make nginx close a connection it has just accepted.
_DROPPED = "out of worker_connections or files"


def nginx_table(status: NginxStatus, rates: NginxRates | None = None) -> RenderableType:
    """Return the counters, one a line, with the rates beside those that count since nginx started."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    table.add_column(style="dim", overflow="fold")
    table.add_row(Text("now", style="bold"))
    for name, meaning in _NOW:
        table.add_row(f"  {name}", str(getattr(status, name)), "", meaning)
    table.add_row(Text("since nginx started", style="bold"))
    for name, meaning in _SINCE:
        table.add_row(*_counter(status, rates, name, meaning))
    ratio = "-" if status.requests_per_connection is None else f"{status.requests_per_connection:.2f}"
    meaning = "requests / handled" if status.handled else "undefined: no connection was handled yet"
    table.add_row("  requests per connection", ratio, "", meaning)
    if status.request_time_seconds is not None:
        table.add_row("  request_time", f"{status.request_time_seconds:.3f} s", "", "all requests together (Tengine)")
    notes = [Text(visible_line(note), style="yellow") for note in status.notes]
    return Group(Text(visible_line(status.page), style="bold"), *notes, table)


def watched_table(sample: NginxSample, last: NginxStatus | None) -> RenderableType:
    """Return the newest reading as a table; after a failure, the last good one and why there is no newer one."""
    if sample.status:
        remark = Text("nginx was restarted: its counters began anew", style="yellow") if sample.restarted else Text("")
        return Group(nginx_table(sample.status, sample.rates), remark)
    failure = Text(_failure(sample), style="bold red")
    return Group(nginx_table(last), failure) if last else failure


def sample_line(sample: NginxSample) -> str:
    """Return a reading as one line of words and numbers."""
    taken = sample.taken_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    status, rates = sample.status, sample.rates
    if status is None:
        return f"{taken} {_failure(sample)}"
    names = (*(name for name, _ in _NOW), *(name for name, _ in _SINCE))
    words = [f"{name}={getattr(status, name)}" for name in names]
    if rates:
        words += [f"accepts/s={rates.accepts_per_second:.2f}", f"requests/s={rates.requests_per_second:.2f}"]
    if sample.restarted:
        words.append("(nginx was restarted)")
    return f"{taken} {' '.join(words)}"


def _counter(status: NginxStatus, rates: NginxRates | None, name: str, meaning: str) -> tuple[str | Text, ...]:
    value = Text(str(getattr(status, name)))
    if name == "dropped":
        change = f"+{rates.dropped}" if rates else ""
        style = "bold red" if status.dropped else ""
        return (f"  {name}", Text(value.plain, style=style), change, Text(_DROPPED if status.dropped else meaning))
    rate = f"{getattr(rates, f'{name}_per_second'):.2f}/s" if rates else ""
    return (f"  {name}", value, rate, meaning)


def _failure(sample: NginxSample) -> str:
    return f"error: {visible_line(sample.error.message)}" if sample.error else "error"
