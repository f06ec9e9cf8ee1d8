"""`regops enter`."""

from enum import StrEnum
from typing import Annotated

import typer

from regops.errors import ConfigurationError
from regops.options import ContainerArgument
from regops.render.messages import say
from regops.wiring import Services

_SHELLS = (("bash",), ("sh",))
_ANY_SHELL = ("sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash; exec sh")
_NSENTER_WARNING = (
    "--via nsenter runs the container's programs as this machine's root, in the container's namespaces, "
    "cgroups and capabilities, but without its seccomp filter; --via engine keeps that as well"
)


class Way(StrEnum):
    """How to get a program to run inside."""

    ENGINE = "engine"
    NSENTER = "nsenter"


def enter(
    ctx: typer.Context,
    container: ContainerArgument,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- COMMAND", help="What to run instead of a shell.", show_default=False),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(
            "--user",
            "-u",
            envvar="REGOPS_ENTER_USER",
            metavar="NAME",
            help="As this user of the container (engine only).",
        ),
    ] = None,
    via: Annotated[
        Way,
        typer.Option(
            "--via", envvar="REGOPS_ENTER_VIA", help="Let the engine run it, or enter all namespaces from here."
        ),
    ] = Way.ENGINE,
) -> None:
    """Open a shell inside a container, or run one command there.

    The engine runs it, as `docker exec -it` does: with the rights of the
    container's own programs and no more. A shell is bash, or sh where there
    is no bash; without a terminal, it reads commands from the pipe.

    --via nsenter enters the mount, uts, ipc, net, pid and cgroup namespaces
    from here instead, for when the engine cannot: it needs root on the
    engine's own host. The program then gets a terminal of its own, nothing
    of your environment or open files, and the container's capabilities.

    Exit status: that of the shell or command; 127 when the container has no
    such program, 126 when it cannot be run, 3 when nothing could be asked.

    Examples:
      regops enter registry
      regops enter registry -- nginx -T
      regops enter registry -u root -- supervisorctl status
      echo 'redis-cli info' | regops enter registry-dev
      regops enter registry --via nsenter
    """
    services = ctx.ensure_object(Services)
    wanted = tuple(command or ())
    if via is Way.ENGINE:
        status = services.engine().exec_shell(container, wanted or _ANY_SHELL, user=user)
    else:
        if user is not None:
            raise ConfigurationError("--user needs --via engine", hint="--via nsenter is always the container's root")
        say("warning", _NSENTER_WARNING)
        status = services.enter_namespaces(container, (wanted,) if wanted else _SHELLS)
    raise typer.Exit(status)
