"""What every parser of a log gives: entries, and the lines that could not be read.

A log parser takes lines without their newlines, as text in which each byte that is no UTF-8 stands as a lone surrogate
(Python's `surrogateescape`), and gives back a LogEntry or a Rejected for every one of them. Their texts, joined by
newlines, are the lines that went in.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple, Protocol, TypeAlias

_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"})
_METHOD = re.compile(r"[A-Z][A-Z_-]{0,31}")


class Level(IntEnum):
    """How grave a line is, on one scale for all logs; each one's own word for it stays in the text."""

    DEBUG = 10
    INFO = 20
    NOTICE = 25
    WARNING = 30
    ERROR = 40
    CRITICAL = 50


# trace, blather: supervisord; verbose: redis; alert, emerg: nginx; fatal, panic: logrus.
_LEVELS = {
    "debug": Level.DEBUG, "debg": Level.DEBUG, "trace": Level.DEBUG, "trac": Level.DEBUG, "blat": Level.DEBUG,
    "verbose": Level.DEBUG, "info": Level.INFO, "notice": Level.NOTICE, "warn": Level.WARNING,
    "warning": Level.WARNING, "error": Level.ERROR, "erro": Level.ERROR, "crit": Level.CRITICAL,
    "critical": Level.CRITICAL, "alert": Level.CRITICAL, "emerg": Level.CRITICAL, "fatal": Level.CRITICAL,
    "panic": Level.CRITICAL,
}  # fmt: skip


class HttpRequest(NamedTuple):
    """A request that a line tells of, under nginx's names; None is what the line does not tell.

    remote_addr is the client as the log has it: an address, or `unix:`. uri is the request target with its query.
    protocol is None for HTTP/0.9 too. All of the request line is None where the client sent something else, TLS to a
    plain port for instance. body_bytes_sent counts bytes, request_time seconds. (A named tuple, since it is made for
    every line, and a frozen dataclass of eleven fields takes three times as long to make.)
    """

    remote_addr: str | None = None
    remote_user: str | None = None
    method: str | None = None
    uri: str | None = None
    protocol: str | None = None
    status: int | None = None
    body_bytes_sent: int | None = None
    request_time: float | None = None
    host: str | None = None
    http_referer: str | None = None
    http_user_agent: str | None = None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """What one line of a log says, together with the lines that belong to it.

    text is the lines as they are, with a newline between them. time is in UTC, so that entries of several logs compare;
    None where the line has none: such an entry belongs to the moment of the one before it. level is None where the
    line names none. request is the one the line tells of. continued marks the rest of an entry that grew too long, or
    that had been given away before all of its lines had come; it has the time and the level of its first part.
    """

    text: str
    time: datetime | None
    level: Level | None
    request: HttpRequest | None
    continued: bool


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that could not be read, with the reason."""

    text: str
    reason: str


Record: TypeAlias = LogEntry | Rejected


class LogReader(Protocol):
    """What reads a log line by line, of whatever format. A log that is followed is flushed when nothing more comes."""

    def feed(self, line: str) -> Record | None:
        """Return the record that a line completes, which may be that of the lines before it; None for none."""
        ...

    def flush(self) -> Record | None:
        """Return the record that waits for more lines; None when none does."""
        ...


def level_named(word: str) -> Level | None:
    """Return the level a program means by its word for it, in upper or lower case; None for any other word."""
    return _LEVELS.get(word.lower())


def words_at_least(level: Level) -> tuple[str, ...]:
    """Return the words for a level and the graver ones, in lower case."""
    return tuple(word for word, named in _LEVELS.items() if named >= level)


def level_of_status(status: int | None) -> Level | None:
    """Return the level of an answer by its HTTP status.

    404 and 401 are no warning: every push asks for blobs that are not there yet, every login begins with a refusal.
    """
    if status is None:
        return None
    if status >= 500:
        return Level.ERROR
    return Level.WARNING if status >= 400 and status not in {401, 404} else Level.INFO


def split_request(line: str | None) -> tuple[str | None, str | None, str | None]:
    """Return method, target and protocol of a request line, three times None for what is none.

    `GET /` alone is HTTP/0.9. Old servers let blanks into the target.
    """
    if not line:
        return None, None, None
    method, _, rest = line.partition(" ")
    if not rest or not (method in _METHODS or _METHOD.fullmatch(method)):
        return None, None, None
    uri, blank, protocol = rest.rpartition(" ")
    return (method, uri, protocol) if blank and protocol.startswith("HTTP/") else (method, rest, None)
