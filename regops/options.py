"""The arguments and options that commands share, each with its environment variable."""

import os
import re
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from regops.errors import ConfigurationError
from regops.secret import Secret, mask_url
from regops.settings import HttpOptions
from regops.wiring import Services

_TOKEN = re.compile(r"[\x21-\x7e]*")


class Output(StrEnum):
    """The forms every answer can take."""

    TABLE = "table"
    JSON = "json"


def note_output(ctx: typer.Context, value: StrEnum) -> StrEnum:
    """Tell Services the command and the chosen form early, so that a failure is told in it too."""
    services = ctx.find_object(Services)
    if services is not None:
        services.output = str(value)
        services.command = ctx.command_path.partition(" ")[2]
    return value


def note_target(ctx: typer.Context, **said: str) -> None:
    """Tell Services what is meant, by the names of model.answer.Target, so that a failure names it."""
    services = ctx.find_object(Services)
    if services is not None:
        services.target = replace(services.target, **said)


def note_url(ctx: typer.Context, value: str) -> str:
    """Tell Services which registry is meant."""
    note_target(ctx, url=mask_url(value))
    return value


def note_container(ctx: typer.Context, value: str) -> str:
    """Tell Services which container is meant."""
    note_target(ctx, container=value)
    return value


def complete_container(incomplete: str) -> list[str]:
    """Return the names of this engine's containers, for shell completion; [] where the engine does not answer."""
    from regops.wiring import container_names

    return [name for name in container_names(os.environ) if name.startswith(incomplete)]


def complete_image(incomplete: str) -> list[str]:
    """Return the references of this engine's images, for shell completion, as complete_container does."""
    from regops.wiring import image_references

    return [name for name in image_references(os.environ) if name.startswith(incomplete)]


def timeout_option(meaning: str) -> Any:
    """Return the option --timeout with what it bounds, in seconds; more than a day overflows clocks."""
    return typer.Option("--timeout", "-t", envvar="REGOPS_TIMEOUT", min=0.1, max=86400, metavar="SECONDS", help=meaning)


OutputOption = Annotated[
    Output,
    typer.Option("--output", "-o", envvar="REGOPS_OUTPUT", callback=note_output, help="A table for people, or JSON."),
]
UrlArgument = Annotated[
    str,
    typer.Argument(
        metavar="URL",
        envvar="REGOPS_URL",
        callback=note_url,
        help="The registry: https://registry.example:443, or host:port (https, then http on loopback).",
        show_default=False,
    ),
]
ContainerArgument = Annotated[
    str,
    typer.Argument(
        metavar="CONTAINER",
        envvar="REGOPS_CONTAINER",
        callback=note_container,
        help="The registry's container, by name or id.",
        autocompletion=complete_container,
        show_default=False,
    ),
]
TimeoutOption = Annotated[float, timeout_option("The deadline.")]
CacertOption = Annotated[
    Path | None,
    typer.Option(
        "--cacert",
        envvar="REGOPS_CACERT",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="Trust this CA bundle (PEM).",
    ),
]
CertOption = Annotated[
    Path | None,
    typer.Option(
        "--cert", envvar="REGOPS_CERT", metavar="FILE", exists=True, dir_okay=False, help="Client certificate (PEM)."
    ),
]
KeyOption = Annotated[
    Path | None,
    typer.Option(
        "--key", envvar="REGOPS_KEY", metavar="FILE", exists=True, dir_okay=False, help="Its private key (PEM)."
    ),
]
InsecureOption = Annotated[
    bool,
    typer.Option("--insecure", "-k", envvar="REGOPS_INSECURE", help="Accept any certificate, and say what was wrong."),
]
UserOption = Annotated[
    str | None,
    typer.Option(
        "--user", "-u", envvar="REGOPS_USER", metavar="NAME", help="User; the password is in REGOPS_PASSWORD."
    ),
]
PasswordStdinOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of standard input.")
]

AuthHostOption = Annotated[
    list[str] | None,
    typer.Option(
        "--auth-host",
        envvar="REGOPS_AUTH_HOST",
        metavar="HOST",
        help="A token server on another host that may see the credentials.",
    ),
]


def known_container(*urls: str | None) -> str:
    """Return the container that REGOPS_CONTAINER names when the one address is REGOPS_URL's, as a lab sets both."""
    asked, container = os.environ.get("REGOPS_URL"), os.environ.get("REGOPS_CONTAINER", "")
    return container if asked and urls == (asked,) else ""


def http_options(ctx: typer.Context) -> HttpOptions:
    """Return what a command's options and the environment (REGOPS_PASSWORD, REGOPS_TOKEN) say about asking a registry.

    The options are those of this module; --auth-host may be missing. Raises ConfigurationError when they do not fit
    together.
    """
    asked: dict[str, Any] = ctx.params
    cert, key, user, password_stdin = (asked[name] for name in ("cert", "key", "user", "password_stdin"))
    if key and not cert:
        raise ConfigurationError("--key needs --cert", hint="give the certificate that belongs to the key")
    if password_stdin and not user:
        raise ConfigurationError("--password-stdin needs --user", hint="give the name that belongs to the password")
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else os.environ.get("REGOPS_PASSWORD", "")
    # Secrets that come out of files often end in a newline.
    token = os.environ.get("REGOPS_TOKEN", "").strip()
    if not _TOKEN.fullmatch(token):
        raise ConfigurationError(
            "REGOPS_TOKEN holds a character that no token has: a blank, a newline, or one outside ASCII",
            hint="is it quoted, or two of them?",
        )
    if user and not password:
        raise ConfigurationError(
            f"no password for the user {user}",
            hint="set REGOPS_PASSWORD, or give it on standard input: --password-stdin",
        )
    return HttpOptions(
        timeout_seconds=asked["timeout"],
        cacert=asked["cacert"],
        cert=cert,
        key=key,
        insecure=asked["insecure"],
        username=user,
        password=Secret(password) if user else None,
        token=Secret(token) if token else None,
        auth_hosts=tuple(asked.get("auth_host") or ()),
    )
