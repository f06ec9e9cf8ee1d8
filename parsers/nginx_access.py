r"""nginx's access log, in the `combined` format or any other that a log_format describes.

    172.17.0.1 - - [23/Nov/2026:09:11:08 +0000] "GET /nope HTTP/1.1" 404 233 "-" "curl/7.88.1"
    172.17.0.1 - - [23/Nov/2026:09:24:14 +0000] "\x16\x03\x01\x02" 400 157 "-" "-"
    172.17.0.1 - - [23/Nov/2026:09:24:15 +0000] "" 400 0 "-" "-"
    PP - 10.1.2.3 - 172.17.0.1 - alice [23/Nov/2026:09:24:15 +0000] "GET / HTTP/1.1" 200 38 "-" "curl/7.88.1" "-"

The time is when the request ended. Source: ngx_http_log_module.c.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from parsers.log_format import Escape, LinePattern
from parsers.log_record import HttpRequest, LogEntry, Rejected, level_of_status, split_request
from parsers.log_time import apache, epoch, parse_rfc3339, zoned_stamps
from parsers.nginx_escapes import unescape_hex, unescape_json

COMBINED = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
)
_MAIN = f'{COMBINED} "$http_x_forwarded_for"'
# What a log is tried with whose configuration cannot be read: nginx's own, its packages', and registries' habits.
KNOWN_FORMATS = (
    COMBINED,
    _MAIN,
    f"PP - $http_pp_remote_addr - {_MAIN}",
    f"LB - $http_x_forwarded_for - {COMBINED}",
    f"{COMBINED} $request_time $upstream_response_time",
    f"{_MAIN} $request_time $upstream_response_time",
    COMBINED.partition(' "$http_referer')[0],
)


# The variables that HttpRequest is made of, each with those that can stand in for it.
_REQUEST = (
    ("request",),
    ("request_method",),
    ("request_uri", "uri"),
    ("server_protocol",),
    ("remote_addr",),
    ("remote_user",),
    ("status",),
    ("body_bytes_sent", "bytes_sent"),
    ("request_time",),
    ("host", "http_host"),
    ("http_referer",),
    ("http_user_agent",),
)
# The variables that tell the time, the most exact one first.
_TIMES = ("msec", "time_local", "time_iso8601")
_UNESCAPES: Mapping[Escape, Callable[[str], str]] = {
    Escape.DEFAULT: unescape_hex,
    Escape.JSON: unescape_json,
    Escape.NONE: str,
}


@dataclass(frozen=True, slots=True)
class AccessEntry(LogEntry):
    """One request.

    variables are the values of the line under the names that its format gives them, as the client sent them, None for
    nginx's `-`. unclear names those of which the line can be read in more than one way; they are None too.
    """

    request: HttpRequest
    variables: Mapping[str, str | None]
    unclear: tuple[str, ...]

    @property
    def upstream_response_time(self) -> tuple[float | None, ...]:
        """Seconds each upstream that was tried took, in order; None for one that did not answer."""
        return tuple(_seconds(value) for value in _listed(self.variables.get("upstream_response_time")))

    @property
    def upstream_status(self) -> tuple[int | None, ...]:
        """What each upstream that was tried answered, in order."""
        return tuple(_number(value) for value in _listed(self.variables.get("upstream_status")))

    @property
    def upstream_addr(self) -> tuple[str, ...]:
        """The upstreams that were tried, in order."""
        return tuple(_listed(self.variables.get("upstream_addr")))


class AccessFormat:
    """A log_format ready to read lines with.

    log_format and escape are what it was made from, segments its parts; missing stands for a variable without value.
    """

    def __init__(self, log_format: str, escape: Escape) -> None:
        self.log_format = log_format
        self.escape = escape
        self._pattern = LinePattern(log_format, escape)
        self.segments = self._pattern.segments
        self._names = names = self._pattern.names
        self._unescape = _UNESCAPES[escape]
        self.missing = "-" if escape is Escape.DEFAULT else ""
        self._stamps = zoned_stamps(apache)
        # Where the values of a request are; the one behind the last is None, for those the format does not have.
        self._at = [next((names.index(name) for name in known if name in names), len(names)) for known in _REQUEST]
        self._has_request_line = "request" in names

    def feed(self, line: str) -> AccessEntry | Rejected:
        """Return the request a line tells of; a Rejected for one that this format did not write."""
        read = self._pattern.read(line)
        if read is None:
            return Rejected(line, "not in the format of this access log")
        missing, unescape = self.missing, self._unescape
        values = [None if value is None or value == missing else unescape(value) for value in read.values]
        variables = dict(zip(self._names, values, strict=True))
        values.append(None)
        request = self._request([values[index] for index in self._at])
        return AccessEntry(
            line,
            self._time(variables),
            level_of_status(request.status),
            request,
            continued=False,
            variables=variables,
            unclear=read.unclear,
        )

    def value(self, text: str) -> str | None:
        """Return what stands in the place of a variable as the client sent it, None where it has no value."""
        return None if text == self.missing else self._unescape(text)

    def time(self, variable: str, text: str) -> datetime | None:
        """Return the time that $msec, $time_local or $time_iso8601 tells; None for one that is not in the calendar."""
        if variable == "msec":
            return epoch(text)
        return self._stamps[text] if variable == "time_local" else parse_rfc3339(text)

    def source(self, name: str) -> str | None:
        """Return the variable that a part of HttpRequest, or `time`, is read from; None where the format has none."""
        known = _TIMES if name == "time" else next(known for known in _REQUEST if known[0] == name)
        return next((each for each in known if each in self._names), None)

    def flush(self) -> None:
        """Return None: no request has more than one line."""

    def run(self, lines: Iterable[str]) -> Iterator[AccessEntry | Rejected]:
        """Yield an entry or a Rejected for each line."""
        return map(self.feed, lines)

    def _request(self, values: list[str | None]) -> HttpRequest:
        line, method, uri, protocol, addr, user, status, size, seconds, host, referer, agent = values
        if self._has_request_line:
            method, uri, protocol = split_request(line)
        return HttpRequest(
            addr, user, method, uri, protocol, _number(status), _number(size), _seconds(seconds), host, referer, agent
        )

    def _time(self, variables: Mapping[str, str | None]) -> datetime | None:
        for name in _TIMES:
            if (text := variables.get(name)) is not None:
                return self.time(name, text)
        return None


def compile_log_format(log_format: str, *, escape: Escape = Escape.DEFAULT) -> AccessFormat:
    """Return the reader of a log. Raises ParseError for a format that nginx would refuse."""
    return AccessFormat(log_format, escape)


def guess_format(lines: Sequence[str], formats: Sequence[AccessFormat] = ()) -> AccessFormat:
    """Return the format that reads most of these lines, the first of them where none reads more.

    Without formats to choose from it is one of the known ones.
    """
    formats = formats or [compile_log_format(known) for known in KNOWN_FORMATS]
    return max(formats, key=lambda each: sum(not isinstance(entry, Rejected) for entry in each.run(lines)))


def _listed(value: str | None) -> list[str]:
    return [part for part in value.replace(" : ", ", ").split(", ") if part] if value else []


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _seconds(text: str | None) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        return None
