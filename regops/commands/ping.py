"""`regops ping`."""

from typing import Annotated

import typer

from regops.collectors.ping import OnPong, PingPlan, collect_ping
from regops.model.probe import Pong
from regops.options import (
    AuthHostOption,
    CacertOption,
    CertOption,
    InsecureOption,
    KeyOption,
    Output,
    OutputOption,
    PasswordStdinOption,
    TimeoutOption,
    UserOption,
    http_options,
    known_container,
)
from regops.wiring import Services


def ping(
    ctx: typer.Context,
    url: Annotated[
        list[str],
        typer.Argument(
            metavar="URL",
            envvar="REGOPS_URL",
            help="Registries: https://registry.example:5000, or host:port (https; on loopback http too).",
            show_default=False,
        ),
    ],
    count: Annotated[
        int | None,
        typer.Option("--count", "-c", envvar="REGOPS_COUNT", min=0, metavar="N", help="Ask N times; 0: until Ctrl-C."),
    ] = None,
    interval: Annotated[
        float,
        typer.Option(
            "--interval",
            "-i",
            envvar="REGOPS_INTERVAL",
            min=0.01,
            max=86400,
            metavar="SECONDS",
            help="Wait so long from one to the next.",
        ),
    ] = 1.0,
    quick: Annotated[
        bool, typer.Option("--quick", envvar="REGOPS_QUICK", help="Do not ask /_status, which writes to the storage.")
    ] = False,
    timeout: TimeoutOption = 10.0,
    cacert: CacertOption = None,
    cert: CertOption = None,
    key: KeyOption = None,
    insecure: InsecureOption = False,
    user: UserOption = None,
    password_stdin: PasswordStdinOption = False,
    auth_host: AuthHostOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Ask registries whether they are alive, all at once.

    regops asks /v2/ (where 401, asking for credentials, is alive), then / and
    /_ping, and says which generation, version and flavor answers; how long
    name look-up, connection, TLS and the first byte took; how its certificate
    is. When nothing answers, it says which part is down: the container, nginx,
    or the registry behind it. It looks at /_status once, and warns of what
    fails inside although the registry lives; --quick leaves that out.

    With --count it goes on like ping(8): a line for each answer, a summary at
    the end, on Ctrl-C too.

    Credentials come from --user with REGOPS_PASSWORD, from REGOPS_TOKEN, or
    from Docker's configuration file and credential helpers. They go to the
    registry you name, and never along a redirect to another place. Proxies
    are taken from HTTP_PROXY, HTTPS_PROXY and NO_PROXY.

    Exit status: 0 when every registry answered at least once, 1 when one did
    not; an interrupted ping ends by the same rule.

    Examples:
      regops ping https://registry.example:5000
      regops ping 127.0.0.1:5080 registry-a.example registry-b.example
      regops ping -c 10 -i 0.5 127.0.0.1:5080
      regops ping https://127.0.0.1:5443 --cacert ca.crt -o json
      pass registry | regops ping registry.example -u bob --password-stdin
    """
    services = ctx.ensure_object(Services)
    services.container = known_container(*url)
    options = http_options(ctx)
    registries = [services.registry(target, options) for target in dict.fromkeys(url)]
    plan = PingPlan(
        count=1 if count is None else count,
        interval_seconds=interval,
        timeout_seconds=timeout,
        look_inside=not quick,
    )
    services.emit(collect_ping(registries, services.clock, plan, _shower(plan, output)))


def _shower(plan: PingPlan, output: Output) -> OnPong:
    """Return what shows each answer as it comes; one question has no need of it, and JSON is one document."""
    if plan.count == 1 or output is not Output.TABLE:
        return lambda _url, _pong: None
    from regops.render.table.ping import pong_line

    def show(url: str, pong: Pong) -> None:
        typer.echo(pong_line(url, pong))

    return show
