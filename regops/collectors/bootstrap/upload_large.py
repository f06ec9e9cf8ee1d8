"""Uploading a large file: segments over several connections, checked beside it, joined when all of it is good."""

from collections.abc import Callable, Iterator
from functools import partial
from threading import Event, Lock

from regops.collectors.bootstrap.at_a_time import Stopped, at_a_time
from regops.collectors.bootstrap.segments import EarlierSegment, earlier_segments, new_upload, segments_container
from regops.collectors.bootstrap.upload_check import FileCheck
from regops.collectors.bootstrap.upload_end import PASSING
from regops.collectors.bootstrap.upload_manifest import join_segments, put_by, segment_name
from regops.collectors.bootstrap.upload_plan import Standing, UploadPlan
from regops.collectors.bootstrap.upload_source import UploadFile, changed
from regops.errors import AuthenticationFailed, Corrupted, RegopsError
from regops.model.image_tarball import ImageContents
from regops.model.tarball import StoredSegment
from regops.ports import ObjectStore, Progress


def upload_large(store: ObjectStore, plan: UploadPlan, source: UploadFile, progress: Progress) -> Standing:
    """Return what stands. Raises as upload does; then the next run goes on with the segments, or they are removed.

    The file is checked while it goes. That it is no image is found out late, but nobody sees segments: what is kept
    back until all is known is the manifest.
    """
    count = -(-source.size_bytes // plan.segment_bytes)
    upload_name = new_upload(plan.name, plan.clock)
    segment_name(plan, upload_name, count - 1)
    place = segments_container(plan.swift_container)
    plan.patience().ask(partial(store.make_container, place))
    earlier = plan.patience().ask(partial(earlier_segments, store, plan.swift_container, plan.name))
    transfer = _Transfer(store, plan, source, upload_name, earlier)
    try:
        contents = transfer.run(count, progress)
        stored, is_new = join_segments(store, plan, transfer.segments, contents.tags, contents.sha256)
    except BaseException as error:
        put_by(store, plan, transfer.segments, transfer.begun, error, progress)
        raise
    return Standing(
        stored,
        sha256=contents.sha256,
        tags=contents.tags,
        size_bytes=source.size_bytes,
        is_new_container=is_new,
        upload_name=upload_name,
        segments=count,
        resumed_bytes=transfer.resumed_bytes,
    )


class _Transfer:
    """The segments of one file on their way."""

    def __init__(
        self,
        store: ObjectStore,
        plan: UploadPlan,
        source: UploadFile,
        upload_name: str,
        earlier: tuple[EarlierSegment, ...],
    ) -> None:
        self._store = store
        self._plan = plan
        self._source = source
        self._upload_name = upload_name
        self._earlier = earlier
        self._advance: Callable[[int], None] = lambda _: None
        self._place = segments_container(plan.swift_container)
        self._there: dict[int, StoredSegment] = {}
        self._lock = Lock()
        self._stop = Event()
        self._check = FileCheck(source, plan.segment_bytes)
        self.resumed_bytes = 0
        self.begun: list[str] = []  # what may be there, though nobody came to know of it

    @property
    def segments(self) -> list[StoredSegment]:
        """Those that are there, in their order."""
        with self._lock:
            return [self._there[index] for index in sorted(self._there)]

    def run(self, count: int, progress: Progress) -> ImageContents:
        """Bring all segments there, and return what is in the file.

        Those that others may have brought already come last, for the md5 of these is needed first.
        """
        order = sorted(range(count), key=lambda index: bool(self._likely(index)))
        tasks = [partial(self._bring, index) for index in order]
        with progress.transfer(self._plan.name, self._source.size_bytes) as self._advance:
            at_a_time(tasks, self._plan.connections, self._stop, beside=partial(self._check.run, self._stop))
        return self._check.contents

    def _size(self, index: int) -> int:
        return min(self._plan.segment_bytes, self._source.size_bytes - index * self._plan.segment_bytes)

    def _likely(self, index: int) -> list[EarlierSegment]:
        return [one for one in self._earlier if one.index == index and one.size_bytes == self._size(index)]

    def _bring(self, index: int) -> None:
        size_bytes, name = self._size(index), segment_name(self._plan, self._upload_name, index)
        self.begun.append(name)
        resumed = self._copied(index, name)
        if not resumed:
            self._send(index, name, size_bytes)
        with self._lock:
            self._there[index] = StoredSegment(self._place, name, size_bytes, self._check.md5(index))
            self.resumed_bytes += size_bytes if resumed else 0
        if resumed:
            self._moved(size_bytes)

    def _copied(self, index: int, name: str) -> bool:
        """Have Swift copy a segment that another upload has brought, and return whether it is ours now."""
        for one in self._likely(index):
            if self._check.md5(index) == one.md5:
                try:
                    return self._store.copy(self._place, one.name, name) == one.md5
                except RegopsError:
                    continue  # gone meanwhile, or Swift does not copy: it can be sent
        return False

    def _send(self, index: int, name: str, size_bytes: int) -> None:
        patience, again = self._plan.patience(), True
        while True:
            sent = 0

            def counted() -> Iterator[bytes]:
                nonlocal sent
                for chunk in self._source.stretch(index * self._plan.segment_bytes, size_bytes):
                    if self._stop.is_set():
                        raise Stopped
                    yield chunk
                    sent += len(chunk)
                    self._moved(len(chunk))

            try:
                self._store.put(
                    self._place, name, counted(), md5=partial(self._check.md5, index), size_bytes=size_bytes
                )
            except (*PASSING, Corrupted) as error:
                self._moved(-sent)
                if self._stop.is_set():
                    raise Stopped from error
                if not isinstance(error, AuthenticationFailed | Corrupted):
                    patience.wait(error)
                elif again:  # a token that ended is replaced, and a byte may flip on the way
                    again = False
                else:
                    raise changed(self._source.name) if isinstance(error, Corrupted) else error from error
            else:
                return

    def _moved(self, count: int) -> None:
        with self._lock:
            self._advance(count)
