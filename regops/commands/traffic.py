"""`regops traffic`."""

import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from functools import partial
from typing import Annotated, TypeVar

import typer

from parsers.errors import ParseError
from parsers.log_format import Escape
from parsers.log_record import level_named
from parsers.nginx_access import COMBINED, AccessFormat, compile_log_format
from parsers.status_set import parse_client, parse_statuses
from parsers.when import parse_when
from regops.collectors.traffic import TrafficDoors, TrafficRequest, count_traffic, merge_traffic
from regops.errors import ConfigurationError
from regops.model.log_filter import LogFilter
from regops.model.log_source import Notice, Via
from regops.model.traffic_filter import TrafficFilter
from regops.model.traffic_report import TrafficReport
from regops.options import Output, OutputOption, complete_container
from regops.render.visible import visible_line
from regops.wiring import Services

T = TypeVar("T")
_FILTERS = "Which requests"


class Road(StrEnum):
    """The roads to a container's files that run nothing of the container."""

    AUTO = "auto"
    FILES = "files"
    ENGINE = "engine"


class LeastLevel(StrEnum):
    """The levels that an access log has: every answer is an info, a warning or an error."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def traffic(
    ctx: typer.Context,
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET",
            help="Containers by name or id; files, plain or .gz, - for stdin: what has a slash, or is a file here.",
            autocompletion=complete_container,
            show_default=False,
        ),
    ],
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            envvar="REGOPS_SINCE",
            metavar="TIME",
            help="From this time on: 10m, 14:00, 'yesterday 14:00', 2026-11-23T14:00:05Z.",
            rich_help_panel=_FILTERS,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", envvar="REGOPS_UNTIL", metavar="TIME", help="Before this time.", rich_help_panel=_FILTERS
        ),
    ] = None,
    grep: Annotated[
        str | None,
        typer.Option(
            "--grep",
            envvar="REGOPS_GREP",
            metavar="PATTERN",
            help="Whose line has this regular expression.",
            rich_help_panel=_FILTERS,
        ),
    ] = None,
    level: Annotated[
        LeastLevel | None,
        typer.Option("--level", envvar="REGOPS_LEVEL", help="At least this grave.", rich_help_panel=_FILTERS),
    ] = None,
    status: Annotated[
        str | None,
        typer.Option(
            "--status",
            envvar="REGOPS_STATUS",
            metavar="STATUS",
            help="Answered so: 404, 5xx, 400-499, or several with commas.",
            rich_help_panel=_FILTERS,
        ),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            envvar="REGOPS_METHOD",
            metavar="METHOD",
            help="By this method; repeat it for more.",
            rich_help_panel=_FILTERS,
            show_default=False,
        ),
    ] = None,
    repo: Annotated[
        list[str] | None,
        typer.Option(
            "--repo",
            envvar="REGOPS_REPO",
            metavar="NAME",
            help="For this repository, by name or glob; repeat it for more.",
            rich_help_panel=_FILTERS,
            show_default=False,
        ),
    ] = None,
    client: Annotated[
        list[str] | None,
        typer.Option(
            "--client",
            envvar="REGOPS_CLIENT",
            metavar="ADDRESS",
            help="From this address or network; repeat it for more.",
            rich_help_panel=_FILTERS,
            show_default=False,
        ),
    ] = None,
    history: Annotated[
        bool,
        typer.Option("--history", envvar="REGOPS_HISTORY", help="A container's rotated logs too; --since implies it."),
    ] = False,
    log_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            envvar="REGOPS_FORMAT",
            metavar="FORMAT",
            help="nginx's log_format, or `combined`; otherwise a container's nginx or a file's first lines tell it.",
        ),
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="The targets are what -o json printed on several hosts: add it up.")
    ] = False,
    top: Annotated[
        int, typer.Option("--top", envvar="REGOPS_TOP", min=0, metavar="N", help="How many names a table shows.")
    ] = 5,
    utc: Annotated[
        bool, typer.Option("--utc", envvar="REGOPS_UTC", help="Times in UTC instead of local ones.")
    ] = False,
    via: Annotated[
        Road,
        typer.Option(
            "--via",
            envvar="REGOPS_VIA",
            help="How to get at a container's files: files needs root here, engine does not.",
        ),
    ] = Road.AUTO,
    output: OutputOption = Output.TABLE,
) -> None:
    """Count a registry's requests, from the access logs of its nginx.

    Requests and bytes over time by status class, pulls and pushes of both
    generations of the API, the busiest repositories, clients and user
    agents, and the slowest requests where the log has $request_time.

    Every line is counted: what cannot be read is told as unread, with the
    reason and an example. Numbers are exact. A pull is a manifest (v2) or a
    list of layers (v1) that was given, so an image for several platforms is
    two; a push is one that was taken.

    A target with a slash, or that is a file here, is a file; any other is a
    container, whose nginx says where its access logs are and in which
    format. --output json holds every name and can be added up with --merge.

    Exit status: 0 when at least one log could be read, 3 when none could.

    Examples:
      regops traffic registry
      regops traffic registry --since yesterday --status 5xx
      regops traffic registry --history --top 20
      regops traffic access.log access.log.1 access.log.2.gz
      zcat old/*.gz | regops traffic - --repo 'team/*' --client 10.0.0.0/8
      regops traffic registry -o json > $(hostname).json
      regops traffic --merge host1.json host2.json
    """
    services = ctx.ensure_object(Services)
    zone = UTC if utc else services.local_zone()
    asked = (since, until, grep, level, status, method, repo, client)
    if merge:
        if any(each for each in asked) or history or log_format:
            raise ConfigurationError(
                "--merge adds up what was counted: nothing can be filtered any more",
                hint="give the filters to the runs that count",
            )
        services.emit(merge_traffic(targets, zone=zone, top=top))
    now = datetime.fromtimestamp(services.clock.now(), UTC)
    begins, ends = (_moment(name, text, now, zone) for name, text in (("--since", since), ("--until", until)))
    wanted = TrafficFilter(
        since=None if begins is None else int(begins.timestamp()),
        until=None if ends is None else int(ends.timestamp()),
        record=LogFilter(
            grep=_pattern(grep),
            level=None if level is None else level_named(level),
            statuses=frozenset() if status is None else _parsed("--status", parse_statuses, status),
            methods=frozenset(word.upper() for word in method or ()),
            repositories=tuple(repo or ()),
            clients=tuple(_parsed("--client", parse_client, text) for text in client or ()),
        ),
    )
    request = TrafficRequest(
        targets=tuple(targets),
        wanted=wanted,
        access_format=None if log_format is None else _format(log_format),
        history=history or since is not None,
        since=begins,
        via=Via(via),
        zone=zone,
        top=top,
    )
    services.emit(_counted(services, request))


def _counted(services: Services, request: TrafficRequest) -> TrafficReport:
    doors = partial(TrafficDoors, services, services.traffic_counter, _say)
    # Without a terminal there is nothing to show, and loading what draws it takes longer than most logs.
    if not sys.stderr.isatty():
        return count_traffic(doors(), request)
    with services.progress() as progress:
        return count_traffic(doors(progress.transfer), request)


def _say(notice: Notice) -> None:
    print(f"note: {visible_line(notice.text)}", file=sys.stderr, flush=True)


def _parsed(option: str, parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except ParseError as error:
        raise ConfigurationError(f"{option}: {error.reason}") from error


def _moment(option: str, text: str | None, now: datetime, zone: tzinfo) -> datetime | None:
    return None if text is None else _parsed(option, partial(parse_when, now=now, zone=zone), text)


def _pattern(text: str | None) -> re.Pattern[str] | None:
    try:
        return None if text is None else re.compile(text)
    except re.error as error:
        raise ConfigurationError(f"--grep is no regular expression: {error}") from error


def _format(text: str) -> AccessFormat:
    """Return a log_format as nginx's directive has it, behind its name: `escape=json {...}`."""
    escape, template = Escape.DEFAULT, COMBINED if text == "combined" else text
    for each in Escape:
        if text.startswith(f"escape={each} "):
            escape, template = each, text.removeprefix(f"escape={each} ")
    found = _parsed("--format", partial(compile_log_format, escape=escape), template)
    missing = [name for name in ("time", "status") if found.source(name) is None]
    if missing or (found.source("request") or found.source("request_method")) is None:
        word = {"time": "$time_local", "status": "$status"}[missing[0]] if missing else "$request"
        raise ConfigurationError(
            f"--format has no {word}, so its lines do not tell enough",
            hint="give it as nginx's configuration has it, without the quotes of its words",
        )
    return found
