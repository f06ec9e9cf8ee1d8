"""Whether bytes are an object's: checked piece by piece, against the checksums that Swift keeps."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from parsers.errors import ParseError
from parsers.slo_manifest import Segment, parse_slo_manifest, slo_etag
from regops.errors import Changed, Corrupted, NotFound, Refused, RegopsError, UnexpectedAnswer
from regops.model.tarball import ObjectKind, Proof, StoredObject
from regops.ports import ObjectStore

_MOST_PIECES = 100_000
_MOST_MANIFESTS = 1000  # each costs a question, and one of a single segment as much as one of a thousand
_DEEPEST = 10  # Swift itself follows no manifest further


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of an object with a checksum of its own.

    size_bytes is None for one without a known end, md5 for one that nothing vouches for.
    """

    name: str
    size_bytes: int | None
    md5: str | None


def pieces_of(store: ObjectStore, swift_container: str, stored: StoredObject) -> tuple[Piece, ...]:
    """Return the pieces of an object in order: itself if plain, every segment, nested ones too, of an SLO.

    Raises Changed when a manifest is not the one its ETag speaks of, and what the store raises.
    """
    if stored.kind is not ObjectKind.SLO:
        return (Piece(stored.name, stored.size_bytes, stored.etag),)
    pieces: list[Piece] = []
    for piece in _segments(store, swift_container, stored.name, stored.etag, _DEEPEST, count(1)):
        pieces.append(piece)
        if len(pieces) > _MOST_PIECES:
            raise Refused(f"{stored.name} has more than {_MOST_PIECES} segments, too many to check")
    if sum(piece.size_bytes or 0 for piece in pieces) != stored.size_bytes:
        raise UnexpectedAnswer(f"the segments of {stored.name} do not add up to its {stored.size_bytes} bytes")
    return tuple(pieces)


def proof_of(stored: StoredObject, pieces: tuple[Piece, ...]) -> tuple[Proof, int]:
    """Return what agreeing pieces prove, and how many bytes nothing vouches for."""
    unproved = sum(piece.size_bytes or 0 for piece in pieces if not piece.md5)
    if not any(piece.md5 for piece in pieces):
        return Proof.NONE, unproved
    if unproved:
        return Proof.PARTLY, unproved
    return (Proof.SEGMENTS if stored.kind is ObjectKind.SLO else Proof.MD5), 0


def manifest_of(store: ObjectStore, swift_container: str, name: str) -> tuple[Segment, ...]:
    """Return the segments of an SLO. Raises UnexpectedAnswer for what is no manifest, and what the store raises."""
    try:
        return parse_slo_manifest(store.manifest(swift_container, name), source=f"the manifest of {name}")
    except ParseError as error:
        raise UnexpectedAnswer(str(error)) from error


def broken_segment(store: ObjectStore, swift_container: str, stored: StoredObject) -> str:
    """Return which segment of an SLO is not what its manifest says, in words; the first one, if there are several."""
    try:
        start = 0
        for segment in manifest_of(store, swift_container, stored.name):
            if segment.container:
                try:
                    found = store.head(segment.container, segment.name).etag
                except NotFound:
                    return f"its segment {_path(segment)}, from byte {start} on, is not there"
                if found and found != segment.etag:
                    return f"its segment {_path(segment)}, from byte {start} on, is not the one in its manifest"
            start += segment.size_bytes
    except RegopsError:
        pass  # who may read an object may not always look at its segments
    return "one of its segments is not there, or is not the one in its manifest"


class Checker:
    """Takes the bytes of an object in any portions; raises Corrupted at the first piece that disagrees.

    It begins after good_bytes, which must be where a piece begins.
    """

    def __init__(self, name: str, pieces: tuple[Piece, ...], *, good_bytes: int = 0) -> None:
        self._name = name
        self._waiting = iter(pieces)
        self._total_bytes = 0
        self._piece: Piece | None = next(self._waiting, None)
        while self._piece is not None and self._total_bytes < good_bytes:
            self._total_bytes += self._piece.size_bytes or 0
            self._piece = next(self._waiting, None)
        self._digest = hashlib.md5(usedforsecurity=False)
        self._piece_bytes = 0
        self._end_piece_if_whole()

    @property
    def total_bytes(self) -> int:
        """How many bytes it has taken."""
        return self._total_bytes

    @property
    def good_bytes(self) -> int:
        """How many bytes belong to pieces that agreed; also where the one begins that is being taken, or disagreed."""
        return self._total_bytes - self._piece_bytes

    def update(self, chunk: bytes) -> None:
        """Take the next bytes."""
        view = memoryview(chunk)
        while view:
            if self._piece is None:
                raise Corrupted(f"{self._name} is longer than the {self._total_bytes} bytes that were announced")
            size = self._piece.size_bytes
            part = view if size is None else view[: size - self._piece_bytes]
            self._digest.update(part)
            self._piece_bytes += len(part)
            self._total_bytes += len(part)
            view = view[len(part) :]
            self._end_piece_if_whole()

    def finish(self) -> None:
        """Say that these were all bytes; raises Corrupted when some are missing."""
        if self._piece is not None and self._piece.size_bytes is None:
            self._end_piece(self._piece)
        if self._piece is not None:
            raise Corrupted(f"{self._name} ends after {self._total_bytes} bytes, in the middle of {self._piece.name}")

    def _end_piece_if_whole(self) -> None:
        while self._piece is not None and self._piece.size_bytes == self._piece_bytes:
            self._end_piece(self._piece)

    def _end_piece(self, piece: Piece) -> None:
        found = self._digest.hexdigest()
        if piece.md5 and found != piece.md5:
            start = self._total_bytes - self._piece_bytes
            which = "" if piece.name == self._name else f" in its segment {piece.name}, from byte {start} on,"
            raise Corrupted(
                f"{self._name} is damaged:{which} md5 {found} came where Swift announced {piece.md5}",
                hint="if it happens again, the object itself is damaged: upload it anew",
            )
        self._piece, self._piece_bytes = next(self._waiting, None), 0
        self._digest = hashlib.md5(usedforsecurity=False)


def _segments(
    store: ObjectStore, swift_container: str, name: str, etag: str | None, depth: int, manifests: Iterator[int]
) -> Iterator[Piece]:
    if not depth:
        raise Refused(f"the manifest {swift_container}/{name} is nested too deeply")
    if next(manifests) > _MOST_MANIFESTS:
        raise Refused(f"more than {_MOST_MANIFESTS} manifests are nested in one, the last of them {name}")
    segments = manifest_of(store, swift_container, name)
    if etag and slo_etag(segments) != etag:
        raise Changed(
            f"the manifest of {name} is not the one that was announced", hint="it may just be replaced: try again"
        )
    for segment in segments:
        # Of a segment of which only a range is used, the checksum says nothing.
        if segment.nested and not segment.first_last:
            yield from _segments(store, segment.container, segment.name, segment.etag, depth - 1, manifests)
        else:
            yield Piece(_path(segment), segment.size_bytes, None if segment.first_last else segment.etag)


def _path(segment: Segment) -> str:
    return f"{segment.container}/{segment.name}" if segment.container else "(inline)"
