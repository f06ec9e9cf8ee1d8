"""Bytes on their way into Swift, with http.client alone: one object at a time, and the manifest that joins several."""

import hashlib
import http.client
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from regops.adapters.swift.connection import Connection, headers_of, within
from regops.adapters.swift.objects import target_path
from regops.adapters.swift.status import HttpStatus, check_status
from regops.errors import Changed, Corrupted, Failed, Refused, RegopsError
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


@dataclass(frozen=True, slots=True)
class Door:
    """Where to send: a connection, the account's address, a token, and how long a silence may last."""

    connection: Connection
    storage_url: str
    token: str
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class Arrived:
    """What Swift answered to an upload, names of headers in lower case, and how many bytes it was sent.

    md5 is theirs, and None where it was not taken, because somebody else has it.
    """

    headers: Mapping[str, str]
    size_bytes: int
    md5: str | None


def upload_headers(
    metadata: Mapping[str, str] | None, *, only_new: bool, md5: str | None = None, size_bytes: int | None = None
) -> dict[str, str]:
    """Return the headers of an upload.

    With only_new Swift refuses when the name is taken, even where that happened a moment ago; with md5 it refuses
    other bytes than those.
    """
    headers = {f"X-Object-Meta-{key}": value for key, value in (metadata or {}).items()}
    headers["Content-Type"] = _TYPE
    if only_new:
        headers["If-None-Match"] = "*"
    if md5:
        headers["ETag"] = md5
    if size_bytes is not None:
        headers["Content-Length"] = str(size_bytes)
    return headers


def send(
    door: Door, place: tuple[str, str], chunks: Iterator[bytes], *, headers: Mapping[str, str], what: str, digest: bool
) -> Arrived:
    """Send an object as it comes, and return what Swift made of it.

    place is the container and the name. Where no length is announced the body goes in chunks: either way, if the
    source fails the end is missing, and Swift keeps nothing. Raises SourceFailed then, else RegopsError, HttpStatus and
    connection.NO_ANSWER.
    """
    md5, sent = hashlib.md5(usedforsecurity=False), 0

    def counted() -> Iterator[bytes]:
        nonlocal sent
        try:
            for chunk in chunks:
                if digest:
                    md5.update(chunk)
                sent += len(chunk)
                yield chunk
        except Exception as error:
            raise SourceFailed(error) from error  # a source that broke a pipe looks like a server that did

    answer = _put(door, target_path(door.storage_url, *place), counted(), headers, what)
    return Arrived(answer, sent, md5.hexdigest() if digest else None)


def copy(door: Door, source: tuple[str, str], place: tuple[str, str], *, what: str) -> str:
    """Have Swift make an object of another one's bytes, and return its checksum. Raises as send does."""
    headers = {"X-Copy-From": quote("/".join(source)), "Content-Type": _TYPE}
    return _put(door, target_path(door.storage_url, *place), b"", headers, what).get("etag", "").strip('"')


def send_manifest(
    connection: Connection,
    storage_url: str,
    token: str,
    place: tuple[str, str],
    segments: Sequence[StoredSegment],
    *,
    headers: Mapping[str, str],
    what: str,
    timeout_seconds: float,
) -> Mapping[str, str]:
    """Make one object of segments, and return the headers of the answer.

    Raises Changed when a segment is not there as it is described, other RegopsError, HttpStatus and
    connection.NO_ANSWER.
    """
    door = Door(connection, storage_url, token, timeout_seconds)
    target = f"{target_path(storage_url, *place)}?multipart-manifest=put"
    try:
        return _put(door, target, _manifest_body(segments), headers, what)
    except HttpStatus as error:
        if error.status != http.client.BAD_REQUEST:
            raise
        raise Changed(
            f"{mask_url(storage_url)} answered 400 {error.reason} when sent the manifest of {what}: "
            "a segment is gone, or is not what was sent",
            hint="try again",
        ) from error


def put_container(connection: Connection, storage_url: str, token: str, swift_container: str) -> bool:
    """Make a container, and return whether there was none. Raises HttpStatus and connection.NO_ANSWER."""
    connection.request("PUT", target_path(storage_url, swift_container), headers={"X-Auth-Token": token})
    response = connection.getresponse()
    response.read()
    check_status(response)
    return response.status == http.client.CREATED  # 202 for one that is there


def _put(
    door: Door, target: str, body: bytes | Iterator[bytes], headers: Mapping[str, str], what: str
) -> Mapping[str, str]:
    """Return the headers of the answer to an upload. Each wait of it is bounded, and the one for the answer in all."""
    connection = door.connection
    with _in_words(door.storage_url, what):
        connection.request("PUT", target, body, {"X-Auth-Token": door.token, **headers})

        def answer() -> Mapping[str, str]:
            response = connection.getresponse()
            response.read()
            check_status(response)
            return headers_of(response)

        return within(door.timeout_seconds, door.storage_url, answer, close=connection.close)


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
