"""Fetching objects into files that are whole and checked, or not there."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from regops.collectors.bootstrap.listing import check_container, target_of
from regops.collectors.bootstrap.part_file import Folder, Part, Whole, open_folder
from regops.collectors.bootstrap.patience import Patience
from regops.collectors.bootstrap.proof import Checker, Piece, checked_beside, pieces_of, proof_of
from regops.errors import Changed, Corrupted, NotFound, Refused, RegopsError, Unavailable, Unreachable
from regops.model.tarball import Download, Downloads, Outcome, StoredObject
from regops.ports import Clock, ObjectStore, Progress

_REPLACED_TRIES = 3


@dataclass(frozen=True, slots=True)
class Ways:
    """How to download: force replaces another file; retries are for tries in a row that brought nothing."""

    force: bool
    retries: int
    clock: Clock
    progress: Progress


def download(store: ObjectStore, swift_container: str, names: Iterable[str], folder: Path, ways: Ways) -> Downloads:
    """Fetch objects one after the other into a folder, and return what came of each.

    Of several, each may fail alone; the failure of a single one is raised. So is what concerns them all: no way into
    the store, no such container.
    """
    account, wanted = store.account, tuple(dict.fromkeys(names))
    results: list[Download] = []
    for name in wanted:
        try:
            results.append(_fetch(store, swift_container, name, folder, ways))
        except RegopsError as error:
            if isinstance(error, NotFound):
                check_container(store, swift_container)
            if len(wanted) == 1:
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


def announced(store: ObjectStore, swift_container: str, name: str) -> StoredObject:
    """Return what the store says of an object. Raises NotFound with where to look, and what the store raises."""
    try:
        return store.head(swift_container, name)
    except NotFound as error:
        hint = f"`regops bootstrap list --container {swift_container}` shows what is there"
        raise NotFound(error.message, hint=hint) from error


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
        with place.part(whole) as part:
            if self._is_here():  # while we waited for nobody: another process may have been faster
                part.discard()
                return replace(result, outcome=Outcome.ALREADY_HERE)
            resumed_bytes = self._fill(part, resumable=whole is not None)
            part.keep()
        return replace(result, resumed_bytes=resumed_bytes)

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

    def _fill(self, part: Part, *, resumable: bool) -> int:
        """Bring the part to its whole length, checked, and return how much of it an earlier run had brought."""
        checker = self._taken_over(part)
        resumed_bytes = part.size_bytes
        self._place.check_space((self._stored.size_bytes or 0) - resumed_bytes)
        try:
            self._fetch_rest(part, checker, resumable=resumable)
        except Corrupted:
            if len(self._pieces) == 1 and resumed_bytes:
                part.cut(0)  # the fault may lie in what was on the disk
                self._fetch_rest(part, Checker(self._stored.name, self._pieces), resumable=resumable)
                return 0
            raise
        except RegopsError as error:
            if resumable and part.size_bytes and not part.is_discarded:
                error.hint = f"the same command goes on after the {part.size_bytes} bytes that are here"
            raise
        return resumed_bytes

    def _taken_over(self, part: Part) -> Checker:
        """Return a checker that has seen what an earlier run left, which is cut where it disagrees."""
        checker = Checker(self._stored.name, self._pieces)
        try:
            for chunk in part.contents():
                checker.update(chunk)
        except Corrupted:
            part.cut(checker.good_bytes)
            return Checker(self._stored.name, self._pieces, good_bytes=checker.good_bytes)
        return checker

    def _fetch_rest(self, part: Part, checker: Checker, *, resumable: bool) -> None:
        """Fetch what is missing, trying again as often as it may help. Raises Corrupted, what it is worth cut off."""
        size_bytes = self._stored.size_bytes
        with self._ways.progress.transfer(self._stored.name, size_bytes) as advance:
            advance(part.size_bytes)
            while part.size_bytes != size_bytes or not size_bytes:
                before = part.size_bytes
                try:
                    self._pour(part, checker, advance)
                    break
                except (Unreachable, Unavailable) as error:
                    self._patience.wait(error, moved_bytes=part.size_bytes - before if resumable else 0)
                except Corrupted:
                    # Every segment before the damaged one was checked.
                    part.cut(min(part.size_bytes, checker.good_bytes))
                    raise
                if not resumable:
                    advance(-part.size_bytes)
                    part.cut(0)
                    checker = Checker(self._stored.name, self._pieces)
            checker.finish()

    def _pour(self, part: Part, checker: Checker, advance: Callable[[int], None]) -> None:
        """Append what the store sends, and check it. Raises Corrupted, whatever else went wrong."""
        stored = self._stored
        with self._store.open(self._swift_container, stored.name, start=part.size_bytes, etag=stored.etag) as found:
            arriving, chunks = found
            if (arriving.etag, arriving.size_bytes) != (stored.etag, stored.size_bytes):
                raise Changed(f"{stored.name} was replaced just now", hint="try again")
            with checked_beside(checker) as check:
                for chunk in chunks:
                    check(chunk)
                    part.write(chunk)
                    advance(len(chunk))


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
