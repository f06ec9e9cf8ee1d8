"""Bytes on their way into Swift: one object at a time, and the manifest that makes several of them one."""

import hashlib
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager

from regops.adapters.swift.connection import Connection
from regops.adapters.swift.library import put_object
from regops.adapters.swift.status import HttpStatus
from regops.errors import Corrupted, Failed, Refused, RegopsError
from regops.model.tarball import StoredSegment
from regops.secret import mask_url

_TYPE = "application/octet-stream"
# What Swift says before it has looked at any byte, and what that means to somebody who uploads.
_FULL = {413: "Request Entity Too Large", 507: "Insufficient Storage"}


class SourceFailed(Exception):
    """The source of an upload failed: its own error, which must not pass for the network's."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


def upload_headers(
    metadata: Mapping[str, str] | None, *, only_new: bool, md5: str | None = None, type_: str = _TYPE
) -> dict[str, str]:
    """Return the headers of an upload.

    With only_new Swift refuses when the name is taken, even where that happened a moment ago; with md5 it refuses
    other bytes than those.
    """
    headers = {f"X-Object-Meta-{key}": value for key, value in (metadata or {}).items()}
    headers["Content-Type"] = type_
    if only_new:
        headers["If-None-Match"] = "*"
    if md5:
        headers["ETag"] = md5
    return headers


def send(
    connection: Connection,
    storage_url: str,
    token: str,
    place: tuple[str, str],
    chunks: Iterator[bytes],
    *,
    headers: Mapping[str, str],
    what: str,
) -> tuple[str, StoredSegment]:
    """Send an object as it comes, and return Swift's checksum of it and what was sent.

    place is the container and the name. No length is announced: if the source fails, the end is missing, and Swift
    keeps nothing. Raises SourceFailed then, else RegopsError, HttpStatus and connection.NO_ANSWER.
    """
    digest, sent = hashlib.md5(usedforsecurity=False), 0

    def counted() -> Iterator[bytes]:
        nonlocal sent
        try:
            for chunk in chunks:
                digest.update(chunk)
                sent += len(chunk)
                yield chunk
        except Exception as error:
            raise SourceFailed(error) from error  # a source that broke a pipe looks like a server that did

    with _in_words(storage_url, what):
        etag = put_object(connection, storage_url, token, place, counted(), headers=headers)
    return etag, StoredSegment(*place, sent, digest.hexdigest())


def send_manifest(
    connection: Connection,
    storage_url: str,
    token: str,
    place: tuple[str, str],
    segments: Sequence[StoredSegment],
    *,
    headers: Mapping[str, str],
    what: str,
) -> None:
    """Make one object of segments. Raises RegopsError, HttpStatus and connection.NO_ANSWER."""
    with _in_words(storage_url, what):
        body = _manifest_body(segments)
        put_object(connection, storage_url, token, place, body, headers=headers, query="multipart-manifest=put")


@contextmanager
def _in_words(storage_url: str, what: str) -> Generator[None]:
    """Raise RegopsError for a status that only uploads are answered with."""
    try:
        yield
    except HttpStatus as error:
        said = _meaning(error.status, what, mask_url(storage_url))
        if said:
            raise said from error
        raise


def _manifest_body(segments: Sequence[StoredSegment]) -> bytes:
    """Return a manifest for `?multipart-manifest=put`; Swift compares every checksum and size with what it has."""
    return json.dumps(
        [
            {"path": f"/{one.swift_container}/{one.name}", "etag": one.md5, "size_bytes": one.size_bytes}
            for one in segments
        ]
    ).encode()


def _meaning(status: int, what: str, where: str) -> RegopsError | None:
    """Return what a status means that only uploads are answered with, None for any other."""
    if status == 412:
        return Refused(f"{what} is there already, at {where}", hint="--replace puts another in its place")
    if status == 422:
        return Corrupted(f"{what} arrived damaged at {where}, and was not kept", hint="try again")
    if status in _FULL:
        return Failed(
            f"{where} answered {status} {_FULL[status]} when sent {what}: it is full, or the account's quota is",
            hint="make room there; nothing half was left under that name",
        )
    return None
