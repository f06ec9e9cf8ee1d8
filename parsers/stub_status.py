"""nginx's stub_status page, of nginx itself and of what was built from it (Tengine, OpenResty, Angie).

A real sample; the lines end in a blank, and the counters line begins with one:

    Active connections: 21
    server accepts handled requests
     3032 3032 4502
    Reading: 0 Writing: 21 Waiting: 0

Tengine has a fourth counter, request_time. Builds differ in blanks and line ends, so the page is read as words and
numbers, whatever stands between them. Source: ngx_http_stub_status_module.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from parsers.errors import ParseError

# nginx counts in unsigned machine words.
_MOST = 2**64 - 1
_TOKEN = re.compile(r"[0-9]+|[A-Za-z_]+|[^\s0-9A-Za-z_]")
_NUMBER = re.compile(r"[0-9]{1,20}")

_Token = tuple[int, str]


@dataclass(frozen=True, slots=True)
class StubStatus:
    """nginx's connection counters, as one stub_status page shows them.

    active, reading, writing and waiting are connections now; accepts and handled (connections) and requests count
    since nginx started. The request that asks is itself one active connection and one writing. request_time is
    Tengine's: the milliseconds all requests took together, None elsewhere.
    """

    active: int
    accepts: int
    handled: int
    requests: int
    reading: int
    writing: int
    waiting: int
    request_time: int | None = None


def parse_stub_status(text: str, source: str) -> StubStatus:
    """Return the counters of a page. Raises ParseError for anything else, an HTML page among it."""
    if text.lstrip().startswith("<"):
        raise ParseError("an HTML page, not nginx's status", source=source, line=1, text=_line(text, 1))
    reader = _Reader(text, source)
    active = reader.labelled("Active", "connections")
    reader.words("server")
    columns = reader.columns()
    counters = dict(zip(columns, [reader.number() for _ in columns], strict=True))
    reading, writing, waiting = (reader.labelled(label) for label in ("Reading", "Writing", "Waiting"))
    reader.end()
    return StubStatus(
        active=active,
        accepts=counters["accepts"],
        handled=counters["handled"],
        requests=counters["requests"],
        reading=reading,
        writing=writing,
        waiting=waiting,
        request_time=counters.get("request_time"),
    )


class _Reader:
    """The words and numbers of a page, taken one after another."""

    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self._source = source
        self._tokens = _tokens(text)
        self._line, self._next = next(self._tokens, (1, ""))

    def words(self, *expected: str) -> None:
        for word in expected:
            if self._next.lower() != word.lower():
                raise self._error(f"expected {word!r}")
            self._take()

    def labelled(self, *label: str) -> int:
        self.words(*label, ":")
        return self.number()

    def columns(self) -> list[str]:
        names: list[str] = []
        while re.match(r"[A-Za-z_]", self._next):
            names.append(self._take().lower())
        if not {"accepts", "handled", "requests"} <= set(names):
            raise self._error("expected the columns accepts, handled and requests")
        return names

    def number(self) -> int:
        if not _NUMBER.fullmatch(self._next) or int(self._next) > _MOST:
            raise self._error("expected a counter")
        return int(self._take())

    def end(self) -> None:
        if self._next:
            raise self._error("expected nothing more")

    def _take(self) -> str:
        taken = self._next
        self._line, self._next = next(self._tokens, (self._line, ""))
        return taken

    def _error(self, reason: str) -> ParseError:
        return ParseError(reason, source=self._source, line=self._line, text=_line(self._text, self._line))


def _tokens(text: str) -> Iterator[_Token]:
    for number, line in enumerate(text.split("\n"), 1):
        for found in _TOKEN.finditer(line):
            yield number, found.group()


def _line(text: str, number: int) -> str:
    return text.split("\n")[number - 1]
