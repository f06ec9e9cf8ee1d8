r"""nginx's configuration as directives with their lines; included files are named, not read.

    http {
        log_format main '$remote_addr [$time_local] "$request" '
                        '$status';              # several words make one format
        access_log /var/log/nginx/access.log main;
    }

The words are read as nginx reads them: a quote counts only at the beginning of a word, `\"`, `\'`, `\\`, `\t`, `\r` and
`\n` are escapes, `#` begins a comment only between words, and the braces of `${name}` are no block. The text of a
`*_by_lua_block` is skipped by its braces. Source: ngx_conf_read_token in ngx_conf_file.c of nginx 1.31.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from parsers.errors import ParseError

# nginx itself knows no bound; nobody nests deeper than main, http, server, location, if.
_DEEPEST = 32
_MOST_DIRECTIVES = 100_000

_BETWEEN = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_SINGLE = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
# A word ends before a blank, a semicolon or a brace that opens a block.
_WORD = re.compile(r"(?:\\.|\$\{|[^ \t\r\n;{\\])+", re.DOTALL)
_ESCAPE = re.compile(r"""\\(["'\\trn])""")
_LETTERS = {"t": "\t", "r": "\r", "n": "\n"}
# In Lua's strings, long strings and comments braces do not count.
_LUA = re.compile(
    r"(?:--)?\[(?P<level>=*)\[|--[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|(?P<mark>[{}\"'])", re.DOTALL
)


class _Token(NamedTuple):
    text: str
    line: int
    is_word: bool


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive: its name, its arguments with quotes and escapes taken away, and the line it begins on.

    block is what stands between its braces, None for a directive that ends in a semicolon.
    """

    name: str
    args: tuple[str, ...]
    line: int
    block: tuple["Directive", ...] | None = None


def parse_nginx_conf(text: str, *, source: str) -> tuple[Directive, ...]:
    """Return the directives of one file. Raises ParseError for what nginx could not read."""
    reader = _Reader(text, source)
    outer: list[tuple[_Token, tuple[str, ...], list[Directive]]] = []
    here: list[Directive] = []
    count = 0
    while (token := reader.next()) is not None:
        if token.text == "}" and not token.is_word:
            if not outer:
                raise reader.error('unexpected "}"', token.line)
            opened, args, parent = outer.pop()
            parent.append(Directive(opened.text, args, opened.line, tuple(here)))
            here = parent
            continue
        count += 1
        if not token.is_word:
            raise reader.error(f'unexpected "{token.text}"', token.line)
        if len(outer) >= _DEEPEST or count > _MOST_DIRECTIVES:
            raise reader.error("the configuration is too large or nested too deeply", token.line)
        args, end = reader.arguments()
        if end == ";":
            here.append(Directive(token.text, args, token.line))
        elif token.text.endswith("_by_lua_block"):
            reader.skip_lua(token.line)
            here.append(Directive(token.text, args, token.line, ()))
        else:
            outer.append((token, args, here))
            here = []
    if outer:
        raise reader.error('unexpected end of file, expecting "}"', outer[-1][0].line)
    return tuple(here)


def walk(directives: tuple[Directive, ...], *context: str) -> Iterator[tuple[tuple[str, ...], Directive]]:
    """Yield every directive with the names of the blocks around it, in order; context stands around all of them."""
    waiting = [(context, directive) for directive in reversed(directives)]
    while waiting:
        around, directive = waiting.pop()
        yield around, directive
        inner = (*around, directive.name)
        waiting += [(inner, each) for each in reversed(directive.block or ())]


class _Reader:
    """The words of a configuration, one after another."""

    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self._source = source
        self._at = 0
        self._line = 1

    def next(self) -> _Token | None:
        """Return the next word, or one of `;`, `{` and `}`; None at the end of the file."""
        text = self._text
        self._move(self._match(_BETWEEN))
        if self._at == len(text):
            return None
        first, line = text[self._at], self._line
        if first in ";{}":
            self._at += 1
            return _Token(first, line, is_word=False)
        quoted = {'"': _DOUBLE, "'": _SINGLE}.get(first)
        found = (quoted or _WORD).match(text, self._at)
        if found is None:
            raise self.error("unexpected end of file", line)
        self._move(found.end())
        follows = text[self._at : self._at + 1]
        if quoted and follows and follows not in " \t\r\n;{)":
            raise self.error(f'unexpected "{follows}"', self._line)
        return _Token(_ESCAPE.sub(_unescape, found[1] if quoted else found[0]), line, is_word=True)

    def arguments(self) -> tuple[tuple[str, ...], str]:
        """Return the words up to a semicolon or an opening brace, and which of them it was."""
        begun = self._line
        args: list[str] = []
        while (token := self.next()) is not None:
            if token.is_word:
                args.append(token.text)
            elif token.text == "}":
                raise self.error('unexpected "}"', token.line)
            else:
                return tuple(args), token.text
        raise self.error('unexpected end of file, expecting ";" or "}"', begun)

    def skip_lua(self, begun: int) -> None:
        """Go behind the brace that closes a block of Lua."""
        depth, at = 1, self._at
        while depth:
            found = _LUA.search(self._text, at)
            at = found.end() if found else -1
            if found and found["level"] is not None:
                closing = f"]{found['level']}]"
                end = self._text.find(closing, at)
                at = end + len(closing) if end >= 0 else -1
            elif found and found["mark"]:
                depth += {"{": 1, "}": -1}.get(found["mark"], 0)
                at = at if found["mark"] in "{}" else -1
            if at < 0:
                raise self.error("a block of Lua that does not end", begun)
        self._move(at)

    def error(self, reason: str, line: int) -> ParseError:
        """Return the error about a line; raise it."""
        text = self._text.split("\n", line)[line - 1]
        return ParseError(reason, source=self._source, line=line, text=text)

    def _match(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self._text, self._at)
        return found.end() if found else self._at

    def _move(self, end: int) -> None:
        self._line += self._text.count("\n", self._at, end)
        self._at = end


def _unescape(found: re.Match[str]) -> str:
    return _LETTERS.get(found[1], found[1])
