"""Takes hints from the queue, asks the registry, writes to the index; again and again until the index has it."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import index_looks
from index_errors import IndexFailed, LookFailed
from index_hints import Hint, HintQueue

if TYPE_CHECKING:
    from index_store import IndexStore

_AT_ONCE = 50
_WAIT_SECONDS = 1.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 15.0
# From a notification to the look at it, and from a look that came too early to the next: as long as a store may take.
_SETTLE_SECONDS, _AGAIN_SECONDS = 0.3, (1.0, 3.0, 10.0, 30.0)
# A tag that the registry or the index fails at this often, while it is well with others, is given up.
_TRIES = 20
_ROOM_SECONDS = 300.0


class Writer:
    """Writes what the queue holds, in a thread of its own; say takes a line for the log."""

    def __init__(self, queue: HintQueue, store: "IndexStore", say: Callable[[str], None]) -> None:
        self._queue = queue
        self._store = store
        self._say = say
        self._stopped = threading.Event()
        self._failure = ""
        self._reindexing = threading.Lock()
        self._reindexed = ""

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._go_on, daemon=True).start()

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopped.set()

    def report(self) -> dict[str, object]:
        """Return how it goes: failure is what keeps the index from being complete, "" for nothing."""
        waiting, dropped = self._queue.counted()
        told = [self._failure and f"what was pushed and deleted is not written: {self._failure}"]
        if dropped:
            told.append(f"{dropped} changes were given up: `registry-reindex` inside the container finds them again")
        return {
            "failure": "; ".join(text for text in told if text),
            "waiting": waiting,
            "dropped": dropped,
            "reindexing": self._reindexing.locked(),
            "reindexed": self._reindexed,
        }

    def take(self, hints: list[Hint]) -> None:
        """Have what was told looked at; never waits."""
        due = time.monotonic() + _SETTLE_SECONDS
        if dropped := self._queue.put(replace(hint, due=due) for hint in hints):
            self._say(f"the queue is full: {dropped} of the oldest changes are given up")

    def reindex(self) -> bool:
        """Begin to look at all that the registry or the index has; return whether it was not under way already."""
        if not self._reindexing.acquire(blocking=False):
            return False
        threading.Thread(target=self._reindex, daemon=True).start()
        return True

    def _go_on(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._stopped.is_set():
            taken = self._queue.take(_AT_ONCE, _WAIT_SECONDS)
            if not taken:
                continue
            try:
                again, failure = self._work(taken)
            except IndexFailed as error:
                again, failure = taken, f"the index: {error}"
            except Exception as error:  # noqa: BLE001  whatever one batch does, the next one is another
                again, failure = taken, f"{type(error).__name__}: {error}"
            if dropped := self._queue.put_back(again):
                self._say(f"the queue is full: {dropped} of the oldest changes are given up")
            self._tell(failure)
            if failure:
                self._stopped.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            else:
                pause = _FIRST_PAUSE_SECONDS

    def _work(self, taken: list[Hint]) -> tuple[list[Hint], str]:
        """Do what can be done; return the hints to be done again, and what is wrong when none was done."""
        self._store.prepare()
        tags = {hint.key: hint for hint in taken if hint.tag}
        deleted = [hint for hint in taken if not hint.tag]
        for hint in deleted:
            for one in self._store.with_digest(hint.repository, hint.digest):
                tags.setdefault(one.key, one)
        if not tags:
            return [], ""
        # What the index knows first, then what is: so whatever is written over this meanwhile was seen later than it.
        known = self._store.known(tags.values())
        documents: list[dict[str, Any]] = []
        failed, again, reason = [], [], ""
        for hint in tags.values():
            try:
                documents.append(index_looks.look(hint, known.get(hint.key, {}).get("_source", {})))
            except LookFailed as error:
                failed.append(hint)
                reason = f"the registry: {error}"
        outcomes = self._store.write(documents, known) if documents else []
        done = outcomes.count("")
        for document, outcome in zip(documents, outcomes, strict=True):
            hint = tags[document["name"], document["tag"]]
            if outcome == "conflict":
                again.append(hint)
            elif outcome:
                failed.append(hint)
                reason = f"the index: {outcome}"
            elif not hint.is_found(document) and hint.early < len(_AGAIN_SECONDS):
                due = time.monotonic() + _AGAIN_SECONDS[hint.early]
                again.append(replace(hint, due=due, early=hint.early + 1))
        return [*again, *self._retried(failed, others_done=done > 0)], "" if done or again else reason

    def _retried(self, failed: list[Hint], *, others_done: bool) -> list[Hint]:
        if not others_done:
            return failed
        now = time.monotonic()
        counted = [replace(hint, failures=hint.failures + 1, due=now + hint.failures) for hint in failed]
        kept = [hint for hint in counted if hint.failures < _TRIES]
        if given_up := len(counted) - len(kept):
            self._queue.drop(given_up)
            self._say(f"{given_up} changes are given up after {_TRIES} tries")
        return kept

    def _tell(self, failure: str) -> None:
        if failure != self._failure:
            waiting, _ = self._queue.counted()
            self._say(f"{failure}; {waiting} changes wait" if failure else "the index takes what is written again")
        self._failure = failure

    def _reindex(self) -> None:
        dropped, found = self._queue.counted()[1], 0
        try:
            self._say("reindexing: looks at all tags of the registry, and at all that the index has")
            for hints in index_looks.all_tags():
                found += len(hints)
                self._feed(hints)
            self._store.prepare()
            last = None
            while page := self._store.after(last):
                self._feed(page)
                last = page[-1]
            self._wait_until_done()
            self._queue.forgive(dropped)
            self._reindexed = f"looked at {found} tags of the registry"
        except (LookFailed, IndexFailed) as error:
            self._reindexed = f"failed: {error}"
        except Exception as error:  # noqa: BLE001  told to whoever waits for it
            self._reindexed = f"failed: {type(error).__name__}: {error}"
        finally:
            self._reindexing.release()
        self._say(f"reindexing: {self._reindexed}")

    def _feed(self, hints: list[Hint]) -> None:
        for begin in range(0, len(hints), _AT_ONCE):
            some = hints[begin : begin + _AT_ONCE]
            if not self._queue.wait_for_room(len(some), _ROOM_SECONDS):
                raise IndexFailed(f"takes nothing for {_ROOM_SECONDS:g} s")
            self._queue.put_behind(replace(hint, swept=True) for hint in some)

    def _wait_until_done(self) -> None:
        ends = time.monotonic() + _ROOM_SECONDS
        while self._queue.is_sweeping():
            if time.monotonic() > ends:
                raise IndexFailed(f"is behind for {_ROOM_SECONDS:g} s")
            self._stopped.wait(0.1)
