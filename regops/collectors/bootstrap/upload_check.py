"""Checking a file while its segments are on their way: is it an image, and what is the md5 of each segment."""

import hashlib
from concurrent.futures import Future
from pathlib import Path
from threading import Event

from regops.collectors.bootstrap.at_a_time import Stopped
from regops.collectors.bootstrap.image_tarball import ImageChecker
from regops.collectors.bootstrap.upload_source import UploadFile
from regops.model.image_tarball import ImageContents


class FileCheck:
    """One reading of a file from its beginning to its end.

    What Swift says of a segment is compared with the md5 that was taken here, of the very bytes that were found to be
    an image's: so nobody else needs to take one, and a file that changes meanwhile is found out.
    """

    def __init__(self, source: UploadFile, segment_bytes: int) -> None:
        self._source = source
        self._segment_bytes = segment_bytes
        self._md5s: list[Future[str]] = [Future() for _ in range(-(-source.size_bytes // segment_bytes))]
        self._contents: Future[ImageContents] = Future()

    def run(self, stop: Event) -> None:
        """Read the file. Raises as ImageChecker does, and what reading raises."""
        try:
            self._contents.set_result(self._read(stop))
        except BaseException as error:
            for future in self._md5s:
                if not future.done():
                    future.set_exception(error)
            self._contents.set_exception(error)
            raise

    def md5(self, index: int) -> str:
        """Return the md5 of a segment once it has been read; raises what run has raised instead."""
        return self._md5s[index].result()

    @property
    def contents(self) -> ImageContents:
        """What is in the file, once all of it has been read and was found whole; raises what run has raised instead."""
        return self._contents.result()

    def _read(self, stop: Event) -> ImageContents:
        checker = ImageChecker(Path(self._source.name).name)
        for index, future in enumerate(self._md5s):
            digest = hashlib.md5(usedforsecurity=False)
            for chunk in self._source.stretch(index * self._segment_bytes, self._segment_bytes):
                if stop.is_set():
                    raise Stopped
                checker.update(chunk)
                digest.update(chunk)
            future.set_result(digest.hexdigest())
        return checker.finish()
