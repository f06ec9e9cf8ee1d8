"""A registry's traffic for people: totals, a chart over time, and who and what there was most of."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from regops.model.size import size_words
from regops.model.traffic_report import Names, TrafficReport, UnreadLines
from regops.render.marks import Mark
from regops.render.table.width import UNBOUNDED
from regops.render.traffic_chart import ASCII_BARS, BARS, COLUMNS, Chart, step_words, traffic_chart
from regops.render.visible import visible_line

_WIDTH = 80
_STYLES = {"1xx": "magenta", "2xx": "green", "3xx": "cyan", "4xx": "yellow", "5xx": "bold red", "other": "magenta"}
_SOURCES_SHOWN = 5
_STATUSES_SHOWN = 12


def traffic_table(report: TrafficReport) -> RenderableType:
    """Return everything worth a look, at most 80 columns wide; in a pipe, names are as long as they are."""
    return _Report(report)


@dataclass(frozen=True, slots=True)
class _Report:
    """A report, whose names are cut where what is printed has a width."""

    report: TrafficReport

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from _lines(self.report, UNBOUNDED if options.max_width >= UNBOUNDED else _WIDTH)


def _lines(report: TrafficReport, width: int) -> list[Text]:
    lines = [*_sources(report), Text(""), *_totals(report)]
    chart = traffic_chart(report.buckets, report.every_seconds)
    if chart is not None:
        lines += [Text(""), *_chart(chart), Text(""), _statuses(report)]
    lines += _repositories(report, width)
    lines += _names(report, report.clients, "CLIENT", width)
    lines += _names(report, report.agents, "USER AGENT", width)
    lines += _slowest(report, width)
    for unread in report.unread:
        lines += _unread(unread, width)
    return lines


def _sources(report: TrafficReport) -> list[Text]:
    lines = [Text(visible_line(source.name, limit=200), style="bold") for source in report.sources[:_SOURCES_SHOWN]]
    if len(report.sources) > _SOURCES_SHOWN:
        lines.append(Text(f"and {len(report.sources) - _SOURCES_SHOWN} more", style="bold"))
    for source in report.sources:
        if source.problem:
            said = source.problem if source.name in source.problem else f"{source.name}: {source.problem}"
            lines.append(Text(f"{Mark.LOOK.sign} {visible_line(said, limit=400)}", style=Mark.LOOK.style))
    if report.first_at is not None and report.last_at is not None:
        lines.append(Text(f"{_time(report.first_at)} to {_time(report.last_at)} {report.last_at:%z}", style="dim"))
    return lines


def _totals(report: TrafficReport) -> list[Text]:
    lines = [
        Text(f"requests  {report.requests:>15,}    pulls   {report.pulls:>13,}", style="not bold"),
        Text(f"sent      {size_words(report.sent_bytes):>15}    pushes  {report.pushes:>13,}"),
    ]
    if report.left_out:
        lines.append(Text(f"left out  {report.left_out:>15,}    by what was asked for", style="dim"))
    unread = sum(unread.lines for unread in report.unread)
    if unread:
        words = f"unread    {unread:>15,}    of {report.lines:,} lines; why is told below"
        lines.append(Text(words, style="yellow"))
    return lines


def _chart(chart: Chart) -> list[Text]:
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    signs = BARS if encoding.replace("-", "").startswith("utf") else ASCII_BARS
    step = step_words(chart.step_seconds)
    heading = f"REQUESTS, {step} a column"
    lines = [Text(f"{heading:<{COLUMNS + 7}}{'TOTAL':>13}{'MOST':>10}", style="bold")]
    for row in chart.rows:
        numbers = f"{sum(row.counts):>13,}{max(row.counts):>10,}"
        lines.append(
            Text(f"{row.name:<7}") + Text(f"{row.bars(signs):<{COLUMNS}}", style=_STYLES.get(row.name, "")) + numbers
        )
    columns = len(chart.rows[0].counts)
    begins, ends = f"{chart.begins:%Y-%m-%d %H:%M}", f"{chart.ends:%Y-%m-%d %H:%M}"
    between = max(columns - len(begins) - len(ends), 1)
    lines.append(Text(f"{'':<7}{begins}{'':<{between}}{ends}", style="dim"))
    if chart.outside:
        lines.append(Text(f"{'':<7}and {chart.outside:,} requests long before or after that", style="yellow"))
    return lines


def _statuses(report: TrafficReport) -> Text:
    counts = sorted(report.statuses, key=lambda each: (-each.requests, each.status))
    words = [f"{each.status:03}: {each.requests:,}" for each in counts[:_STATUSES_SHOWN]]
    if len(counts) > _STATUSES_SHOWN:
        words.append(f"{len(counts) - _STATUSES_SHOWN} others")
    return Text("STATUS  ", style="bold") + Text("  ".join(words), style="not bold")


def _repositories(report: TrafficReport, width: int) -> list[Text]:
    found = report.repositories
    rows = [
        (each.name or "", each.requests, size_words(each.sent_bytes), f"{each.pulls:,}", f"{each.pushes:,}")
        for each in found.names[: report.top]
    ]
    heading = ("REPOSITORY", "REQUESTS", "SENT", "PULLS", "PUSHES")
    return _ranked(heading, rows, (12, 9, 10, 9), len(found.names), found.missed, width)


def _names(report: TrafficReport, found: Names, title: str, width: int) -> list[Text]:
    rows = [
        (each.name or "", each.requests, _share(each.requests, report.requests), size_words(each.sent_bytes))
        for each in found.names[: report.top]
    ]
    return _ranked((title, "REQUESTS", "SHARE", "SENT"), rows, (12, 9, 10), len(found.names), found.missed, width)


def _ranked(
    heading: Sequence[str],
    rows: Iterable[tuple[str, int, *tuple[str, ...]]],
    widths: Sequence[int],
    all_: int,
    missed: int,
    width: int,
) -> list[Text]:
    rows = list(rows)
    if not rows:
        return []
    # As in 80 columns, or as the longest name where that is wider and there is room.
    longest = max(_fitted(name, width).cell_len for name, *_ in rows)
    width = min(max(_WIDTH, longest + 1 + sum(widths)), width) - sum(widths)
    of = f"  {len(rows)} of {all_:,}{' and more' if missed else ''}" if all_ > len(rows) or missed else ""
    numbers = "".join(f"{word:>{size}}" for word, size in zip(heading[1:], widths, strict=True))
    title = Text(heading[0], style="bold") + Text(of, style="not bold dim")
    title.append(f"{'':<{width - len(title)}}{numbers}", style="bold")
    lines = [Text(""), title]
    for name, requests, *others in rows:
        values = (f"{requests:,}", *others)
        text = "".join(f"{value:>{size}}" for value, size in zip(values, widths, strict=True))
        lines.append(_fitted(name, width - 1, pad=True) + Text(f" {text}"))
    if missed:
        lines.append(Text(f"each may have up to {missed:,} more: there were too many names to keep", style="yellow"))
    return lines


def _slowest(report: TrafficReport, width: int) -> list[Text]:
    if not report.slowest:
        return []
    lines = [Text(""), Text(f"{'SLOWEST':>10}  {'AT':<19}  STATUS  REQUEST", style="bold")]
    for slow in report.slowest[: report.top]:
        head = f"{slow.took_seconds:>8.3f} s  {_time(slow.at)}  {slow.status:>6}  "
        lines.append(Text(head) + _fitted(f"{slow.method} {slow.target}", width - len(head)))
    return lines


def _unread(unread: UnreadLines, width: int) -> list[Text]:
    words = f"{unread.lines:,} line{'' if unread.lines == 1 else 's'}"
    lines = [Text(""), Text(f"UNREAD  {words}: {visible_line(unread.reason)}", style="bold yellow")]
    return lines + [Text("  ") + _fitted(example, width - 2) for example in unread.examples]


def _fitted(text: str, width: int, *, pad: bool = False) -> Text:
    shown = Text(visible_line(text, limit=1000), style="not bold")
    shown.truncate(width, overflow="ellipsis", pad=pad)
    return shown


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")
