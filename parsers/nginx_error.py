"""nginx's error log, and what nginx says on stderr before it has one.

    2026/11/23 09:13:20 [error] 15#15: *109 connect() failed (111: Connection refused) while connecting to upstream,
        client: 172.17.0.1, server: , request: "GET /_ping HTTP/1.1", upstream: "http://127.0.0.1:5000/_ping",
        host: "127.0.0.1:21443"            (one line)
    2026/11/23 09:11:48 [info] 15#15: *38 client 172.17.0.1 closed keepalive connection
    nginx: [emerg] bind() to 0.0.0.0:8080 failed (98: Address already in use)

The times are of the server's zone, which is not named. nginx writes what clients send into these lines as it came,
quotes and commas too, and cuts them at 2048 bytes. So the parts that follow the message are read only where there is
one way to do it; otherwise they stay in the message. A client can even begin a line of its own, with `%0a` in a path
that does not exist: whole lines of this log can be forged, and then a later one has `%0a` in its request.
Source: ngx_log.c and ngx_http_request.c of nginx 1.22 and 1.31.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import NamedTuple

from parsers.log_folding import Folding, Part
from parsers.log_record import HttpRequest, LogEntry, Rejected, level_named, split_request
from parsers.log_time import local_stamps, numeric

_LINE = re.compile(
    r"([0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}) \[([a-z]{1,10})\] ([0-9]{1,10})#([0-9]{1,20}): "
    r"(?:\*([0-9]{1,20}) )?"
)
_STDERR = re.compile(r"nginx: \[([a-z]{1,10})\] ")
_KEEPALIVE = re.compile(r"client ([0-9A-Fa-f.:]{2,45}|unix:) closed keepalive connection")
_CLIENT = ", client: "
# What can follow the message, in this order. A whole request has two blanks; what a client sent instead of one, other,
# can hold anything, so that nothing behind it is believed.
_CONTEXT = re.compile(
    r", client: (?P<client>[0-9A-Fa-f.:]{2,45}|unix:), server: (?P<server>[^\",]*)"
    r'(?:(?:, request: "(?P<request>[A-Z_-]{1,32} [^ ]+ HTTP/[0-9.]{1,8})")?(?:, subrequest: "(?P<subrequest>.*?)")?'
    r'(?:, upstream: "(?P<upstream>.*?)")?(?:, host: "(?P<host>.*?)")?(?:, referrer: "(?P<referrer>.*?)")?'
    r'|, request: "(?P<other>.*)")',
    re.DOTALL,
)
_LABELS = (_CLIENT, ', request: "', ', subrequest: "', ', upstream: "')
# Said before nginx looked for an upstream: one that is named is the client's own text.
_NOT_YET = "client sent invalid"
# NGX_MAX_ERROR_STR without the newline: of a line this long, the end is missing.
_CUT_BYTES = 2047


class _Head(NamedTuple):
    time: datetime | None
    level: str
    pid: int | None
    tid: int | None
    connection: int | None
    body: int


@dataclass(frozen=True, slots=True)
class NginxErrorEntry(LogEntry):
    """One line of nginx's error log.

    message is what it says, without what the request was, unless that cannot be told apart. server is the server_name
    of the configuration ("" where it is none) or a listening address; upstream a URL; connection counts since nginx
    started. All but level and message are None where the line does not have them.
    """

    message: str
    pid: int | None
    tid: int | None
    connection: int | None
    server: str | None
    upstream: str | None
    subrequest: str | None


class NginxErrorLog(Folding[_Head, NginxErrorEntry]):
    """Reads an error log line by line; zone is the server's."""

    def __init__(self, zone: tzinfo) -> None:
        super().__init__(self._read, _entry, orphan="no line of nginx's error log, and none before it")
        self._stamps = local_stamps(numeric, zone)

    def _read(self, line: str) -> _Head | None:
        if found := _LINE.match(line):
            time, level, pid, tid, connection = found.groups()
            number = int(connection) if connection else None
            return _Head(self._stamps[time], level, int(pid), int(tid), number, found.end())
        if found := _STDERR.match(line):
            return _Head(None, found[1], None, None, None, found.end())
        return None


def iter_nginx_error(lines: Iterable[str], *, zone: tzinfo) -> Iterator[NginxErrorEntry | Rejected]:
    """Yield an entry for each line together with those that go on with it, and a Rejected for what comes before."""
    return NginxErrorLog(zone).run(lines)


def _entry(part: Part[_Head]) -> NginxErrorEntry:
    head, text = part.head, part.text
    message = text if part.continued else text[head.body :]
    context = _context(message, text)
    request, server, upstream, subrequest = None, None, None, None
    if found := _KEEPALIVE.fullmatch(message):
        request = HttpRequest(remote_addr=found[1])
    elif context is not None:
        message = message[: context.start()]
        server, upstream, subrequest = context["server"], context["upstream"], context["subrequest"]
        method, uri, protocol = split_request(context["request"] or _unquoted(context["other"]))
        request = HttpRequest(
            remote_addr=context["client"],
            method=method,
            uri=uri,
            protocol=protocol,
            host=context["host"],
            http_referer=context["referrer"],
        )
    return NginxErrorEntry(
        text,
        head.time,
        level_named(head.level),
        request,
        part.continued,
        message=message,
        pid=head.pid,
        tid=head.tid,
        connection=head.connection,
        server=server,
        upstream=upstream,
        subrequest=subrequest,
    )


def _context(message: str, text: str) -> re.Match[str] | None:
    """Return what follows the message, None where there is nothing or it can be read in more than one way."""
    at = message.find(_CLIENT)
    if at < 0 or any(message.count(label) > 1 for label in _LABELS):
        return None
    if len(text.encode("utf-8", "replace")) >= _CUT_BYTES:  # a byte that is no UTF-8 is one "?"
        return None
    found = _CONTEXT.fullmatch(message, at)
    if found and message.startswith(_NOT_YET) and (found["upstream"] or found["subrequest"]):
        return None
    return found


def _unquoted(request: str | None) -> str | None:
    return request if request and '"' not in request else None
