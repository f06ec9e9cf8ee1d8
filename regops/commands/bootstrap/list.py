"""`regops bootstrap list`: what a Swift container holds."""

from typing import Annotated

import typer

from regops.collectors.bootstrap.listing import collect_tarballs
from regops.commands.bootstrap.shared import (
    CONTAINER,
    InsecureOption,
    OsCacertOption,
    OsCloudOption,
    SwiftContainerOption,
)
from regops.options import Output, OutputOption, timeout_option
from regops.wiring import Services


def list_(
    ctx: typer.Context,
    swift_container: SwiftContainerOption = CONTAINER,
    os_cloud: OsCloudOption = None,
    os_cacert: OsCacertOption = None,
    insecure: InsecureOption = False,
    tags: Annotated[
        bool | None,
        typer.Option(
            "--tags/--no-tags",
            envvar="REGOPS_TAGS",
            help="Ask for the image tags in each tarball, one question each.",
            show_default="where there are at most 30",
        ),
    ] = None,
    output: OutputOption = Output.TABLE,
    timeout: Annotated[float, timeout_option("The deadline of the whole listing.")] = 30.0,
) -> None:
    """List the tarballs in Swift: sizes, dates, kinds, checksums, image tags.

    They lie in the Swift container docker-registry.bootstrap, unless
    --container names another.

    Kind plain is one object, checked by its md5; slo is a large one in
    segments, each with a checksum of its own; dlo is a large one that nothing
    vouches for.

    The tags are those that `upload` noted beside a tarball. A listing does not
    tell them, so each object is asked for, if they are few or with --tags.

    Credentials come from the environment, as OpenStack's clients take them:
    OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME and so on for
    Keystone (v2.0 and v3), OS_AUTH_TOKEN (or OS_TOKEN) with OS_STORAGE_URL
    for a token, ST_AUTH, ST_USER and ST_KEY for version 1. Where Keystone's
    and version 1's are both set, Keystone's are used, unless
    ST_AUTH_VERSION=1.
    OS_REGION_NAME and OS_INTERFACE are honoured, OS_CACERT and OS_INSECURE
    too, but --os-cacert and --insecure come first.

    Or --os-cloud (OS_CLOUD) names a cloud of clouds.yaml, which is looked for
    in this folder, ~/.config/openstack and /etc/openstack, or is the file
    that OS_CLIENT_CONFIG_FILE names; secure.yaml beside it may hold the
    secrets. OS_PASSWORD fills in a password that both leave out;
    OS_REGION_NAME and OS_INTERFACE come before the cloud's own.

    Exit status: 0 when the container could be listed, 2 when a variable is
    missing, 3 when the store could not be asked.

    Examples:
      . openrc.sh; regops bootstrap list
      regops bootstrap list --container registry-images -o json
      regops bootstrap list --os-cloud prod
      export ST_AUTH=http://127.0.0.1:5081/auth/v1.0 ST_USER=lab:operator
      export ST_KEY=practice; regops bootstrap list
    """
    services = ctx.ensure_object(Services)
    store = services.object_store(timeout_seconds=timeout)
    services.emit(collect_tarballs(store, swift_container, services.clock, timeout_seconds=timeout, look=tags))
