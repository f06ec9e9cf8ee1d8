"""What the registry's notifications tell the index to look at, and the bounded queue it waits in. No I/O.

    {"events": [{"action": "push", "target": {"repository": "team/app", "tag": "1", "digest": "sha256:…"},
                 "timestamp": "2026-01-02T03:04:05.678901234Z"}]}

A notification is taken as a hint and no more: what is written to the index is what the registry itself says when it is
asked for that tag. So it does not matter in which order notifications of several instances come, how often, or
whether somebody made them up. The engine tells of a push before it writes the tag: so a tag that is not found as it was
told is looked at again, a few times.
"""

import itertools
import json
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

# distribution/reference: names have up to 255 characters, tags up to 128.
_REPOSITORY = re.compile(
    r"(?=.{1,255}\Z)[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,128}", re.ASCII)
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True)
class Hint:
    """One thing to look at: a tag, or with tag "" all tags of a repository that the index has under a digest.

    What was told: that digest was pushed as this tag, at pushed_at; or with deleted that the tag is gone; else nothing.
    due is when to look, on the monotonic clock; early counts the looks that did not find what was told, failures those
    that failed while others succeeded. swept marks one that comes from no notification, but from a look at everything.
    """

    repository: str
    tag: str
    digest: str = ""
    pushed_at: str = ""
    deleted: bool = False
    due: float = 0.0
    early: int = 0
    failures: int = 0
    swept: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What two hints at the same thing have in common."""
        return self.repository, self.tag or self.digest

    def is_found(self, document: dict[str, Any]) -> bool:
        """Return whether the index's document about a tag says what was told."""
        return document["gone"] if self.deleted else self.digest in ("", document.get("digest"))


def read_hints(body: bytes) -> list[Hint]:
    """Return what a notification tells; what is none, or tells of something that no registry has, is left out."""
    try:
        events = json.loads(body)["events"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
    if not isinstance(events, list):
        return []
    hints = [_hint(event) for event in events if isinstance(event, dict)]
    return [hint for hint in hints if hint is not None]


def hint_at(repository: Any, tag: Any) -> Hint | None:
    """Return the hint at a tag, None for names that no registry has."""
    return Hint(repository, tag) if _is(repository, _REPOSITORY) and _is(tag, _TAG) else None


def _hint(event: dict[str, Any]) -> Hint | None:
    target = event.get("target")
    if event.get("action") not in ("push", "delete") or not isinstance(target, dict):
        return None
    repository, tag, digest = (target.get(key) or "" for key in ("repository", "tag", "digest"))
    if not _is(repository, _REPOSITORY) or (digest and not _is(digest, _DIGEST)):
        return None
    if tag:
        pushed_at = event.get("timestamp") if event["action"] == "push" and digest else ""
        found = hint_at(repository, tag)
        pushed_at = pushed_at if _is(pushed_at, _TIMESTAMP) else ""
        deleted = event["action"] == "delete"
        return found and replace(found, digest="" if deleted else digest, pushed_at=pushed_at, deleted=deleted)
    # Without a tag: an image's part was pushed, which has no name to be found by; or an image was deleted.
    return Hint(repository, "", digest) if digest and event["action"] == "delete" else None


def _is(value: Any, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


class HintQueue:
    """Hints that wait, at most so many, each thing once; when it is full the oldest is dropped, and counted.

    What was taken still counts as waiting until it is put back, done or not.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: OrderedDict[tuple[str, str], Hint] = OrderedDict()
        self._taken: list[Hint] = []
        self._changed = threading.Condition()
        self._dropped = 0

    def put(self, hints: Iterable[Hint]) -> int:
        """Add hints at the end, a newer one in the place of an older, and return how many were dropped for that."""
        with self._changed:
            for hint in hints:
                self._waiting[hint.key] = hint
            return self._trim()

    def put_back(self, hints: Iterable[Hint]) -> int:
        """Add those of what was taken that are to be taken again. Return how many were dropped."""
        with self._changed:
            self._taken = []
            return self.put_behind(hints)

    def put_behind(self, hints: Iterable[Hint]) -> int:
        """Add hints that tell less than one that waits already. Return how many were dropped."""
        with self._changed:
            for hint in hints:
                self._waiting.setdefault(hint.key, hint)
            return self._trim()

    def take(self, most: int, seconds: float) -> list[Hint]:
        """Return the oldest ones that are due, [] when none is within the seconds."""
        ends = time.monotonic() + seconds
        with self._changed:
            while not (taken := self._due(most)):
                now = time.monotonic()
                following = min((hint.due for hint in self._waiting.values()), default=ends)
                if now >= ends:
                    break
                self._changed.wait(max(0.001, min(following, ends) - now))
            for hint in taken:
                del self._waiting[hint.key]
            self._taken = taken
            self._changed.notify_all()
            return taken

    def wait_for_room(self, room: int, seconds: float) -> bool:
        """Return whether there is room for so many; waits for it."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._waiting) + room <= self._limit, timeout=seconds)

    def counted(self) -> tuple[int, int]:
        """Return how many wait, and how many were dropped."""
        with self._changed:
            return len(self._waiting) + len(self._taken), self._dropped

    def is_sweeping(self) -> bool:
        """Return whether one waits that comes from a look at everything."""
        with self._changed:
            return any(hint.swept for hint in (*self._taken, *self._waiting.values()))

    def forgive(self, dropped: int) -> None:
        """Take from the count of what was dropped: all of it was looked at again since."""
        with self._changed:
            self._dropped -= dropped

    def drop(self, count: int) -> None:
        """Count what is given up elsewhere."""
        with self._changed:
            self._dropped += count

    def _due(self, most: int) -> list[Hint]:
        now = time.monotonic()
        return list(itertools.islice((hint for hint in self._waiting.values() if hint.due <= now), most))

    def _trim(self) -> int:
        dropped = max(0, len(self._waiting) - self._limit)
        for _ in range(dropped):
            self._waiting.popitem(last=False)
        self._dropped += dropped
        self._changed.notify_all()
        return dropped
