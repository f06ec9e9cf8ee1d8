"""`regops traffic`."""

import sys
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

from parsers.errors import ParseError
from parsers.log_format import Escape
from parsers.nginx_access import COMBINED, AccessFormat, compile_log_format
from regops.collectors.traffic.count import TrafficDoors, TrafficRequest, count_traffic, merge_traffic
from regops.errors import ConfigurationError
from regops.log_options import (
    ClientOption,
    GrepOption,
    IgnoreCaseOption,
    LevelOption,
    MethodOption,
    RepoOption,
    SinceOption,
    StatusOption,
    UntilOption,
    UtcOption,
    log_filter,
    log_span,
)
from regops.model.log_source import Notice, Via
from regops.model.traffic_filter import TrafficFilter
from regops.model.traffic_report import TrafficReport
from regops.options import Output, OutputOption, complete_container
from regops.render.messages import say
from regops.render.visible import visible_line
from regops.wiring import Services


class Road(StrEnum):
    """The roads to a container's files that run nothing of the container."""

    AUTO = "auto"
    FILES = "files"
    ENGINE = "engine"


def traffic(
    ctx: typer.Context,
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET",
            envvar="REGOPS_CONTAINER",
            help="Containers by name or id; files, plain or .gz, - for stdin: what has a slash, or is a file here.",
            autocompletion=complete_container,
            show_default=False,
        ),
    ],
    since: SinceOption = None,
    until: UntilOption = None,
    utc: UtcOption = False,
    grep: GrepOption = None,
    ignore_case: IgnoreCaseOption = False,
    level: LevelOption = None,
    status: StatusOption = None,
    method: MethodOption = None,
    repo: RepoOption = None,
    client: ClientOption = None,
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
    if merge:
        if any((since, until, grep, ignore_case, level, status, method, repo, client, history, log_format)):
            raise ConfigurationError(
                "--merge adds up what was counted: nothing can be filtered any more",
                hint="give the filters to the runs that count",
            )
        services.emit(merge_traffic(targets, zone=zone, top=top))
    begins, ends = log_span(since, until, now=datetime.fromtimestamp(services.clock.now(), UTC), zone=zone)
    wanted = TrafficFilter(
        since=None if begins is None else int(begins.timestamp()),
        until=None if ends is None else int(ends.timestamp()),
        record=log_filter(
            grep=grep, ignore_case=ignore_case, level=level, status=status, method=method, repo=repo, client=client
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
    say("note", visible_line(notice.text))


def _format(text: str) -> AccessFormat:
    """Return a log_format as nginx's directive has it, behind its name: `escape=json {...}`."""
    escape, template = Escape.DEFAULT, COMBINED if text == "combined" else text
    for each in Escape:
        if text.startswith(f"escape={each} "):
            escape, template = each, text.removeprefix(f"escape={each} ")
    try:
        found = compile_log_format(template, escape=escape)
    except ParseError as error:
        raise ConfigurationError(f"--format: {error.reason}: {error.text}") from error
    missing = [name for name in ("time", "status") if found.source(name) is None]
    if missing or (found.source("request") or found.source("request_method")) is None:
        word = {"time": "$time_local", "status": "$status"}[missing[0]] if missing else "$request"
        raise ConfigurationError(
            f"--format has no {word}, so its lines do not tell enough",
            hint="give it as nginx's configuration has it, without the quotes of its words",
        )
    return found
