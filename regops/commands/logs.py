"""`regops logs`."""

import sys
from typing import Annotated

import typer

from regops.collectors.log_sources import collect_sources
from regops.collectors.logs import LogRequest, follow_logs, open_files, read_logs
from regops.errors import ConfigurationError
from regops.model.log_source import LogLine, Via
from regops.options import ContainerArgument, Output, OutputOption, TimeoutOption
from regops.wiring import Services

# Reading 16 MiB of a few logs takes milliseconds; through the engine, a gigabyte takes most of this.
_TIMEOUT_SECONDS = 30.0
_MOST_LINES = 1_000_000
_NSENTER_WARNING = (
    "warning: --via nsenter runs the container's own tail, with root on this machine but for what the container may "
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
            help="Only these sources, by name or glob; repeat it for more. `docker` is the container's own output.",
            show_default=False,
        ),
    ] = None,
    lines: Annotated[
        int,
        typer.Option(
            "--lines", "-n", envvar="REGOPS_LINES", min=0, max=_MOST_LINES, help="How many of the last lines."
        ),
    ] = 10,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines as they are written.")] = False,
    via: Annotated[
        Via,
        typer.Option(
            "--via",
            envvar="REGOPS_VIA",
            help="How to get at the files: files needs root here, engine does not, nsenter runs the container's tail.",
        ),
    ] = Via.AUTO,
    raw: Annotated[
        bool, typer.Option("--raw", help="The bytes of the lines and nothing else; not on a terminal.")
    ] = False,
    output: OutputOption = Output.TABLE,
    timeout: TimeoutOption = _TIMEOUT_SECONDS,
) -> None:
    r"""Show the nginx and supervisor logs of a registry's container.

    The sources are the files under /var/log/nginx and /var/log/supervisor,
    and `docker`, the container's own output. Without -s, every log that is
    written to now is shown: the last lines of each, with its name in front.

    As root on the engine's own host, regops reads the files itself: nothing
    of the container is run, and no link in it leads outside. Without root,
    on another host, or when the container is stopped, they come through the
    engine, which sends them whole; --via chooses.

    With --follow, rotated, truncated and new files and restarts of the
    container are followed, and said on stderr. Control characters are shown
    as \x1b, in pipes as well; --raw keeps the bytes, -o json escapes them
    and prints one object per line.

    Exit status: 0 when at least one source could be read, 3 when none could.

    Examples:
      regops logs registry
      regops logs registry --list
      regops logs registry -f -s 'nginx/*'
      regops logs registry -n 200 -s docker-registry.log
      regops logs registry -n 100000 -s access.log --raw | goaccess -
    """
    services = ctx.ensure_object(Services)
    if raw and (output is Output.JSON or sys.stdout is None or sys.stdout.isatty()):  # pyright: ignore[reportUnnecessaryComparison]  closed
        raise ConfigurationError(
            "--raw is for a pipe or a file: on a terminal, a log could do as it likes",
            hint="leave --raw out, or pipe it",
        )
    writer = services.line_writer(raw=raw)
    if list_:
        with open_files(services, container, via) as (files, notices):
            for notice in notices:
                writer.write(notice)
            services.emit(collect_sources(files, container))
    if via is Via.NSENTER:
        typer.echo(_NSENTER_WARNING, err=True)
    request = LogRequest(container, tuple(source or ()), lines, via, timeout)
    events = (follow_logs if follow else read_logs)(services, services.clock, request)
    for event in events:
        writer.write(event)
        if follow and isinstance(event, LogLine):
            writer.flush()
    writer.flush()
