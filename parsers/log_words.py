"""What one reads of an entry on a screen that has its time and its source in columns of their own.

An entry loses the time that its line has. Of a line of logrus, which can have twenty pairs, what was asked for and what
went wrong comes first, and what is the same in every line is left out:

    error: response completed with error: GET /v2/nope/tags/list 404, 112 bytes in 8.205641ms for 172.17.0.1
    (curl/7.88.1) err.code="name unknown" vars.name=nope http.request.id=5b35238b…            (one line)
"""

import json
import re
from collections.abc import Mapping

from parsers.log_record import LogEntry
from parsers.nginx_access import AccessEntry
from parsers.registry_lines import Writer
from parsers.registry_log import RegistryEntry

_CLOCK = "[0-9]{2}:[0-9]{2}:[0-9]{2}"
_ZONE = "(?: ?(?:Z|[+-][0-9]{2}:?[0-9]{2}))?"
_NUMERIC = rf"\[?[0-9]{{4}}[-/][0-9]{{2}}[-/][0-9]{{2}}[ T]{_CLOCK}(?:[.,][0-9]{{1,9}})?{_ZONE}[]:]*"
_APACHE = rf"\[?[0-9]{{2}}/[A-Z][a-z]{{2}}/[0-9]{{4}}[: ]{_CLOCK}{_ZONE}[]:]*"
_NAMED = (
    rf"(?:[A-Z][a-z]{{2}} )?[A-Z][a-z]{{2}} [0-9 ][0-9] [0-9]{{4}} {_CLOCK}"
    r"(?: (?:GMT|UTC)?(?:[+-][0-9]{4})?(?: \([A-Z]{1,5}\))?)?:?"
)
_REDIS = rf"[0-9]{{2}} [A-Z][a-z]{{2}} (?:[0-9]{{4}} )?{_CLOCK}(?:\.[0-9]{{3}})?"
# What comes before the time in redis's lines and in those of requests stays.
_STAMP = re.compile(
    rf'()(?:time="[^"\n]{{1,40}}"|{_NUMERIC}|{_APACHE}|{_NAMED}) |([0-9]{{1,10}}:[A-Z] |\[[0-9]{{1,10}}\] ){_REDIS} '
    rf'|([^ \n]{{1,64}} [^ \n]{{1,64}} [^\["\n]{{0,256}})\[{_APACHE} '
)
_TIMES = ("time_local", "time_iso8601", "msec")
_SAME = frozenset({"go.version", "instance.id", "service", "version", "environment", "http.response.contenttype"})
_REQUEST = frozenset({
    "http.request.method", "http.request.uri", "http.response.status", "http.response.written", "http.request.host",
    "http.response.duration", "http.request.remoteaddr", "http.request.useragent",
})  # fmt: skip
_FIRST = ("err.", "vars.", "auth.")
_BARE = re.compile(r'[^\s"=\\]+')


def words(entry: LogEntry) -> str:
    """Return what one reads of an entry; all of its text where its time is not plain to see."""
    if entry.time is None or entry.continued:
        return entry.text
    if isinstance(entry, RegistryEntry) and entry.writer is Writer.LOGRUS:
        return _logrus(entry)
    text = entry.text
    if isinstance(entry, AccessEntry):
        time = next((time for name in _TIMES if (time := entry.variables.get(name))), "")
        return text.replace(f"[{time}] ", "", 1)
    found = _STAMP.match(text)
    return f"{found[found.lastindex or 1]}{text[found.end() :]}" if found else text


def _logrus(entry: RegistryEntry) -> str:
    fields, told = entry.fields, _SAME
    parts = [f"{entry.level.name.lower() if entry.level else 'log'}: {entry.message}"]
    if "http.request.method" in fields and "http.response.status" in fields:
        parts = [f"{parts[0]}: {_request(fields)}"]
        told |= _REQUEST
    # They come sorted by name; what went wrong and with what is read first.
    names = sorted((name for name in fields if name not in told), key=lambda name: not name.startswith(_FIRST))
    # A newline in a message or a path is one that somebody wrote with a backslash: the line stays one.
    head = " ".join((*parts, *(f"{name}={_value(fields[name])}" for name in names))).replace("\n", "\\n")
    # What follows it, a panic's trace for instance, is as it was written.
    _, newline, rest = entry.text.partition("\n")
    return f"{head}{newline}{rest}"


def _request(fields: Mapping[str, str]) -> str:
    method, uri, status, written, duration, client, agent = (
        fields.get(f"http.{name}", "")
        for name in (
            "request.method", "request.uri", "response.status", "response.written", "response.duration",
            "request.remoteaddr", "request.useragent",
        )
    )  # fmt: skip
    said = f"{method} {uri} {status}"
    said += f", {written} bytes" if written else ""
    said += f" in {duration}" if duration else ""
    said += f" for {client}" if client else ""
    return f"{said} ({agent})" if agent else said


def _value(text: str) -> str:
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)
