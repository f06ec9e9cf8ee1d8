"""Log sources as a list: where lines can come from, and what is in the way."""

from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from regops.model.log_source import LogSource, LogSources, SourceKind
from regops.model.size import size_words
from regops.render.visible import visible_line

_WIDTH = 80
_NAME_WIDTH = 44
_NAME_SHOWN = 200
_WORDS = {
    SourceKind.STREAMED: "goes to its program's own output",
    SourceKind.ROTATED: "rotated",
    SourceKind.OUTPUT: "the container's own output, from the engine",
}


def log_sources_table(answer: LogSources) -> RenderableType:
    """Return the sources, and what there is to say about each beside or below it."""
    older = _older(answer.sources)
    folded = {source.name for files in older.values() for source in files}
    sources = [source for source in answer.sources if source.name not in folded]
    names = {source.name: visible_line(source.name, limit=_NAME_SHOWN) for source in sources}
    width = min(max(map(len, names.values())), _NAME_WIDTH)
    heading = f"{'SOURCE':<{width}}  {'SIZE':>7}  {'WRITTEN (UTC)':<19}".rstrip()
    lines = [Text(heading, style="bold")]
    for source in sources:
        lines += _lines(source, names[source.name], width)
        if source.name in older:
            lines.append(Text(f"    {_history(older[source.name])}", style="not bold dim"))
    container = visible_line(answer.target.container or "")
    hint = f"`regops logs {container} -s NAME` shows one of them."
    return Group(*lines, Text(""), Text(hint, style="dim"))


def _older(sources: tuple[LogSource, ...]) -> dict[str, list[LogSource]]:
    """Return the rotated files of each log that is written to now; they are read with it."""
    logs = sorted((source for source in sources if source.kind is SourceKind.LOG), key=lambda source: -len(source.path))
    found: dict[str, list[LogSource]] = {}
    for source in sources:
        if source.kind in {SourceKind.ROTATED, SourceKind.COMPRESSED} and not source.problem:
            log = next((log for log in logs if source.path.startswith(log.path)), None)
            if log is not None:
                found.setdefault(log.name, []).append(source)
    return found


def _history(files: list[LogSource]) -> str:
    size = size_words(sum(source.size_bytes or 0 for source in files))
    times = [source.modified for source in files if source.modified]
    until = f", the oldest written until {_time(min(times))}" if times else ""
    return f"and {len(files)} older {'file' if len(files) == 1 else 'files'}, {size}{until}"


def _lines(source: LogSource, name: str, width: int) -> list[Text]:
    size = "-" if source.size_bytes is None else size_words(source.size_bytes)
    when = "-" if source.modified is None else _time(source.modified)
    line = Text(f"{name:<{width}}", style="bold") + Text(f"  {size:>7}  {when}", style="not bold")
    remark = _remark(source)
    if not remark:
        return [line]
    if len(line) + 2 + len(remark) <= _WIDTH:
        return [line + Text("  ") + remark]
    return [line, Text("    ") + remark]


def _remark(source: LogSource) -> Text:
    words = visible_line(source.problem) if source.problem else _WORDS.get(source.kind, "")
    if source.link_target:
        words = f"-> {visible_line(source.link_target)}" + (f": {words}" if words else "")
    return Text(words, style="not bold yellow" if source.problem else "not bold dim")


def _time(when: datetime) -> str:
    return when.strftime("%Y-%m-%d %H:%M:%S")
