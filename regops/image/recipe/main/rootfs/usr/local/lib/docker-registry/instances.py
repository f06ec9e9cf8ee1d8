"""Who else keeps images in this Swift container: each instance says so every few seconds, in an object of its own.

    docker-registry-instances/VARIANT/HOST-1f3a9c2e    VARIANT is main or dev; what is in it is for people

The engine keeps everything below `files/` and `segments/`, and never sees these. When one was written, and what time it
is, is Swift's to say: no clock of ours is asked. One that ended well takes its object along; one that did not is told
by an object that nobody writes any more, and is removed by whoever comes across it later.

A listing of Swift's may be late. This finds the mistake that people make, a development instance beside others; it is
no lock.
"""

import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from http_request import RequestFailed
from swift_client import SwiftClient

PREFIX = "docker-registry-instances/"
HEARTBEAT_SECONDS = 10.0
# Three heartbeats may fail before an instance is held to be gone.
FRESH_SECONDS = 35.0
# Whoever has not been heard of for that long is removed, so many at a time.
GONE_SECONDS = 600.0
_REMOVED_AT_ONCE = 20
_LISTED = 1000
# Swift's own broom, where it has one that runs.
_DELETE_AFTER = {"X-Delete-After": "86400", "Content-Type": "application/json"}
_NOT_FOUND = 404
_STRANGE = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True)
class Instance:
    """One that keeps images here: stamp is when it last said so, in Swift's words, age_seconds how long ago."""

    variant: str
    name: str
    stamp: str
    age_seconds: float

    def __str__(self) -> str:
        return f"the {self.variant} instance {_STRANGE.sub('?', self.name)[:80]}"


class Instances:
    """The instances of one Swift container, seen from one of them."""

    def __init__(self, client: SwiftClient, *, variant: str, name: str, flavor: str) -> None:
        self._client = client
        self._variant = variant
        self._name = name
        self._object = f"{PREFIX}{variant}/{name}"
        self._content = json.dumps({"instance": name, "variant": variant, "flavor": flavor}).encode()

    def announce(self, ends: float) -> None:
        """Say that this one is there. Makes the container when there is none, as the engine does at its start."""
        try:
            self._put(ends)
        except RequestFailed as error:
            if error.status != _NOT_FOUND:
                raise
            self._client.container("PUT", ends)
            self._put(ends)

    def leave(self, ends: float) -> None:
        """Say that this one is there no more."""
        try:
            self._client.object("DELETE", self._object, ends)
        except RequestFailed as error:
            if error.status != _NOT_FOUND:
                raise

    def others(self, ends: float) -> list[Instance]:
        """Return the others that were heard of lately; what is long gone is removed on the way."""
        query = f"format=json&limit={_LISTED}&prefix={quote(PREFIX)}"
        try:
            answer = self._client.container("GET", ends, query=query)
        except RequestFailed as error:
            if error.status == _NOT_FOUND:
                return []
            raise
        listed = _read(answer.body, answer.headers.get("Date", ""))
        for instance in [one for one in listed if one.age_seconds > GONE_SECONDS][:_REMOVED_AT_ONCE]:
            self._remove(instance, ends)
        return [one for one in listed if one.age_seconds <= FRESH_SECONDS and one.name != self._name]

    def unfit(self, ends: float) -> list[Instance]:
        """Return those of the others that this one must not run beside: of the two one keeps a cache."""
        return [one for one in self.others(ends) if "dev" in (self._variant, one.variant)]

    def _put(self, ends: float) -> None:
        self._client.object("PUT", self._object, ends, body=self._content, headers=_DELETE_AFTER)

    def _remove(self, instance: Instance, ends: float) -> None:
        with suppress(RequestFailed):  # somebody else did, or will
            self._client.object("DELETE", f"{PREFIX}{instance.variant}/{instance.name}", ends)


def find_unfit(
    instances: Instances, *, seconds: float, sleep: Callable[[float], None] = time.sleep, step_seconds: float = 1.0
) -> Instance | None:
    """Announce this instance unless one is there that it must not run beside, and return that one.

    One that was killed a moment ago left its object behind: so a suspect is watched for a heartbeat. Raises
    RequestFailed or TimeoutError when Swift does not answer within the seconds.
    """

    def ends() -> float:
        return time.monotonic() + seconds

    if alive := _watch(instances, ends, sleep, step_seconds, announced=False):
        return alive
    instances.announce(ends())
    # Two that start in the same moment see each other only now.
    if alive := _watch(instances, ends, sleep, step_seconds, announced=True):
        instances.leave(ends())
    return alive


def _watch(
    instances: Instances, ends: Callable[[], float], sleep: Callable[[float], None], step: float, *, announced: bool
) -> Instance | None:
    first = {one.name: one.stamp for one in instances.unfit(ends())}
    for _ in range(int((HEARTBEAT_SECONDS + 3) / step)):
        if not first:
            return None
        sleep(step)
        if announced:
            instances.announce(ends())
        found = instances.unfit(ends())
        renewed = [one for one in found if first.get(one.name) != one.stamp]
        if renewed:
            return renewed[0]
        first = {one.name: one.stamp for one in found}
    return None


def _read(body: bytes, date: str) -> list[Instance]:
    try:
        now = parsedate_to_datetime(date)
        entries = json.loads(body)
        found = []
        for entry in entries:
            variant, _, name = entry["name"].removeprefix(PREFIX).partition("/")
            written = datetime.fromisoformat(entry["last_modified"]).replace(tzinfo=UTC)
            found.append(Instance(variant, name, entry["last_modified"], (now - written).total_seconds()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RequestFailed("the container's listing is not one of Swift's") from error
    return found
