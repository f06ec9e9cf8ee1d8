"""Log lines as they come: with the name of their source, made harmless, or as JSON, or as they are."""

import sys
from itertools import cycle

from regops.model.log_source import LogLine, Notice
from regops.render import Color, use_color
from regops.render.json import json_line
from regops.render.visible import visible, visible_line

# Names are padded to the longest so far, but not beyond this: the text needs the room.
_NAME_WIDTH = 32
_COLORS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)


class LineWriter:
    """Writes lines to stdout and notices to stderr.

    output is table or json; raw writes the bytes of the lines and nothing else. Raises OSError when stdout cannot be
    written to, as every command does.
    """

    def __init__(self, *, output: str, color: Color, raw: bool) -> None:
        self._json = output == "json"
        self._raw = raw
        self._color = use_color(color, sys.stdout)
        self._width = 0
        self._styles: dict[str, str] = {}
        self._free = cycle(_COLORS)

    def write(self, event: LogLine | Notice) -> None:
        """Write one line, or say one thing."""
        if isinstance(event, Notice):
            self.flush()
            print(f"note: {visible_line(event.text)}", file=sys.stderr, flush=True)
            return
        if self._raw:
            sys.stdout.buffer.write(event.text + b"\n")
        elif self._json:
            sys.stdout.write(json_line(event) + "\n")
        else:
            sys.stdout.write(f"{self._prefix(event.source)} {_text(event)}\n")

    def flush(self) -> None:
        """Show what was written."""
        sys.stdout.flush()

    def _prefix(self, source: str) -> str:
        name = visible(source).replace("\n", "\\n")
        self._width = max(self._width, min(len(name), _NAME_WIDTH))
        prefix = f"{name:<{self._width}} |"
        if not self._color:
            return prefix
        style = self._styles.setdefault(source, f"\x1b[{next(self._free)}m")
        return f"{style}{prefix}\x1b[0m"


def _text(line: LogLine) -> str:
    # Programs on a terminal end their lines with CR LF; before the newline the CR says nothing.
    text = line.text if line.cut_bytes else line.text.removesuffix(b"\r")
    shown = visible_line(text.decode("utf-8", "backslashreplace"))
    return f"{shown}…[{line.cut_bytes} more bytes cut]" if line.cut_bytes else shown
