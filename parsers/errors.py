"""How a parser says that a text is not what it was asked to read."""

_SHOWN = 120


class ParseError(Exception):
    """A text that is not of the expected format at all.

    reason says what was expected; source names where the text came from (a URL, a file); line counts from 1;
    text is the line that could not be read, as it came: it is escaped where it is shown.
    """

    def __init__(self, reason: str, *, source: str, line: int, text: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.source = source
        self.line = line
        self.text = text

    def __str__(self) -> str:
        shown = self.text if len(self.text) <= _SHOWN else f"{self.text[:_SHOWN]}…"
        return f"{self.source}, line {self.line}: {self.reason}: {shown!r}"
