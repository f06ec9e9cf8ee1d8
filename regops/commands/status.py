"""`regops status`."""

from dataclasses import replace
from typing import Annotated

import typer

from regops.collectors.status import collect_status
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
    UrlArgument,
    UserOption,
    http_options,
    known_container,
)
from regops.wiring import Services

_PATIENCE_SECONDS = 2.0


def status(
    ctx: typer.Context,
    url: UrlArgument,
    debug_url: Annotated[
        str | None,
        typer.Option(
            "--debug-url",
            envvar="REGOPS_DEBUG_URL",
            metavar="URL",
            help="Distribution's debug port, to ask its /debug/health as well.",
        ),
    ] = None,
    timeout: TimeoutOption = 40.0,
    cacert: CacertOption = None,
    cert: CertOption = None,
    key: KeyOption = None,
    insecure: InsecureOption = False,
    user: UserOption = None,
    password_stdin: PasswordStdinOption = False,
    auth_host: AuthHostOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Ask a registry how its parts are, and explain what it says.

    After a few quick questions, regops reads /_status: the registry's own
    trial of its storage (it writes, reads and deletes an object) and its
    redis. Whatever HTTP status that comes with, the report counts: an old
    registry without redis answers 503 with "redis: unconfigured" and is well.
    A registry with a dead Swift needs half a minute to say so, hence the long
    timeout; one that never says it has a storage or a redis that hangs.

    Distribution alone has no /_status: then /v2/ tells whether its own health
    check failed, and --debug-url asks which one.

    Exit status: 0 when all is well, 1 when a part is down, fails or hangs,
    3 when nothing could be asked.

    Examples:
      regops status 127.0.0.1:5080
      regops status https://registry.example -u bob -o json
      regops status https://registry.example --debug-url http://10.0.0.7:5001
    """
    services = ctx.ensure_object(Services)
    services.container = known_container(url)
    options = http_options(ctx)
    registry = services.registry(url, options)
    # The debug port asks for no credentials, and may be on another host: it gets none.
    nobody = replace(options, username=None, password=None, token=None)
    debug = services.registry(debug_url, nobody) if debug_url else None
    with services.progress() as progress:
        said: list[float] = []

        def on_wait(waited: float, allowed: float) -> None:
            if waited >= _PATIENCE_SECONDS and not said:
                said.append(waited)
                progress.step(f"/_status has not answered yet; waiting {allowed:.0f} s at most")
            progress.detail(f"waited {waited:.0f} s of {allowed:.0f} s; a dead Swift takes 31 s")

        answer = collect_status(registry, services.clock, timeout_seconds=timeout, debug=debug, on_wait=on_wait)
    services.emit(answer)
