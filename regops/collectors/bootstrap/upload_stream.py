"""Uploading an image of the engine, whose bytes come in one stream: for another try it is saved again."""

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, takewhile

from regops.collectors.bootstrap.segments import EarlierSegment, earlier_segments, new_upload, segments_container
from regops.collectors.bootstrap.upload_end import PASSING
from regops.collectors.bootstrap.upload_manifest import join_segments, put_by, segment_name
from regops.collectors.bootstrap.upload_plan import Sent, Standing, UploadPlan
from regops.collectors.bootstrap.upload_source import UploadImage
from regops.errors import AuthenticationFailed, Changed, Corrupted, RegopsError
from regops.model.tarball import StoredSegment
from regops.ports import ObjectStore, Progress


def upload_stream(store: ObjectStore, plan: UploadPlan, source: UploadImage, progress: Progress) -> Standing:
    """Return what stands of an image. Raises as upload does.

    A small one goes in a segment, too: nobody knows the md5 of what is packed before its end, and what arrives wrong
    must not arrive under the name.
    """
    return _Stream(store, plan, source, progress).run()


class _Stream:
    """The segments of one image on their way.

    None of them is held in memory. To send one again, the image is saved and packed again, which gives the same bytes:
    those of the segments that are there are passed over, and their md5 shows that they are the same.
    """

    def __init__(self, store: ObjectStore, plan: UploadPlan, source: UploadImage, progress: Progress) -> None:
        self._store = store
        self._plan = plan
        self._source = source
        self._progress = progress
        self._place = segments_container(plan.swift_container)
        self._upload_name = new_upload(plan.name, plan.clock)
        self._segments: list[StoredSegment] = []
        self._earlier: list[EarlierSegment] = []
        self._resumed_bytes = 0

    def run(self) -> Standing:
        """Return what stands."""
        store, plan, source = self._store, self._plan, self._source
        plan.patience().ask(partial(store.make_container, self._place))
        listed = plan.patience().ask(partial(earlier_segments, store, plan.swift_container, plan.name))
        self._earlier = _longest(listed, plan.segment_bytes)
        try:
            sent = self._all_sent()
            sha256 = sent.sha256.hexdigest()
            stored, is_new = join_segments(store, plan, self._segments, source.tags, sha256)
        except BaseException as error:
            begun = [f"{self._upload_name}{index:08d}" for index in range(len(self._segments) + 1)]
            put_by(store, plan, self._segments, begun, error, self._progress)
            raise
        return Standing(
            stored,
            sha256=sha256,
            tags=source.tags,
            size_bytes=sent.size_bytes,
            is_new_container=is_new,
            upload_name=self._upload_name,
            segments=len(self._segments),
            resumed_bytes=self._resumed_bytes,
        )

    def _all_sent(self) -> Sent:
        patience, renewed, flipped = self._plan.patience(), False, -1
        while True:
            before, sent = len(self._segments), Sent()
            try:
                with self._progress.transfer(self._plan.name, None) as advance:
                    self._pass(sent, advance)
            except Changed:
                if not self._earlier:
                    raise
                self._earlier = []  # another image, or packed in another way: it was worth a look
            except Corrupted:
                if sent.failed or flipped == len(self._segments):
                    raise
                flipped = len(self._segments)  # a byte may flip on the way
            except PASSING as error:
                moved_bytes = sum(one.size_bytes for one in self._segments[before:])
                if not isinstance(error, AuthenticationFailed):
                    patience.wait(error, moved_bytes=moved_bytes)
                elif renewed and not moved_bytes:
                    raise
                renewed = isinstance(error, AuthenticationFailed)
            else:
                return sent

    def _pass(self, sent: Sent, advance: Callable[[int], None]) -> None:
        """Save the image once and bring what is missing. Raises Changed where it is not what it was."""
        for index, portion in enumerate(
            _portions(sent.counted(self._source.chunks(), advance), self._plan.segment_bytes)
        ):
            name = segment_name(self._plan, self._upload_name, index)
            if index < len(self._segments):
                self._pass_over(portion, self._segments[index])
            elif index < len(self._earlier):
                one = self._earlier[index]
                self._pass_over(portion, one)
                self._copy(one, name)
                self._segments.append(StoredSegment(self._place, name, one.size_bytes, one.md5))
                self._resumed_bytes += one.size_bytes
            else:
                stored = self._store.put(self._place, name, portion)
                self._segments.append(StoredSegment(self._place, name, stored.size_bytes or 0, stored.etag or ""))

    def _copy(self, one: EarlierSegment, name: str) -> None:
        """Have Swift copy a segment. Raises Changed where that does not work: it can be sent, after another saving."""
        try:
            md5 = self._store.copy(self._place, one.name, name)
        except RegopsError as error:
            raise Changed(error.message) from error
        if md5 != one.md5:
            raise Changed(f"{one.name} was replaced just now")

    def _pass_over(self, portion: Iterator[bytes], there: StoredSegment | EarlierSegment) -> None:
        digest, size_bytes = hashlib.md5(usedforsecurity=False), 0
        for chunk in portion:
            digest.update(chunk)
            size_bytes += len(chunk)
        if (digest.hexdigest(), size_bytes) != (there.md5, there.size_bytes):
            raise Changed(
                f"the engine saved {self._source.name} in another way than before, after segments of it were sent",
                hint="try again; or `docker save` it to a file, and upload that",
            )


def _longest(listed: tuple[EarlierSegment, ...], segment_bytes: int) -> list[EarlierSegment]:
    """Return the whole segments from the first on of that earlier upload which has most of them."""
    by_upload: dict[str, dict[int, EarlierSegment]] = {}
    for one in listed:
        if one.size_bytes == segment_bytes:
            by_upload.setdefault(one.upload, {})[one.index] = one
    longest: list[EarlierSegment] = []
    for row in by_upload.values():
        first = [row[index] for index in takewhile(row.__contains__, count())]
        longest = max(longest, first, key=len)
    return longest


def _portions(chunks: Iterator[bytes], size_bytes: int) -> Iterator[Iterator[bytes]]:
    """Yield a stream in portions of so many bytes, each to be read to its end before the next is asked for."""
    rest = next(chunks, b"")

    def portion() -> Iterator[bytes]:
        nonlocal rest
        left = size_bytes
        while rest and left:
            part, rest = rest[:left], rest[left:]
            left -= len(part)
            yield part
            if not rest:
                rest = next(chunks, b"")

    while rest:
        yield portion()
