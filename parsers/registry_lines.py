r"""The first lines of entries in a registry's log, in all shapes that the two generations write, mixed in one file.

    2026-11-23 09:13:28,158 WARNING: Cache storage disabled!                     classic 0.6 to 0.8
    18/Feb/2015:11:56:02 +0000 WARNING: Cache storage disabled!                  classic 0.9
    2026-11-23 09:13:30 [154] [INFO] Starting gunicorn 18.0                      its server, gunicorn 18
    [2015-02-18 11:56:00 +0000] [1169] [INFO] Starting gunicorn 19.1.1           gunicorn 19
    172.17.0.1 - - [23/Nov/2026:09:11:48] "GET /v2/ HTTP/1.0" 404 233 "-" "curl/7.88.1"      gunicorn 18's requests
    127.0.0.1 - - [23/Nov/2026:18:29:28 +0000] "GET /v2/ HTTP/1.1" 200 2 "" "curl/7.88.1"    distribution's
    2026/11/23 18:29:29 http: TLS handshake error from 127.0.0.1:5: EOF          Go's own words
    panic: swift authentication failed: Authorization Failed                     no time at all

and logrus. The classic registry 0.9 runs on Python 2, whose logging writes +0000 whatever the zone is (bugs.python.org,
1493676): that is taken for no zone. Sources: glogging.py of gunicorn 18 and 19, app.py of the classic registry,
handlers.go of gorilla, log.go of Go.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import NamedTuple

from parsers.log_record import HttpRequest, Level, level_named, level_of_status, split_request
from parsers.log_time import apache, local_stamps, numeric, with_fraction, zoned_stamps
from parsers.logrus import LogrusLine, parse_logrus_json, parse_logrus_text, request_of, unquote_go

_NUMERIC = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"
_APACHE = r"[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2}"
_APPLICATION = re.compile(rf"(?:({_NUMERIC}),([0-9]{{3}})|({_APACHE}) [+-][0-9]{{4}}) ([A-Z]{{3,10}}): ")
_GUNICORN = re.compile(rf"(?:({_NUMERIC})|\[({_NUMERIC}) [+-][0-9]{{4}}\]) \[([0-9]{{1,10}})\] \[([A-Z]{{3,10}})\] ")
_GO = re.compile(r"([0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}) ")
_LOGRUS = re.compile(r'time="([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})[^" ]*" level=([a-z]{4,7}) ')
_ACCESS = re.compile(
    rf"(?P<addr>[^ ]*) [^ ]+ (?P<user>[^\[\"]*) \[(?P<time>{_APACHE})(?P<zone> [+-][0-9]{{4}})?\] "
    r'"(?P<request>(?:[^"\\]|\\.)*)" (?P<status>[0-9]{3}) (?P<size>[0-9]{1,20}|-)'
    r'(?: "(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>.*)")?',
    re.DOTALL,
)
_GRAVE = re.compile(r"(?:panic|fatal error|configuration error|SIG[A-Z]{2,6}): ")


class Writer(StrEnum):
    """What wrote an entry; output is whatever has no shape of its own: panics, usage, warnings of Python."""

    APPLICATION = "application"
    GUNICORN = "gunicorn"
    ACCESS = "access"
    LOGRUS = "logrus"
    GO = "go"
    OUTPUT = "output"


class Head(NamedTuple):
    """What the first line of an entry says; body is where its message begins."""

    writer: Writer
    time: datetime | None
    level: Level | None
    body: int
    pid: int | None = None
    message: str | None = None
    fields: Mapping[str, str] = {}
    request: HttpRequest | None = None


class HeadReader:
    """Reads first lines; zone is that of the container."""

    def __init__(self, zone: tzinfo) -> None:
        self._local = local_stamps(lambda text: numeric(text) if text[2] != "/" else apache(text), zone)
        self._zoned = zoned_stamps(apache)
        self._logrus = local_stamps(numeric, UTC)

    def read(self, line: str) -> Head | None:
        """Return what a line says that begins an entry; None for any other."""
        if line.startswith("time="):
            return self._text(line)
        if line.startswith("{"):
            return _of_logrus(parse_logrus_json(line))
        if found := _APPLICATION.match(line):
            return self._application(line, found)
        if found := _GUNICORN.match(line):
            time = self._local[found[1] or found[2]]
            return Head(Writer.GUNICORN, time, level_named(found[4]), found.end(), int(found[3]))
        if found := _ACCESS.fullmatch(line):
            return self._access(found)
        if found := _GO.match(line):
            return Head(Writer.GO, self._local[found[1]], None, found.end())
        if _GRAVE.match(line):
            return Head(Writer.OUTPUT, None, Level.CRITICAL, 0)
        return None

    def _text(self, line: str) -> Head | None:
        head = _of_logrus(parse_logrus_text(line))
        if head is None and (found := _LOGRUS.match(line)):
            # Torn by another line, or cut: its beginning still tells what it is.
            return Head(Writer.LOGRUS, self._logrus[found[1]], level_named(found[2]), found.end())
        return head

    def _application(self, line: str, found: re.Match[str]) -> Head:
        time = with_fraction(self._local[found[1] or found[3]], found[2])
        request = None
        if (inner := _ACCESS.fullmatch(line, found.end())) is not None:
            request = self._access(inner).request
        return Head(Writer.APPLICATION, time, level_named(found[4]), found.end(), request=request)

    def _access(self, found: re.Match[str]) -> Head:
        """Return the line of a request. gunicorn writes a dash for no referer, and escapes the quote alone."""
        zone = found["zone"]
        unquote = _unquote_gunicorn if zone is None or found["referer"] == "-" else unquote_go
        method, uri, protocol = split_request(unquote(found["request"]))
        status = int(found["status"])
        request = HttpRequest(
            remote_addr=_present(found["addr"]),
            remote_user=_present(found["user"]),
            method=method,
            uri=uri,
            protocol=protocol,
            status=status,
            body_bytes_sent=None if found["size"] == "-" else int(found["size"]),
            http_referer=_present(unquote(found["referer"] or "")),
            http_user_agent=_present(unquote(found["agent"] or "")),
        )
        time = self._zoned[f"{found['time']}{zone}"] if zone else self._local[found["time"]]
        return Head(Writer.ACCESS, time, level_of_status(status), 0, request=request)


def _unquote_gunicorn(text: str) -> str:
    return text.replace('\\"', '"')


def _of_logrus(line: LogrusLine | None) -> Head | None:
    if line is None:
        return None
    return Head(
        Writer.LOGRUS,
        line.time,
        line.level,
        0,
        message=line.message,
        fields=line.fields,
        request=request_of(line.fields),
    )


def _present(text: str) -> str | None:
    return text if text not in {"", "-"} else None
