"""Says again and again that this instance is there, and looks who else is."""

import threading
import time
from typing import Any

from http_request import RequestFailed
from instances import HEARTBEAT_SECONDS, Instance, Instances
from status_checks import CheckFailed
from swift_client import SwiftClient
from swift_settings import swift_from

_SECONDS = 5.0
_LEAVE_SECONDS = 1.0


def instances_of(config: dict[str, Any]) -> Instances | None:
    """Return the instances of the Swift container that a configuration names; None where it names none."""
    if not config["swift"]:
        return None
    client = SwiftClient(swift_from(config["swift"]))
    variant = "dev" if config["redis"] else "main"
    return Instances(client, variant=variant, name=config["instance"], flavor=config["flavor"])


def neighbours_of(config: dict[str, Any]) -> "Neighbours | None":
    """Return what watches the Swift container that a configuration names; None where it names none."""
    instances = instances_of(config)
    return Neighbours(instances, has_cache=bool(config["redis"])) if instances else None


class Neighbours:
    """Announces this instance again and again, and keeps in mind whom it saw that it must not run beside."""

    def __init__(self, instances: Instances, *, has_cache: bool) -> None:
        self._instances = instances
        self._has_cache = has_cache
        self._unfit: list[Instance] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End, and take the announcement back."""
        self._stopped.set()
        self._thread.join(timeout=_LEAVE_SECONDS)
        try:
            self._instances.leave(time.monotonic() + _LEAVE_SECONDS)
        except (RequestFailed, TimeoutError) as error:
            print(f"instances: {error or 'no answer'}", flush=True)

    def check(self, ends: float) -> None:
        """Raise CheckFailed when this instance's cache cannot be trusted, for somebody else writes there."""
        del ends
        if self._has_cache and self._unfit:
            raise CheckFailed(f"{self._unfit[0]} keeps its images in the same Swift container: this cache goes stale")

    def _go_on(self) -> None:
        told = ""
        while not self._stopped.is_set():
            try:
                self._instances.announce(time.monotonic() + _SECONDS)
                self._unfit = self._instances.unfit(time.monotonic() + _SECONDS)
                found = ", ".join(f"{one} keeps its images in the same Swift container" for one in self._unfit)
            except (RequestFailed, TimeoutError) as error:
                found = str(error) or "no answer in time"
            if found != told:
                print(f"instances: {found or 'well again'}", flush=True)
                told = found
            self._stopped.wait(HEARTBEAT_SECONDS)
