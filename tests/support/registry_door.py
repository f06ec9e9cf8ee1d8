"""The real HTTP door, opened for a test."""

import time
from typing import Any

import pytest

from regops.adapters.registry.client import RegistryClient
from regops.adapters.registry.exchange import Exchange
from regops.errors import Phase
from regops.model.http import HttpFailure, HttpReply
from regops.settings import HttpOptions


def ask(url: str, path: str = "/v2/", *, connect: Any = None, **options: Any) -> HttpReply:
    """Ask once."""
    chosen = HttpOptions(**{"timeout_seconds": 60.0, **options})
    return RegistryClient(url, chosen, connect=connect).get(path)


def failure(url: str, path: str = "/v2/", **options: Any) -> HttpFailure:
    """Ask once, and return why no reply came."""
    try:
        reply = ask(url, path, **options)
    except HttpFailure as error:
        return error
    raise AssertionError(f"a reply came: {reply.status}")


def run_out_of_time(monkeypatch: pytest.MonkeyPatch, phase: Phase, where: str = "") -> None:
    """Let the time of exchanges with such an address end soon after they come to a phase.

    How long they take to get there is up to the machine.
    """
    remaining = Exchange.remaining

    def little(exchange: Exchange, now: Phase) -> float:
        if now is phase and where in str(exchange.url):
            exchange.deadline = min(exchange.deadline, time.monotonic() + 0.3)
        return remaining(exchange, now)

    monkeypatch.setattr(Exchange, "remaining", little)
