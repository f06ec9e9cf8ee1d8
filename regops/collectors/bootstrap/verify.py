"""Whether tarballs are what they should be: against checksums, and the images in them layer by layer."""

import hashlib
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial

from regops.collectors.bootstrap.announced import announced
from regops.collectors.bootstrap.image_tarball import ImageChecker
from regops.collectors.bootstrap.next_command import next_command
from regops.collectors.bootstrap.patience import Patience
from regops.collectors.bootstrap.proof import Checker, Piece, pieces_of, proof_of
from regops.collectors.bootstrap.tarball_source import TarballSource
from regops.errors import Corrupted, Refused, RegopsError
from regops.model.answer import Target
from regops.model.tarball import Proof
from regops.model.verification import Verification, Verifications
from regops.ports import ObjectStore, Progress


@dataclass(frozen=True, slots=True)
class Subject:
    """Something to check: what it is called, and how it is opened."""

    name: str
    is_file: bool
    open: Callable[[], AbstractContextManager[TarballSource]]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a tarball has to agree with besides what its source knows: the pieces of an object, and a sha256."""

    name: str = ""
    swift_container: str = ""
    pieces: tuple[Piece, ...] = ()
    proof: Proof = Proof.NONE
    sha256: str = ""


def expected_of(store: ObjectStore, swift_container: str, name: str, patience: Patience) -> Expected:
    """Return what an object of Swift says of a file that should be the same.

    Raises Refused when it says nothing, and what the store raises.
    """
    stored = patience.ask(partial(announced, store, swift_container, name))
    pieces = patience.ask(partial(pieces_of, store, swift_container, stored))
    proof = proof_of(stored, pieces)[0]
    if proof is Proof.NONE:
        raise Refused(
            f"Swift has no checksum of the object {name} (a DLO): nothing tells whether a file is the same",
            hint=f"{next_command('download', swift_container, name)} fetches it, to compare the two byte by byte",
        )
    return Expected(name, swift_container, pieces, proof)


def verify(
    subjects: Sequence[Subject], expected: Expected, target: Target, *, look_inside: bool, progress: Progress
) -> Verifications:
    """Check some tarballs and return what came of each; look_inside wants an image in them.

    Of several, each may fail alone; the failure of a single one is raised.
    """
    results: list[Verification] = []
    for subject in subjects:
        try:
            results.append(_verify(subject, expected, look_inside=look_inside, progress=progress))
        except RegopsError as error:
            if len(subjects) == 1:
                raise
            results.append(
                Verification(
                    name=subject.name,
                    is_file=subject.is_file,
                    good=False,
                    kind=error.kind,
                    error=error.message,
                    hint=error.hint,
                    exit_code=error.exit_status,
                )
            )
    return Verifications(target, tuple(results))


@contextmanager
def _compared(name: str, expected: Expected, checker: Checker) -> Generator[None]:
    """Say of bytes that are another's that they differ."""
    try:
        yield
    except Corrupted as error:
        same = checker.good_bytes
        how = f", somewhere after the first {same} bytes" if same else ": the checksums disagree"
        raise _differs(name, expected, how) from error


def _differs(name: str, expected: Expected, how: str) -> Corrupted:
    """Return how a file differs from an object: which of the two is the damaged one, nobody knows here."""
    fetch = next_command("download", expected.swift_container, expected.name)
    put = next_command("upload", expected.swift_container, name, expected.name, option="--replace")
    return Corrupted(
        f"{name} differs from the object {expected.name}{how}",
        hint=f"{fetch} fetches the object, with --force over a file of its name; if the file is the better one, "
        f"{put} puts it there",
    )


def _check_size(name: str, size_bytes: int | None, expected: Expected) -> None:
    """Raise Corrupted for a file whose length alone tells that it is another."""
    sizes = [piece.size_bytes for piece in expected.pieces]
    wanted = sum(size for size in sizes if size is not None)
    if expected.pieces and None not in sizes and size_bytes is not None and size_bytes != wanted:
        raise _differs(name, expected, f": it has {size_bytes} bytes, and the object {wanted}")


def _verify(subject: Subject, expected: Expected, *, look_inside: bool, progress: Progress) -> Verification:
    with subject.open() as source, progress.transfer(subject.name, source.size_bytes) as advance:
        _check_size(subject.name, source.size_bytes, expected)
        if not look_inside and source.proof is Proof.NONE and not (expected.pieces or expected.sha256 or source.sha256):
            raise Refused(
                f"Swift has no checksum of {subject.name} (a DLO): --checksums-only leaves nothing to compare",
                hint="without it, the image inside is checked",
            )
        digest, size_bytes = hashlib.sha256(), 0
        image = ImageChecker(subject.name) if look_inside else None
        checker = Checker(subject.name, expected.pieces) if expected.pieces else None
        failure: RegopsError | None = None
        for chunk in source.chunks:
            size_bytes += len(chunk)
            advance(len(chunk))
            if checker is not None:
                with _compared(subject.name, expected, checker):
                    checker.update(chunk)
            if image is None or failure:
                digest.update(chunk)
                continue
            try:
                image.update(chunk)
            except RegopsError as error:
                # The rest is read all the same: where the checksum disagrees, that says more than a broken archive.
                failure = error
        if checker is not None:
            with _compared(subject.name, expected, checker):
                checker.finish()
        try:
            if failure is not None:
                raise failure
            contents = image.finish() if image else None
        except Corrupted as error:
            if source.proof in {Proof.MD5, Proof.SEGMENTS}:
                error.hint = "Swift has it as it was sent, so it was no better before: upload it anew, from a good copy"
            raise
    sha256 = contents.sha256 if contents else digest.hexdigest()
    wanted = expected.sha256 or source.sha256
    if wanted and wanted != sha256:
        where = "was given" if expected.sha256 else "was noted beside it"
        raise Corrupted(f"{subject.name} is not what it should be: its sha256 is {sha256}, and {wanted} {where}")
    return Verification(
        name=subject.name,
        is_file=subject.is_file,
        good=True,
        size_bytes=size_bytes,
        sha256=sha256,
        proof=expected.proof if expected.pieces else source.proof,
        sha256_agrees=True if wanted else None,
        sha256_given=bool(expected.sha256),
        contents=contents,
    )
