"""The options that choose lines of a log, and what they mean together."""

import re
import warnings
from collections.abc import Callable
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Annotated, TypeVar

import typer

from parsers.errors import ParseError
from parsers.log_record import Level
from parsers.status_set import parse_client, parse_statuses
from parsers.when import parse_when
from regops.errors import ConfigurationError
from regops.model.log_filter import LogFilter

_WINDOW = "Which part"
_FILTER = "Which lines"
_METHOD = re.compile(r"[A-Z]+")
_SOURCES = (
    "nginx", "registry", "redis", "supervisord", "docker", "nginx/access", "nginx/error", "nginx-stdout",
    "nginx-stderr", "docker-registry",
)  # fmt: skip

_Parsed = TypeVar("_Parsed")


class LevelName(StrEnum):
    """The levels of all logs, by their usual words."""

    DEBUG = "debug"
    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


def complete_source(incomplete: str) -> list[str]:
    """Return what sources are usually called, for shell completion."""
    return [name for name in _SOURCES if name.startswith(incomplete)]


SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since",
        "-S",
        metavar="WHEN",
        rich_help_panel=_WINDOW,
        help="From this moment on: `10m`, `2h30m`, `3d` ago, `14:00` (the last), `yesterday 14:00`, `today`, "
        "`2026-11-23 14:00`, or a time pasted from a log.",
        show_default=False,
    ),
]
UntilOption = Annotated[
    str | None,
    typer.Option(
        "--until",
        "-U",
        metavar="WHEN",
        rich_help_panel=_WINDOW,
        help="Up to this moment, which is not part of it.",
        show_default=False,
    ),
]
UtcOption = Annotated[
    bool,
    typer.Option(
        "--utc",
        envvar="REGOPS_UTC",
        rich_help_panel=_WINDOW,
        help="Show and understand times in UTC, not in the zone of this terminal.",
    ),
]
GrepOption = Annotated[
    str | None,
    typer.Option(
        "--grep",
        "-g",
        metavar="REGEX",
        rich_help_panel=_FILTER,
        help="With this in their text (Python's re); tracebacks are searched whole.",
        show_default=False,
    ),
]
IgnoreCaseOption = Annotated[
    bool,
    typer.Option(
        "--ignore-case", "-i", rich_help_panel=_FILTER, help="Let --grep find upper case and lower case alike."
    ),
]
LevelOption = Annotated[
    LevelName | None,
    typer.Option(
        "--level",
        envvar="REGOPS_LEVEL",
        metavar="LEVEL",
        case_sensitive=False,
        rich_help_panel=_FILTER,
        help="At least this grave: debug, info, notice, warning, error or critical. A request's status counts: 5xx is "
        "error, 4xx but for 401 and 404 warning.",
        show_default=False,
    ),
]
StatusOption = Annotated[
    str | None,
    typer.Option(
        "--status",
        metavar="STATUS",
        rich_help_panel=_FILTER,
        help="Requests that were answered so: `404`, `5xx`, `400-499`, `5xx,404`.",
        show_default=False,
    ),
]
MethodOption = Annotated[
    list[str] | None,
    typer.Option(
        "--method",
        metavar="METHOD",
        rich_help_panel=_FILTER,
        help="Requests with this method: `PUT`; repeat it, or use commas.",
        show_default=False,
    ),
]
RepoOption = Annotated[
    list[str] | None,
    typer.Option(
        "--repo",
        metavar="GLOB",
        rich_help_panel=_FILTER,
        help="Requests for these repositories, of both generations: `team/app`, `team/*`; repeat it for more.",
        show_default=False,
    ),
]
ClientOption = Annotated[
    list[str] | None,
    typer.Option(
        "--client",
        metavar="ADDRESS",
        rich_help_panel=_FILTER,
        help="Requests of this address or network: `10.1.2.3`, `10.0.0.0/8`; repeat it for more.",
        show_default=False,
    ),
]


def log_filter(
    *,
    grep: str | None,
    ignore_case: bool,
    level: LevelName | None,
    status: str | None,
    method: list[str] | None,
    repo: list[str] | None,
    client: list[str] | None,
) -> LogFilter:
    """Return what the options ask for. Raises ConfigurationError for a value that cannot be understood."""
    if ignore_case and grep is None:
        raise ConfigurationError("--ignore-case needs --grep", hint="it says how --grep compares")
    return LogFilter(
        grep=None if grep is None else _pattern(grep, ignore_case=ignore_case),
        level=None if level is None else Level[level.name],
        statuses=frozenset() if status is None else _parsed("--status", parse_statuses, status),
        methods=frozenset(_method(one) for each in method or () for one in each.split(",")),
        repositories=tuple(repo or ()),
        clients=tuple(_parsed("--client", parse_client, each) for each in client or ()),
    )


def log_span(
    since: str | None, until: str | None, *, now: datetime, zone: tzinfo
) -> tuple[datetime | None, datetime | None]:
    """Return the moments that --since and --until name. Raises ConfigurationError when nothing lies between them."""

    def moment(name: str, text: str | None) -> datetime | None:
        return text if text is None else _parsed(name, lambda said: parse_when(said, now=now, zone=zone), text)

    first, end = moment("--since", since), moment("--until", until)
    if first is not None and end is not None and first >= end:
        raise ConfigurationError(
            f"nothing lies between --since {since} ({_shown(first, zone)}) and --until {until} ({_shown(end, zone)})",
            hint="a clock alone is the last time that it showed this; a date in front of it says which day is meant",
        )
    return first, end


def _shown(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def _parsed(option: str, parse: Callable[[str], _Parsed], text: str) -> _Parsed:
    try:
        return parse(text)
    except ParseError as error:
        reason, _, hint = error.reason.partition("; ")
        raise ConfigurationError(f"{option} {text}: {reason}", hint=hint) from error


def _method(text: str) -> str:
    name = text.strip().upper()
    if not _METHOD.fullmatch(name):
        raise ConfigurationError(f"--method {text}: not a method such as GET or PUT")
    return name


def _pattern(text: str, *, ignore_case: bool) -> re.Pattern[str]:
    try:
        with warnings.catch_warnings():
            # What Python may read differently one day is not for the operator to think of.
            warnings.simplefilter("ignore", FutureWarning)
            return re.compile(text, re.IGNORECASE if ignore_case else 0)
    except re.error as error:
        place = f"\n  {text}\n  {' ' * (error.colno - 1)}^" if error.colno and error.lineno == 1 else f": {text}"
        raise ConfigurationError(
            f"--grep is no regular expression: {error.msg}{place}", hint=r"a backslash takes the meaning away: \( \[ \*"
        ) from error
    except (OverflowError, RecursionError) as error:
        raise ConfigurationError("--grep is too large for a regular expression") from error
