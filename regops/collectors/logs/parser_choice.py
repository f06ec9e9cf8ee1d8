"""Which parser reads which log of a container: by nginx's own configuration, by the path, or line by line."""

from collections.abc import Callable, Sequence
from datetime import tzinfo
from functools import cache
from pathlib import PurePosixPath

from parsers.log_record import LogReader, Record, Rejected
from parsers.nginx_access import KNOWN_FORMATS, AccessFormat, compile_log_format, guess_format
from parsers.nginx_error import NginxErrorLog
from parsers.program_log import ProgramLog
from parsers.redis_log import RedisLog
from parsers.registry_log import RegistryLog
from parsers.supervisord_log import SupervisordLog
from regops.collectors.logs.filter_needle import (
    access_needle,
    error_needle,
    mixed_needle,
    program_needle,
    registry_needle,
)
from regops.collectors.logs.mixed import MixedLog
from regops.collectors.logs.needle import Needle
from regops.collectors.logs.nginx_formats import NginxLogs
from regops.collectors.logs.records import RecordReader
from regops.model.log_filter import LogFilter
from regops.model.log_source import LogSource, SourceKind


class Readers:
    """Makes the readers of a container's logs; zone is the container's."""

    def __init__(self, zone: tzinfo, nginx: NginxLogs) -> None:
        self.zone = zone
        self._nginx = nginx
        self._guessed: dict[str, AccessFormat] = {}

    def of(self, source: LogSource, sample: bytes) -> RecordReader:
        """Return a new reader for a source; sample is some lines of its end."""
        return RecordReader(source.name, self._parser(source, sample))

    def needle(self, source: LogSource, sample: bytes, asked: LogFilter) -> Needle | None:
        """Return what entries of a source hold that a filter wants; None where only reading every entry can tell."""
        match self._parser(source, sample):
            case AccessLog() as reader:
                return access_needle(asked, reader.all_formats())
            case NginxErrorLog():
                return error_needle(asked)
            case RegistryLog():
                return registry_needle(asked)
            case SupervisordLog() | RedisLog() | ProgramLog():
                return program_needle(asked)
            case _:
                return mixed_needle(asked)

    def _parser(self, source: LogSource, sample: bytes) -> LogReader:
        if source.kind is SourceKind.OUTPUT:
            return self._mixed(source)
        if formats := self._nginx.formats_of(source.path):
            return AccessLog(formats, self._others)
        if self._nginx.is_error_log(source.path):
            return NginxErrorLog(self.zone)
        return self._by_name(source, sample)

    def _others(self) -> tuple[AccessFormat, ...]:
        return (*self._nginx.all_formats(), *_known())

    def _by_name(self, source: LogSource, sample: bytes) -> LogReader:
        path = source.path.lower()
        name = PurePosixPath(path).name
        if name.startswith("supervisord"):
            return SupervisordLog(self.zone)
        if "redis" in path:
            return RedisLog(self.zone, source.modified)
        if "registry" in name:
            return RegistryLog(self.zone)
        if "nginx" in path and "error" in name:
            return NginxErrorLog(self.zone)
        if "nginx" in path and "access" in name:
            guessed = self._guessed.get(path) or guess_format(sample.decode("utf-8", "surrogateescape").split("\n"))
            self._guessed[path] = guessed
            return AccessLog((guessed,), self._others)
        return self._mixed(source) if "nginx" in path else ProgramLog(self.zone)

    def _mixed(self, source: LogSource) -> LogReader:
        """Return a reader of what several programs write.

        A registry writes its requests much as nginx does: where there is an nginx, they are nginx's.
        """
        formats = self._nginx.all_formats() or _known()[:1]
        makers: list[Callable[[], LogReader]] = [
            lambda: SupervisordLog(self.zone),
            lambda: NginxErrorLog(self.zone),
            lambda: RedisLog(self.zone, source.modified),
            lambda: RegistryLog(self.zone),
            lambda: AccessLog(formats, self._others),
            lambda: ProgramLog(self.zone),
        ]
        if self._nginx.access_logs:
            makers[3:5] = reversed(makers[3:5])
        return MixedLog([(make(), make()) for make in makers], others=ProgramLog(self.zone))


class AccessLog:
    """Reads an access log; a line of another format than the ones given is tried with the others from then on.

    The format that read the last line is tried first: a log changes its format when its nginx is configured anew.
    """

    def __init__(self, formats: Sequence[AccessFormat], others: Callable[[], Sequence[AccessFormat]]) -> None:
        self._formats = list(formats)
        self._others = others

    def feed(self, line: str) -> Record:
        """Return the request a line tells of."""
        first = self._formats[0].feed(line)
        if not isinstance(first, Rejected):
            return first
        known = {(each.log_format, each.escape) for each in self._formats}
        self._formats += [each for each in self._others() if (each.log_format, each.escape) not in known]
        for index in range(1, len(self._formats)):
            found = self._formats[index].feed(line)
            if not isinstance(found, Rejected):
                self._formats.insert(0, self._formats.pop(index))
                return found
        return first

    def all_formats(self) -> tuple[AccessFormat, ...]:
        """Return every format that a line may be read in."""
        return (*self._formats, *self._others())

    def flush(self) -> None:
        """Return None: no request has more than one line."""


@cache
def _known() -> tuple[AccessFormat, ...]:
    return tuple(compile_log_format(known) for known in KNOWN_FORMATS)
