"""`regops nginx-status`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from regops.collectors.nginx_samples import take_samples
from regops.collectors.nginx_status import Doors, NginxPage
from regops.errors import ConfigurationError, ExitStatus, RegopsError
from regops.model.answer import Target
from regops.options import (
    CacertOption,
    CertOption,
    InsecureOption,
    KeyOption,
    PasswordStdinOption,
    TimeoutOption,
    UserOption,
    complete_container,
    http_options,
    known_container,
    note_output,
)
from regops.secret import mask_url
from regops.settings import HttpOptions
from regops.wiring import Services


class NginxOutput(StrEnum):
    """The forms this answer can take."""

    TABLE = "table"
    JSON = "json"
    PROMETHEUS = "prometheus"


def nginx_status(
    ctx: typer.Context,
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="URL",
            envvar="REGOPS_URL",
            help="The registry: https://registry.example:443, or host:port.",
            show_default=False,
        ),
    ] = None,
    container: Annotated[
        str | None,
        typer.Option(
            "--container",
            envvar="REGOPS_CONTAINER",
            metavar="NAME",
            autocompletion=complete_container,
            help="Ask inside this container: at once, or when URL answers 403.",
        ),
    ] = None,
    path: Annotated[
        str, typer.Option("--path", envvar="REGOPS_NGINX_PATH", metavar="PATH", help="Where nginx shows its status.")
    ] = "/nginx_status",
    watch: Annotated[
        float | None,
        typer.Option(
            "--watch",
            "-w",
            envvar="REGOPS_WATCH",
            min=0.1,
            max=86400,
            metavar="SECONDS",
            help="Ask again and again, with rates.",
        ),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option("--count", "-c", envvar="REGOPS_COUNT", min=1, metavar="N", help="End --watch after so many."),
    ] = None,
    output: Annotated[
        NginxOutput,
        typer.Option(
            "--output",
            "-o",
            envvar="REGOPS_OUTPUT",
            callback=note_output,
            help="A table for people, JSON (one object per line with --watch), or metrics.",
        ),
    ] = NginxOutput.TABLE,
    output_file: Annotated[
        Path | None,
        typer.Option(
            "--output-file",
            envvar="REGOPS_OUTPUT_FILE",
            metavar="FILE",
            dir_okay=False,
            help="Write the metrics to this file instead, whole or not at all.",
        ),
    ] = None,
    timeout: TimeoutOption = 10.0,
    cacert: CacertOption = None,
    cert: CertOption = None,
    key: KeyOption = None,
    insecure: InsecureOption = False,
    user: UserOption = None,
    password_stdin: PasswordStdinOption = False,
) -> None:
    """Show the connection counters of a registry's nginx (stub_status).

    dropped is accepts - handled; requests per connection is requests /
    handled. Waiting connections are idle ones that clients keep open. The
    question itself counts as one active and one writing connection.

    Most registries show this page to themselves only, and answer 403. regops
    then asks again from inside the container's network, which needs root on
    the container's own host, and says that it did.

    --output prometheus uses the metric names of nginx-prometheus-exporter,
    and nginx_connections_dropped_total; nginx_up is 0 when nginx cannot be
    asked. --output-file keeps such a file for node_exporter's textfile
    collector.

    Exit status: 0 when nginx answered (once at least, with --watch), 3 when
    it did not.

    Examples:
      regops nginx-status https://registry.example
      regops nginx-status --container registry
      regops nginx-status 127.0.0.1:5080 --watch 2
      regops nginx-status 127.0.0.1:5080 -w 1 -c 60 -o json > minute.jsonl
      regops nginx-status 127.0.0.1:5080 -o prometheus --output-file x.prom
    """
    services = ctx.ensure_object(Services)
    services.container = known_container(url)
    options = http_options(ctx)
    _check(ctx, watch, output, output_file)
    # Who copies the page's own address from elsewhere means that page.
    url = url.removesuffix(path) if url else None
    page = NginxPage(_doors(ctx, services, url, container, options), path, services.clock, timeout_seconds=timeout)
    if watch:
        _show_samples(services, page, watch, count)
    elif output is NginxOutput.PROMETHEUS:
        _show_metrics(services, page, output_file)
    else:
        services.emit(page.read())


def _check(ctx: typer.Context, watch: float | None, output: NginxOutput, output_file: Path | None) -> None:
    # A count from the environment or the configuration may be meant for other commands.
    if _is_typed(ctx, "count") and not watch:
        raise ConfigurationError("--count needs --watch", hint="--watch SECONDS says how often to ask")
    if output_file and output is not NginxOutput.PROMETHEUS:
        raise ConfigurationError("--output-file is for metrics", hint="add --output prometheus")
    if watch and output is NginxOutput.PROMETHEUS:
        raise ConfigurationError(
            "--watch computes rates, which Prometheus does itself", hint="let a timer run regops with --output-file"
        )


def _doors(
    ctx: typer.Context, services: Services, url: str | None, container: str | None, options: HttpOptions
) -> Doors:
    # What the command line says wins over what the environment or the configuration says about the other.
    typed = {name for name in ("url", "container") if _is_typed(ctx, name)}
    if len(typed) == 1:
        url, container = (url, None) if "url" in typed else (None, container)
    services.target = Target(url=url and mask_url(url), container=container)
    return Doors(
        outside=services.registry(url, options) if url else None,
        container=container,
        engine=services.engine,
        inside=lambda name, address: services.registry(address, options, connect=services.connect_inside(name)),
        is_own_address=services.is_own_address,
    )


def _is_typed(ctx: typer.Context, parameter: str) -> bool:
    source = ctx.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"


def _show_samples(services: Services, page: NginxPage, every_seconds: float, count: int | None) -> None:
    from regops.render.nginx_watch import sample_printer

    status = ExitStatus.UNKNOWN
    services.is_stream = True
    with sample_printer(output=services.output, color=services.color) as show:
        for sample in take_samples(page, services.clock, every_seconds=every_seconds, count=count):
            show(sample)
            status = ExitStatus.OK if sample.status else status
    raise typer.Exit(status)


def _show_metrics(services: Services, page: NginxPage, output_file: Path | None) -> None:
    from regops.render.prometheus import nginx_exposition

    def show(text: str) -> None:
        if output_file:
            services.replace_file(output_file, text)
        else:
            typer.echo(text, nl=False)

    try:
        found = page.read()
    except RegopsError:
        show(nginx_exposition(None))
        raise
    show(nginx_exposition(found))
