r"""The lines of logrus, in which distribution (registry 2 and 3) writes its log, as text or as JSON.

    time="2026-11-23T09:42:10.265308039Z" level=error msg="response completed with error" err.code="name unknown"
        http.request.method=GET http.request.uri=/v2/team/uniq/tags/list http.response.status=404 vars.name=team/uniq
    {"level":"warning","msg":"No HTTP secret provided","time":"2026-11-23T09:42:10Z","version":"2.8.2"}

Values are bare or quoted as Go's %q quotes. Source: text_formatter.go and json_formatter.go of logrus 1.8; the
logstash form of distribution's configuration has `@timestamp` and `message` instead.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from parsers.errors import ParseError
from parsers.json_text import as_object, parse_json
from parsers.log_record import HttpRequest, Level, level_named
from parsers.log_time import parse_rfc3339

_PAIR = re.compile(r'([^\s="]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?: |$)')
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))", re.DOTALL)
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ASCII, _LAST_CHARACTER = 0x7F, 0x10FFFF
_DURATION = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?(?:h|ms|m|s|[uµμ]s|ns))+")
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(h|ms|m|s|[uµμ]s|ns)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
_PEER = re.compile(r"\[(?P<six>[0-9A-Fa-f:.%]+)\](?::[0-9]+)?|(?P<four>[^:]+):[0-9]+")


@dataclass(frozen=True, slots=True)
class LogrusLine:
    """What one line says; fields are all but time, level and message. time is in UTC, None where it is none."""

    time: datetime | None
    level: Level | None
    message: str
    fields: Mapping[str, str]


def parse_logrus_text(line: str) -> LogrusLine | None:
    """Return a line of key=value pairs; None for one that is not, or whose pairs end before the line does."""
    pairs: dict[str, str] = {}
    at = 0
    while at < len(line):
        found = _PAIR.match(line, at)
        if found is None:
            return None
        value = found[2]
        pairs[found[1]] = unquote_go(value[1:-1]) if value.startswith('"') else value
        at = found.end()
    if "time" not in pairs or "level" not in pairs:
        return None
    return _line(pairs, pairs.pop("time"), pairs.pop("level"), pairs.pop("msg", ""))


def parse_logrus_json(line: str) -> LogrusLine | None:
    """Return a line that is one JSON object with a level and a time; None for anything else."""
    try:
        found = as_object(parse_json(line, source="").value)
    except ParseError:
        return None
    if found is None:
        return None
    try:
        pairs = {name: value if isinstance(value, str) else json.dumps(value) for name, value in found.items()}
    except RecursionError:
        return None
    time = pairs.pop("time", None) or pairs.pop("@timestamp", None)
    level = pairs.pop("level", None)
    if time is None or level is None:
        return None
    message = pairs.pop("msg", None)
    return _line(pairs, time, level, pairs.pop("message", "") if message is None else message)


def request_of(fields: Mapping[str, str]) -> HttpRequest | None:
    """Return the request that distribution's fields tell of."""
    method, uri = fields.get("http.request.method"), fields.get("http.request.uri")
    if method is None and uri is None:
        return None
    status, written = fields.get("http.response.status", ""), fields.get("http.response.written", "")
    return HttpRequest(
        remote_addr=_host(fields.get("http.request.remoteaddr")),
        remote_user=fields.get("auth.user.name"),
        method=method,
        uri=uri,
        status=_number(status),
        body_bytes_sent=_number(written),
        request_time=parse_go_duration(fields.get("http.response.duration", "")),
        host=fields.get("http.request.host"),
        http_referer=fields.get("http.request.referer"),
        http_user_agent=fields.get("http.request.useragent"),
    )


def parse_go_duration(text: str) -> float | None:
    """Return the seconds of `1m2.5s` or `123.012µs`; None for anything else."""
    if not _DURATION.fullmatch(text):
        return None
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _DURATION_PART.findall(text))
    return -seconds if text.startswith("-") else seconds


def unquote_go(text: str) -> str:
    r"""Take back the escapes of Go's %q; a byte that is no UTF-8, `\xff`, becomes a lone surrogate."""
    return _ESCAPE.sub(_unescape, text) if "\\" in text else text


def _host(peer: str | None) -> str | None:
    """Return the address of `172.17.0.1:41828` or `[::1]:41828`; anything else as it is."""
    found = _PEER.fullmatch(peer) if peer else None
    return found["six"] or found["four"] if found else peer


def _line(pairs: dict[str, str], time: str, level: str, message: str) -> LogrusLine:
    return LogrusLine(parse_rfc3339(time), level_named(level), message, pairs)


def _unescape(found: re.Match[str]) -> str:
    byte, short, long, letter = found.groups()
    if letter is not None:
        return _LETTERS.get(letter, letter)
    code = int(byte or short or long, 16)
    if byte and code > _ASCII:
        return chr(0xDC00 + code)
    return chr(code) if code <= _LAST_CHARACTER else found[0]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(2**63)) else None
