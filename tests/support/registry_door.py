"""The real HTTP door, opened for a test."""

from typing import Any

from regops.adapters.registry.client import RegistryClient
from regops.model.http import HttpFailure, HttpReply
from regops.settings import HttpOptions


def ask(url: str, path: str = "/v2/", *, connect: Any = None, **options: Any) -> HttpReply:
    """Ask once; the timeout is short unless options say otherwise."""
    chosen = HttpOptions(**{"timeout_seconds": 5.0, **options})
    return RegistryClient(url, chosen, connect=connect).get(path)


def failure(url: str, path: str = "/v2/", **options: Any) -> HttpFailure:
    """Ask once, and return why no reply came."""
    try:
        reply = ask(url, path, **options)
    except HttpFailure as error:
        return error
    raise AssertionError(f"a reply came: {reply.status}")
