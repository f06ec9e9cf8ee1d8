"""Fetching objects into files that are whole and checked, or not there."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from regops.collectors.bootstrap.announced import announced
from regops.collectors.bootstrap.fetch import Fetch
from regops.collectors.bootstrap.listing import NoContainer, target_of
from regops.collectors.bootstrap.part import BLOCK_BYTES, Part
from regops.collectors.bootstrap.part_file import Folder, open_folder
from regops.collectors.bootstrap.part_note import Whole
from regops.collectors.bootstrap.patience import Patience, log_in
from regops.collectors.bootstrap.proof import Checker, Piece, pieces_of, proof_of
from regops.errors import Changed, Corrupted, Refused, RegopsError, Unavailable, Unreachable
from regops.model.size import size_words
from regops.model.tarball import Download, Downloads, Outcome, StoredObject
from regops.ports import Clock, ObjectStore, Progress

_CHECKED_BYTES = 1 << 20  # at once: less has threads wait for each other more than it gains
_LOOK_SECONDS = 0.2
_REPLACED_TRIES = 3


@dataclass(frozen=True, slots=True)
class Ways:
    """How to download.

    force replaces another file; retries are for tries in a row that brought nothing; connections is how many to open
    at the same time, where that helps.
    """

    force: bool
    retries: int
    connections: int
    clock: Clock
    progress: Progress


def download(store: ObjectStore, swift_container: str, names: Iterable[str], folder: Path, ways: Ways) -> Downloads:
    """Fetch objects one after the other into a folder, and return what came of each.

    Of several, each may fail alone; the failure of a single one is raised. So is what concerns them all: no way into
    the store, no such container.
    """
    account = log_in(store, Patience(ways.retries, ways.clock))
    wanted = tuple(dict.fromkeys(names))
    results: list[Download] = []
    for name in wanted:
        try:
            results.append(_fetch(store, swift_container, name, folder, ways))
        except RegopsError as error:
            if len(wanted) == 1 or isinstance(error, NoContainer):
                raise
            results.append(
                Download(
                    name,
                    Outcome.FAILED,
                    kind=error.kind,
                    error=error.message,
                    hint=error.hint,
                    exit_code=error.exit_status,
                )
            )
    return Downloads(target_of(account, swift_container), account, tuple(results))


def _fetch(store: ObjectStore, swift_container: str, name: str, folder: Path, ways: Ways) -> Download:
    with open_folder(folder, name) as place:
        tries, patience = 0, Patience(ways.retries, ways.clock)
        while True:
            try:
                stored = patience.ask(partial(announced, store, swift_container, name))
                pieces = patience.ask(partial(pieces_of, store, swift_container, stored))
                return _Transfer(store, swift_container, stored, pieces, place, ways, patience).run()
            except Changed:
                tries += 1
                if tries == _REPLACED_TRIES:
                    raise


class _Transfer:
    """One object on its way into one folder."""

    def __init__(
        self,
        store: ObjectStore,
        swift_container: str,
        stored: StoredObject,
        pieces: tuple[Piece, ...],
        place: Folder,
        ways: Ways,
        patience: Patience,
    ) -> None:
        self._store = store
        self._swift_container = swift_container
        self._stored = stored
        self._pieces = pieces
        self._place = place
        self._ways = ways
        self._patience = patience

    def run(self) -> Download:
        """Return what came of it. Raises Changed when the object was replaced meanwhile."""
        stored, place = self._stored, self._place
        proof, unproved_bytes = proof_of(stored, self._pieces)
        result = Download(
            name=stored.name,
            outcome=Outcome.DOWNLOADED,
            path=str(place.path),
            size_bytes=stored.size_bytes,
            checksum=stored.etag,
            proof=proof,
            unproved_bytes=unproved_bytes,
        )
        if self._is_here():
            return replace(result, outcome=Outcome.ALREADY_HERE)
        # Of an object without a checksum nobody can say whether a part belongs to it.
        known = stored.etag and stored.size_bytes is not None
        whole = Whole(self._swift_container, stored.name, stored.etag or "", stored.size_bytes or 0) if known else None
        in_blocks = self._ways.connections > 1 and stored.takes_ranges
        with place.part(whole, block_bytes=BLOCK_BYTES if in_blocks else stored.size_bytes or 1) as part:
            if self._is_here():  # while we waited for nobody: another process may have been faster
                part.discard()
                return replace(result, outcome=Outcome.ALREADY_HERE)
            if unproved_bytes:  # where a power cut left zeros, no checksum would tell
                part.drop(0, stored.size_bytes or 0)
                part.discard()
            self._fill(part, resumable=whole is not None)
            if not self._ways.force and self._is_here():  # what takes an hour leaves others the time to put it there
                part.discard()
                return replace(result, outcome=Outcome.ALREADY_HERE)
            part.keep()
        return replace(result, resumed_bytes=part.carried_bytes)

    def _is_here(self) -> bool:
        """Return whether the file is there and is the object. Raises Refused when another is in the way."""
        place = self._place
        if not place.occupied():
            return False
        if _is_same(place, self._stored, self._pieces):
            place.tidy()
            return True
        if not self._ways.force:
            raise Refused(_in_the_way(place, self._pieces), hint="--force replaces it; --to names another folder")
        return False

    def _fill(self, part: Part, *, resumable: bool) -> None:
        """Bring the part to its whole length, checked. Raises Corrupted, what it is worth cut out."""
        self._place.check_space((self._stored.size_bytes or 0) - part.size_bytes)
        try:
            self._fetch_and_check(part, resumable=resumable)
        except Corrupted:
            raise
        except BaseException as error:
            if resumable and part.size_bytes and not part.is_discarded:
                stays = f"the same command goes on after the {size_words(part.size_bytes)} that are here"
                if isinstance(error, RegopsError):
                    error.hint = stays
                elif isinstance(error, KeyboardInterrupt | SystemExit):
                    self._ways.progress.step(f"{self._stored.name}: {stays}")
            raise

    def _fetch_and_check(self, part: Part, *, resumable: bool) -> None:
        """Fetch what is missing, trying again as often as it may help."""
        stored, connections, shown = self._stored, self._ways.connections, 0
        checker = Checker(stored.name, self._pieces)
        with self._ways.progress.transfer(stored.name, stored.size_bytes) as advance:

            def show() -> None:
                nonlocal shown
                before, shown = shown, part.size_bytes
                advance(shown - before)

            while True:
                before = part.size_bytes
                try:
                    self._fetch(part, checker, show, connections=connections)
                except Corrupted:
                    # Every piece before the damaged one agreed. What an earlier run left may have rotted on the disk.
                    if not part.drop(checker.good_bytes, checker.total_bytes):
                        raise
                    checker = Checker(stored.name, self._pieces, good_bytes=checker.good_bytes)
                except (Unreachable, Unavailable) as error:
                    self._patience.wait(error, moved_bytes=part.size_bytes - before if resumable else 0)
                    connections = max(1, connections // 2)  # it may be more than they bear
                    if not resumable:
                        part.drop(0, part.size_bytes)
                        checker = Checker(stored.name, self._pieces)
                else:
                    return

    def _fetch(self, part: Part, checker: Checker, show: Callable[[], None], *, connections: int) -> None:
        """Fetch what is missing while it lasts, and check what is there. Raises Corrupted, whatever else went wrong."""
        stores = [self._store.sibling() for _ in range(min(connections, part.count_gaps()))]
        with Fetch(stores, self._swift_container, self._stored, part) as fetch:
            is_over = False
            while not is_over:
                with part.changed:
                    part.changed.wait_for(
                        lambda: fetch.is_over or part.gapless_bytes - checker.total_bytes >= _CHECKED_BYTES,
                        _LOOK_SECONDS,
                    )
                    is_over = fetch.is_over
                for chunk in part.contents(checker.total_bytes):
                    checker.update(chunk)
                show()
                part.settle(checker.total_bytes)
        fetch.check()
        checker.finish()


def _is_same(place: Folder, stored: StoredObject, pieces: tuple[Piece, ...]) -> bool:
    """Return whether the file that is there is the object, as far as that can be known."""
    if not all(piece.md5 for piece in pieces):
        return False
    checker = Checker(stored.name, pieces)
    try:
        for chunk in place.contents():
            checker.update(chunk)
        checker.finish()
    except Corrupted:
        return False
    return True


def _in_the_way(place: Folder, pieces: tuple[Piece, ...]) -> str:
    if all(piece.md5 for piece in pieces):
        return f"{place.path} is there already, and is not the same as the object"
    return f"{place.path} is there already, and nothing tells whether it is the same as the object"
