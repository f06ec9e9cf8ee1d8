"""`regops ps`."""

from typing import Annotated

import typer

from regops.collectors.instances import collect_instances
from regops.options import Output, OutputOption, TimeoutOption
from regops.wiring import Services


def ps(
    ctx: typer.Context,
    everything: Annotated[
        bool,
        typer.Option("--all", "-a", envvar="REGOPS_ALL", help="Show every container, and why it is a registry or not."),
    ] = False,
    output: OutputOption = Output.TABLE,
    timeout: TimeoutOption = 10.0,
) -> None:
    """List the registry containers of this Docker engine, and how they are.

    A container counts as a registry by the word "registry" in its image's
    name, by a variable that only registries read (SETTINGS_FLAVOR,
    REGISTRY_STORAGE_*), or by two of: the word in its own name, a Swift
    container in its environment, a port such as 5000 or 8080. Its label
    regops.registry=true or =false overrules that.

    The engine is the one that the docker command would ask: DOCKER_HOST,
    DOCKER_CONTEXT, or Docker's configuration. No secret is shown.

    Exit status: 0 when all registries run well, or there are none; 1 when
    one does not; 3 when the engine does not answer.

    Examples:
      regops ps
      regops ps --all
      regops ps -o json | jq -r '.data.instances[].name'
      DOCKER_HOST=ssh://registry-host regops ps
    """
    services = ctx.ensure_object(Services)
    services.emit(collect_instances(services.engine(), services.clock, everything=everything, timeout_seconds=timeout))
