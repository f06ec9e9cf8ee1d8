"""Filling a part over several connections at once."""

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from regops.collectors.bootstrap.announced import opened
from regops.collectors.bootstrap.part import Claim, Part
from regops.errors import Unavailable, Unreachable
from regops.model.tarball import StoredObject
from regops.ports import ObjectStore


class Fetch:
    """Threads, one for each store, that bring what a part of an object lacks; for use as a context manager.

    They end when nothing is missing, or when one of them fails: at a failure that may pass, the others still bring
    what they are at. Each end is told at the part's `changed`. A thread that hangs in a read when the context ends is
    left behind: it can write no more.
    """

    def __init__(self, stores: Sequence[ObjectStore], swift_container: str, stored: StoredObject, part: Part) -> None:
        self._stores = stores
        self._swift_container = swift_container
        self._stored = stored
        self._part = part
        self._failures: list[Exception] = []
        self._is_ending = False
        self._working = len(stores)

    def __enter__(self) -> Self:
        try:
            for store in self._stores:
                threading.Thread(target=self._work, args=(store,), name="fetch", daemon=True).start()
        except BaseException:  # an interrupt, or no more threads: those that run must not write to what is closed
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def is_over(self) -> bool:
        """Return whether nothing more will come."""
        return not self._working

    def check(self) -> None:
        """Raise what the first of them failed with, if one did."""
        if self._failures:
            raise self._failures[0]

    def _work(self, store: ObjectStore) -> None:
        try:
            while claim := self._claim():
                self._bring(store, claim)
        except Exception as error:  # noqa: BLE001  told to whoever waits for it
            self._failures.append(error)
            self._is_ending = True
            if not isinstance(error, Unreachable | Unavailable):
                self._end()
        with self._part.changed:
            self._working -= 1
            self._part.changed.notify_all()

    def _claim(self) -> Claim | None:
        with self._part.changed:
            return None if self._is_ending else self._part.claim()

    def _end(self) -> None:
        with self._part.changed:
            self._is_ending = True
            self._part.revoke()

    def _bring(self, store: ObjectStore, claim: Claim) -> None:
        part = self._part
        try:
            with opened(store, self._swift_container, self._stored, claim.start, claim.stop) as chunks:
                for chunk in chunks:
                    if not part.write(claim, chunk):
                        return
            if claim.stop is None:
                part.end_at(claim.start)
        finally:
            part.release(claim)
