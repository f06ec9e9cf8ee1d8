"""`regops search`."""

from typing import Annotated

import typer

from regops.collectors.search import collect_search
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


def search(
    ctx: typer.Context,
    term: Annotated[
        str, typer.Argument(metavar="TERM", help="What occurs in the name; several words must all.", show_default=False)
    ],
    url: UrlArgument,
    limit: Annotated[
        int,
        typer.Option(
            "--limit", "-n", envvar="REGOPS_LIMIT", min=1, max=10000, metavar="N", help="Show at most so many."
        ),
    ] = 100,
    timeout: TimeoutOption = 20.0,
    cacert: CacertOption = None,
    cert: CertOption = None,
    key: KeyOption = None,
    insecure: InsecureOption = False,
    user: UserOption = None,
    password_stdin: PasswordStdinOption = False,
    auth_host: AuthHostOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Find repositories of a registry by a part of their name.

    regops asks the registry's own search, /v1/search. The image of this
    project answers it from its index, with the tags of each repository, and
    takes NAME:TAG for the repositories that have a tag beginning so; registry
    0.8 answers it, too.

    A registry that has no search is asked for its catalog, page by page, and
    regops looks for the term there; it says so. That takes long where there
    are many repositories, and tells no tags.

    Exit status: 0 when the registry answered, whether or not something was
    found; 3 when it could not be asked, or its index does not work.

    Examples:
      regops search app https://registry.example:5000
      regops search 'team/ api' registry.example -u bob
      regops search app:1. registry.example -n 500 -o json
    """
    services = ctx.ensure_object(Services)
    services.container = known_container(url)
    options = http_options(ctx)
    registry = services.registry(url, options)
    services.emit(collect_search(registry, services.clock, term, limit=limit, timeout_seconds=timeout))
