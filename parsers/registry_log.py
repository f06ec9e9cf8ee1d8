"""A registry's log, of the classic registry or of distribution: entries, with what each says twice told apart.

Tracebacks and Go's dumps have no time of their own; they fold to the entry before them, which then counts as an error.
The classic registry (0.6 to 0.8 under gunicorn 18) writes every request and every word of gunicorn twice, once in each
one's shape, and distribution writes each request as a `response completed` and as an access line. The second of two is
marked: it says nothing new.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo

from parsers.log_folding import Folding, Part
from parsers.log_record import Level, LogEntry, Rejected
from parsers.registry_lines import Head, HeadReader, Writer

_TRACEBACK = "Traceback (most recent call last):"
_DUMPS = (_TRACEBACK, "goroutine ")
# Four to eight workers write into one log; what one of them said so many entries ago is not said again.
_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class RegistryEntry(LogEntry):
    """One entry of a registry's log.

    message is what it says without time and level; pid is of the process, seen from inside the container. fields are
    logrus's, among them `err.code`, `err.detail`, `vars.name`. doubles says that an entry before it said the same.
    """

    writer: Writer
    message: str
    pid: int | None
    fields: Mapping[str, str]
    doubles: bool


class RegistryLog(Folding[Head, RegistryEntry]):
    """Reads a registry's log line by line; zone is that of the container."""

    def __init__(self, zone: tzinfo) -> None:
        super().__init__(self._read, self._entry, orphan="")
        self._reader = HeadReader(zone)
        self._in_dump = False
        self._begun = False
        self._said: OrderedDict[object, int] = OrderedDict()
        # Of the entry given away last, for the rest of it.
        self._level: Level | None = None
        self._doubles = False

    def _read(self, line: str) -> Head | None:
        head = self._reader.read(line)
        if head is not None:
            self._in_dump = head.writer is Writer.OUTPUT
        elif not (self._begun and self._goes_on(line)):
            head = Head(Writer.OUTPUT, None, None, 0)
            self._in_dump = line.startswith(_DUMPS)
        self._begun = True
        return head

    def _goes_on(self, line: str) -> bool:
        """Tell whether a line of no known shape belongs to the entry before it.

        Behind the beginning of a traceback or a dump all of them do: an exception's text can have several lines.
        """
        self._in_dump = self._in_dump or line.startswith(_DUMPS)
        return self._in_dump or not line or line[0] in " \t"

    def _entry(self, part: Part[Head]) -> RegistryEntry:
        head, text = part.head, part.text
        message = text if part.continued else text[head.body :]
        if head.message is not None and not part.continued:
            message = head.message
        level = self._level if part.continued else head.level
        if _TRACEBACK in text:
            level = max(level or Level.ERROR, Level.ERROR)
        self._level = level
        self._doubles = self._doubles if part.continued else self._is_double(head, message)
        return RegistryEntry(
            text,
            head.time,
            level,
            head.request,
            part.continued,
            writer=head.writer,
            message=message,
            pid=head.pid,
            fields=head.fields,
            doubles=self._doubles,
        )

    def _is_double(self, head: Head, message: str) -> bool:
        """Remember what an entry says if it may be said again; tell whether it was said before."""
        request = head.request
        match head.writer:
            case Writer.GUNICORN:
                self._remember((head.level, message))
            case Writer.LOGRUS if request is not None and request.status is not None:
                self._remember((request.method, request.uri, request.status))
            case Writer.APPLICATION:
                return self._recall(("" if request else head.level, message))
            case Writer.ACCESS if request is not None:
                if self._recall((request.method, request.uri, request.status)):
                    return True
                self._remember(("", message))
            case _:
                pass
        return False

    def _remember(self, said: object) -> None:
        self._said[said] = self._said.pop(said, 0) + 1
        if len(self._said) > _REMEMBERED:
            self._said.popitem(last=False)

    def _recall(self, said: object) -> bool:
        times = self._said.pop(said, 0)
        if times > 1:
            self._said[said] = times - 1
        return times > 0


def iter_registry_log(lines: Iterable[str], *, zone: tzinfo) -> Iterator[RegistryEntry | Rejected]:
    """Yield an entry for each line, together with those that go on with it."""
    return RegistryLog(zone).run(lines)
