"""Fetching objects into files that are whole and checked, or not there."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from regops.collectors.bootstrap import check_container, target_of
from regops.collectors.part_file import Folder, open_folder
from regops.collectors.proof import Checker, Piece, pieces_of, proof_of
from regops.errors import Corrupted, NotFound, Refused, RegopsError, UnexpectedAnswer
from regops.model.tarball import Download, Downloads, Outcome, StoredObject
from regops.ports import ObjectStore, Progress


def download(
    store: ObjectStore, swift_container: str, names: Iterable[str], folder: Path, *, force: bool, progress: Progress
) -> Downloads:
    """Fetch objects one after the other into a folder, and return what came of each.

    Of several, each may fail alone; the failure of a single one is raised. So is what concerns them all: no way into
    the store, no such container.
    """
    account, wanted = store.account, tuple(dict.fromkeys(names))
    results: list[Download] = []
    for name in wanted:
        try:
            results.append(_fetch(store, swift_container, name, folder, force=force, progress=progress))
        except RegopsError as error:
            if isinstance(error, NotFound):
                check_container(store, swift_container)
            if len(wanted) == 1:
                raise
            results.append(Download(name, Outcome.FAILED, kind=error.kind, error=error.message, hint=error.hint))
    return Downloads(target_of(account, swift_container), account, tuple(results))


def _fetch(
    store: ObjectStore, swift_container: str, name: str, folder: Path, *, force: bool, progress: Progress
) -> Download:
    with open_folder(folder, name) as place:
        stored = _announced(store, swift_container, name)
        pieces = pieces_of(store, swift_container, stored)
        proof, unproved_bytes = proof_of(stored, pieces)
        result = Download(
            name=name,
            outcome=Outcome.DOWNLOADED,
            path=str(place.path),
            size_bytes=stored.size_bytes,
            checksum=stored.etag,
            proof=proof,
            unproved_bytes=unproved_bytes,
        )
        if place.occupied():
            if _is_same(place, stored, pieces):
                return replace(result, outcome=Outcome.ALREADY_HERE)
            if not force:
                raise Refused(_in_the_way(place, pieces), hint="--force replaces it; --to names another folder")
        _transfer(store, swift_container, stored, pieces, place, progress)
    return result


def _announced(store: ObjectStore, swift_container: str, name: str) -> StoredObject:
    try:
        return store.head(swift_container, name)
    except NotFound as error:
        hint = f"`regops bootstrap list --container {swift_container}` shows what is there"
        raise NotFound(error.message, hint=hint) from error


def _transfer(
    store: ObjectStore,
    swift_container: str,
    stored: StoredObject,
    pieces: tuple[Piece, ...],
    place: Folder,
    progress: Progress,
) -> None:
    checker = Checker(stored.name, pieces)
    with place.part() as part:
        place.check_space(stored.size_bytes or 0)
        with store.open(swift_container, stored.name) as (arriving, chunks):
            if (arriving.etag, arriving.size_bytes) != (stored.etag, stored.size_bytes):
                raise UnexpectedAnswer(f"{stored.name} was replaced just now", hint="try again")
            with progress.transfer(stored.name, stored.size_bytes) as advance:
                for chunk in chunks:
                    checker.update(chunk)
                    part.write(chunk)
                    advance(len(chunk))
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
