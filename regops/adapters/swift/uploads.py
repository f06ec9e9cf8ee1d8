"""Bytes on their way into Swift: one object at a time, and the manifest that makes several of them one."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote, urlsplit

from regops.adapters.swift.connection import Connection
from regops.adapters.swift.status import check_status
from regops.errors import Corrupted, Failed, Refused, RegopsError
from regops.model.tarball import StoredSegment

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
) -> tuple[str, StoredSegment]:
    """Send an object as it comes, and return Swift's checksum of it and what was sent.

    place is the container and the name. No length is announced: if the source fails, the end is missing, and Swift
    keeps nothing. Raises SourceFailed then, else HttpStatus and connection.NO_ANSWER.
    """
    digest, sent, failed = hashlib.md5(usedforsecurity=False), 0, list[Exception]()

    def counted() -> Iterator[bytes]:
        nonlocal sent
        try:
            for chunk in chunks:
                digest.update(chunk)
                sent += len(chunk)
                yield chunk
        except Exception as error:
            failed.append(error)
            raise

    swift_container, name = place
    target = f"{urlsplit(storage_url).path}/{quote(swift_container)}/{quote(name)}"
    try:
        connection.request("PUT", target, counted(), {**headers, "X-Auth-Token": token})
        if failed:
            raise failed[0]  # noqa: TRY301 - a source that broke a pipe looks like a server that did
        response = connection.getresponse()
        response.read()
        check_status(response)
    except Exception as error:
        if failed:
            raise SourceFailed(failed[0]) from error
        raise
    etag = (response.getheader("etag") or "").strip('"')
    return etag, StoredSegment(swift_container, name, sent, digest.hexdigest())


def manifest_body(segments: Sequence[StoredSegment]) -> bytes:
    """Return a manifest for `?multipart-manifest=put`; Swift compares every checksum and size with what it has."""
    return json.dumps(
        [
            {"path": f"/{one.swift_container}/{one.name}", "etag": one.md5, "size_bytes": one.size_bytes}
            for one in segments
        ]
    ).encode()


def upload_meaning(status: int, what: str, where: str) -> RegopsError | None:
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
