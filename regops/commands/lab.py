"""`regops lab`: a registry to practise on."""

import os
import re
import shlex
from typing import Annotated

import typer

from regops.errors import RegopsError
from regops.image.store import Store, cache_folder
from regops.lab.containers import swift_environment
from regops.lab.describe import DEFAULT_NAME, describe
from regops.lab.down import down
from regops.lab.place import state_folder
from regops.lab.tools import Tools, Wanted
from regops.lab.up import up
from regops.model.lab import Variant
from regops.options import Output, OutputOption
from regops.ports import Progress
from regops.settings import HttpOptions
from regops.wiring import Services

_STORE_SECONDS = 60.0
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def _checked_name(value: str) -> str:
    # It becomes a host name too: what Docker allows beyond that would make addresses that some clients refuse.
    if not _NAME.fullmatch(value):
        raise typer.BadParameter("small letters, digits and hyphens, at most 40 of them")
    return value


NameOption = Annotated[
    str,
    typer.Option(
        "--name",
        "-n",
        envvar="REGOPS_LAB",
        metavar="NAME",
        callback=_checked_name,
        help="Which lab, where there are several.",
    ),
]

app = typer.Typer(no_args_is_help=True)


@app.callback()
def lab() -> None:
    """Run a throw-away registry on this machine's Docker engine, to practise on.

    A real one: supervisord, nginx, the registry, its status service and log
    rotation in one container, and a real Swift beside it. Its ports are
    published on 127.0.0.1 only.
    """


@app.command("up")
def up_(
    ctx: typer.Context,
    name: NameOption = DEFAULT_NAME,
    variant: Annotated[
        Variant, typer.Option("--variant", envvar="REGOPS_LAB_VARIANT", help="main, or dev with a redis as its cache.")
    ] = Variant.MAIN,
    swift: Annotated[
        bool,
        typer.Option(
            "--swift/--no-swift",
            envvar="REGOPS_LAB_SWIFT",
            help="Keep layers in a Swift of the lab's own, or in files.",
        ),
    ] = True,
    http_port: Annotated[
        int,
        typer.Option(
            "--http-port",
            envvar="REGOPS_LAB_HTTP_PORT",
            help="On 127.0.0.1; 0 takes a free one.",
            min=0,
            max=65535,
            metavar="PORT",
        ),
    ] = 5080,
    https_port: Annotated[
        int,
        typer.Option(
            "--https-port", envvar="REGOPS_LAB_HTTPS_PORT", help="The same, with TLS.", min=0, max=65535, metavar="PORT"
        ),
    ] = 5443,
    swift_port: Annotated[
        int,
        typer.Option(
            "--swift-port",
            envvar="REGOPS_LAB_SWIFT_PORT",
            help="The same, for Swift.",
            min=0,
            max=65535,
            metavar="PORT",
        ),
    ] = 5081,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build the images anew, with today's packages.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Build, start and fill the lab; say where it answers.

    The first time takes about a minute: the images are built from the
    distribution's packages, as `regops image build` does it, or in a
    container of debian:bookworm-slim where mmdebstrap cannot work. After
    that it takes seconds, and does only what is missing. What was stored
    stays until `lab down --purge`.

    Exit status: 0 when the lab is ready; 1 when a build or a start failed;
    3 when there is no engine, or the name belongs to another container.

    Examples:
      regops lab up
      regops lab up --variant dev
      regops lab up --no-swift --name second --http-port 0 --https-port 0
      regops lab up -o json | jq -r .data.registry.http_url
    """
    chosen = [port for port in (http_port, https_port, swift_port * swift) if port]
    if len(set(chosen)) < len(chosen):
        raise typer.BadParameter("two of its ports are the same")
    services = ctx.ensure_object(Services)
    wanted = Wanted(
        name=name,
        variant=variant,
        swift=swift,
        http_port=http_port,
        https_port=https_port,
        swift_port=swift_port,
        rebuild=rebuild,
    )
    with services.progress() as progress:
        answer = up(_tools(services, progress), wanted)
    services.emit(answer)


@app.command("down")
def down_(
    ctx: typer.Context,
    name: NameOption = DEFAULT_NAME,
    purge: Annotated[
        bool, typer.Option("--purge", help="Remove what was stored, and images that no other lab needs.")
    ] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Stop and remove the lab's containers and network.

    What was stored, and the images, stay for the next time unless --purge
    is given; images stay in any case while there is another lab.

    Exit status: 0 when the lab is down, also when there was none; 3 when
    there is none to purge, or no engine.

    Examples:
      regops lab down
      regops lab down --name second --purge
    """
    services = ctx.ensure_object(Services)
    with services.progress() as progress:
        answer = down(_tools(services, progress), name, purge=purge)
    services.emit(answer)


@app.command("status")
def status_(ctx: typer.Context, name: NameOption = DEFAULT_NAME, output: OutputOption = Output.TABLE) -> None:
    """Show the lab's containers, where they answer, and whether they are well.

    Exit status: 0 when all is well; 1 when something is not; 3 when there
    is no such lab, or no engine.

    Examples:
      regops lab status
      regops lab status -o json
    """
    services = ctx.ensure_object(Services)
    with services.progress() as progress:
        answer = describe(_tools(services, progress), name)
    services.emit(answer)


@app.command("env")
def env(ctx: typer.Context, name: NameOption = DEFAULT_NAME) -> None:
    """Print the environment that points regops, and Swift's own client, at the lab.

    The Swift password in it is the same for every lab and known to all.
    Without a lab it prints `false`, so that the eval fails as this does.

    Exit status: 0 when there is such a lab; 3 when there is none, or no
    engine.

    Examples:
      eval "$(regops lab env)"
      eval "$(regops lab env --name second)" && regops ping
    """
    services = ctx.ensure_object(Services)
    try:
        with services.progress() as progress:
            found = describe(_tools(services, progress), name)
    except RegopsError:
        typer.echo("false")
        raise
    for variable, text in found.environment.items():
        typer.echo(f"export {variable}={shlex.quote(text)}")


def _tools(services: Services, progress: Progress) -> Tools:
    return Tools(
        engine=services.engine(),
        installer=services.installer(),
        images=Store(cache_folder(os.environ)),
        registry=lambda url: services.registry(url, HttpOptions()),
        store=lambda url: services.object_store(timeout_seconds=_STORE_SECONDS, environ=swift_environment(url)),
        clock=services.clock,
        progress=progress,
        folder=state_folder(os.environ),
    )
