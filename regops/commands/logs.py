"""`regops logs`."""

import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from parsers.secret_text import mask_secrets
from regops.collectors.logs.configured import configured_logs
from regops.collectors.logs.files import open_files
from regops.collectors.logs.follow import follow_logs
from regops.collectors.logs.merge import read_logs
from regops.collectors.logs.sources import collect_sources
from regops.errors import ConfigurationError, RegopsError
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
    complete_source,
    log_filter,
    log_span,
)
from regops.model.log_filter import LogWindow
from regops.model.log_record import LogRecord
from regops.model.log_request import LogRequest
from regops.model.log_source import LogSources, Looked, Notice, Via
from regops.model.log_summary import LogTally
from regops.options import ContainerArgument, Output, OutputOption, TimeoutOption
from regops.render.messages import say
from regops.wiring import Services

if TYPE_CHECKING:
    from regops.render.log_lines import LogWriter

# Reading the end of a few logs takes milliseconds; through the engine, a gigabyte takes most of this.
_TIMEOUT_SECONDS = 30.0
_LINES = 20
_MOST_LINES = 1_000_000
_WINDOW = "Which part"
_SHOWN = "How it is shown"
_NSENTER_WARNING = (
    "--via nsenter runs the container's own tail, with root on this machine but for what the container may "
    "not do; --via files runs nothing"
)


def logs(
    ctx: typer.Context,
    container: ContainerArgument,
    list_: Annotated[
        bool, typer.Option("--list", "-l", help="List the sources instead: size, time, and what cannot be read.")
    ] = False,
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source",
            "-s",
            envvar="REGOPS_SOURCE",
            metavar="NAME",
            rich_help_panel=_WINDOW,
            help="Only these sources, by name or glob; repeat it for more. `docker` is the container's own output.",
            autocompletion=complete_source,
            show_default=False,
        ),
    ] = None,
    lines: Annotated[
        int | None,
        typer.Option(
            "--lines",
            "-n",
            envvar="REGOPS_LINES",
            min=0,
            max=_MOST_LINES,
            metavar="NUMBER",
            rich_help_panel=_WINDOW,
            help=f"How many of the last lines, of all sources together. {_LINES}; all with --since or --until.",
            show_default=False,
        ),
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    follow: Annotated[
        bool,
        typer.Option("--follow", "-f", rich_help_panel=_WINDOW, help="Go on with new lines as they are written."),
    ] = False,
    utc: UtcOption = False,
    grep: GrepOption = None,
    ignore_case: IgnoreCaseOption = False,
    level: LevelOption = None,
    status: StatusOption = None,
    method: MethodOption = None,
    repo: RepoOption = None,
    client: ClientOption = None,
    output: OutputOption = Output.TABLE,
    summary: Annotated[
        bool,
        typer.Option(
            "--summary",
            envvar="REGOPS_SUMMARY",
            rich_help_panel=_SHOWN,
            help="Say at the end, on stderr, how many lines of which source there were, errors and unread ones.",
        ),
    ] = False,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw",
            rich_help_panel=_SHOWN,
            help="The lines as they are, doubled ones too, and nothing else; not on a terminal.",
        ),
    ] = False,
    show_secrets: Annotated[
        bool,
        typer.Option(
            "--show-secrets",
            rich_help_panel=_SHOWN,
            help="Show passwords and tokens, which are *** otherwise, with --raw as well.",
        ),
    ] = False,
    via: Annotated[
        Via,
        typer.Option(
            "--via",
            envvar="REGOPS_VIA",
            help="How to get at the files: files needs root here, engine does not, nsenter runs the container's tail.",
        ),
    ] = Via.AUTO,
    timeout: TimeoutOption = _TIMEOUT_SECONDS,
) -> None:
    r"""Show the logs of a registry's container as one stream, by time.

    The sources are the files under /var/log/nginx and /var/log/supervisor,
    those that nginx's and supervisord's configurations name elsewhere, and
    `docker`, the container's own output; --list names them. Rotated and
    compressed files are read as far as they are asked for. Tracebacks stay
    with their line, and what a registry says twice is shown once.

    As root on the engine's own host, regops reads the files itself: nothing
    of the container is run, and no link in it leads outside. Without root,
    on another host, or when the container is stopped, they come through the
    engine; --via chooses.

    Times are of your zone; ~ marks a line without one of its own, ? a line
    that could not be read. Passwords and tokens are shown as ***, control
    characters as \x1b. In JSON, each line is one object.

    Exit status: 0 when at least one source could be read, 3 when none could,
    or when --timeout ended a search before anything was found.

    Examples:
      regops logs registry
      regops logs registry -f -s nginx
      regops logs registry --since 2h --level error --summary
      regops logs registry --since "yesterday 14:00" --until "yesterday 15:00"
      regops logs registry --status 5xx --repo "team/*" -n 50
      regops logs registry -n 100000 -s nginx/access.log --raw | goaccess -
    """
    services = ctx.ensure_object(Services)
    if raw and (output is Output.JSON or sys.stdout is None or sys.stdout.isatty()):  # pyright: ignore[reportUnnecessaryComparison]  closed
        raise ConfigurationError(
            "--raw is for a pipe or a file: on a terminal, a log could do as it likes",
            hint="leave --raw out, or pipe it",
        )
    if follow and until is not None:
        raise ConfigurationError("--follow and --until do not go together", hint="--until is about what is there")
    zone = UTC if utc else services.local_zone()
    first, end = log_span(since, until, now=datetime.fromtimestamp(services.clock.now(), UTC), zone=zone)
    wanted = log_filter(
        grep=grep, ignore_case=ignore_case, level=level, status=status, method=method, repo=repo, client=client
    )
    tally = LogTally()
    writer = services.log_writer(raw=raw, utc=utc, show_secrets=show_secrets, tally=tally)
    if via is Via.NSENTER and not list_:
        say("warning", _NSENTER_WARNING)
    window = LogWindow(_LINES if lines is None and first is None and end is None else lines, first, end)
    request = LogRequest(container, tuple(source or ()), window, wanted, via, raw, timeout)
    try:
        if list_:
            _list(services, request, writer, show_secrets=show_secrets)
        else:
            services.is_stream = True
            _show((follow_logs if follow else read_logs)(services, services.clock, request, tally), writer)
    except RegopsError as error:
        if not show_secrets:
            # It may quote the name of a file, or what somebody else has answered.
            error.message, error.hint = mask_secrets(error.message), mask_secrets(error.hint)
        raise
    finally:
        if summary and tally.sources:
            writer.summarise()


def _list(services: Services, request: LogRequest, writer: "LogWriter", *, show_secrets: bool) -> None:
    with open_files(services, request.container, request.via) as (files, notices):
        for notice in notices:
            writer.write(notice)
        configured = configured_logs(files)
        for notice in configured.problems:
            writer.write(notice)
        found = collect_sources(files, request.container, configured)
        services.emit(found if show_secrets else _masked(found))


def _show(events: Iterable[LogRecord | Notice | Looked], writer: "LogWriter") -> None:
    for event in events:
        if isinstance(event, Looked):
            writer.flush()
        else:
            writer.write(event)
    writer.flush()


def _masked(found: LogSources) -> LogSources:
    """Return sources whose names, links and problems tell no secret."""
    return replace(
        found,
        sources=tuple(
            replace(
                each,
                name=mask_secrets(each.name),
                path=mask_secrets(each.path),
                link_target=each.link_target and mask_secrets(each.link_target),
                problem=each.problem and mask_secrets(each.problem),
            )
            for each in found.sources
        ),
    )
