"""Log records for tests, read from text as the real ones are."""

from datetime import UTC

from parsers.log_record import LogReader, Record, Rejected
from parsers.nginx_access import COMBINED, compile_log_format
from parsers.program_log import ProgramLog
from parsers.registry_log import RegistryLog
from regops.model.log_record import LogRecord

ACCESS = "nginx/access.log"
REGISTRY = "supervisor/docker-registry.log"


def access(
    request: str = "GET /v2/ HTTP/1.1", status: int = 200, *, client: str = "172.17.0.1", end: str = ""
) -> LogRecord:
    """Return the record of a request that ended at 2026-11-23 09:11:08 UTC."""
    line = f'{client} - - [23/Nov/2026:09:11:08 +0000] "{request}" {status} 2 "-" "curl/7.88.1"{end}'
    return record(ACCESS, compile_log_format(COMBINED), line)


def registry(text: str) -> LogRecord:
    """Return the record of a registry's entry."""
    return record(REGISTRY, RegistryLog(UTC), text)


def program(text: str, *, source: str = "supervisor/nginx-stderr.log") -> LogRecord:
    """Return the record of what some program printed."""
    return record(source, ProgramLog(UTC), text)


def record(source: str, reader: LogReader, text: str, *, cut_bytes: int = 0) -> LogRecord:
    """Return the one record that a reader makes of some lines."""
    found: list[Record | None] = [reader.feed(line) for line in text.split("\n")]
    entry = next(each for each in (*found, reader.flush()) if each is not None)
    return LogRecord(source, entry, None if isinstance(entry, Rejected) else entry.time, cut_bytes)
