"""Uploads to a real Swift, and to one that refuses: what stands under a name afterwards, and what is said."""

import hashlib
import json
import random
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from fault_server import FaultServer, Peer
from regops.adapters.swift.store import SwiftStore
from regops.errors import (
    AuthenticationFailed,
    Corrupted,
    Failed,
    NotFound,
    Refused,
    RegopsError,
    UnexpectedAnswer,
    Unreachable,
)
from regops.model.tarball import ObjectKind, StoredSegment
from swift_server import SwiftServer

pytestmark = pytest.mark.swift
CONTENT = random.Random(6).randbytes(3_000_000)
MD5 = hashlib.md5(CONTENT).hexdigest()


@pytest.fixture
def store(swift: SwiftServer) -> SwiftStore:
    return SwiftStore.from_environment(swift.environ, timeout_seconds=30)


def read(store: SwiftStore, name: str) -> bytes:
    with store.open("uploads", name) as (_, chunks):
        return b"".join(chunks)


def portions(content: bytes = CONTENT) -> Iterator[bytes]:
    return (content[start : start + 100_000] for start in range(0, len(content), 100_000))


def segments(store: SwiftStore, name: str) -> list[StoredSegment]:
    found = []
    for index in range(3):
        part = CONTENT[index * 1_000_000 : (index + 1) * 1_000_000]
        stored = store.put("uploads_segments", f"{name}/{index}", iter((part,)))
        found.append(StoredSegment("uploads_segments", stored.name, len(part), str(stored.etag)))
    return found


def test_a_name_that_is_taken_is_not_overwritten_by_a_conditional_upload(store: SwiftStore) -> None:
    store.put("uploads", "taken", iter((b"the first",)), only_new=True)
    with pytest.raises(Refused, match="is there already"):
        store.put("uploads", "taken", portions(), only_new=True)
    with pytest.raises(Refused, match="is there already"):
        store.put_manifest("uploads", "taken", segments(store, "taken"), only_new=True)
    assert read(store, "taken") == b"the first"
    assert store.put("uploads", "taken", iter((b"the second",))).size_bytes == 10


def test_swift_refuses_other_bytes_than_the_announced_ones(store: SwiftStore) -> None:
    with pytest.raises(Corrupted, match="not kept"):
        store.put("uploads", "other", iter((b"x" + CONTENT[1:],)), md5=MD5)
    with pytest.raises(NotFound):
        store.head("uploads", "other")
    assert store.put("uploads", "other", portions(), md5=MD5).etag == MD5


def test_what_is_shorter_than_announced_is_not_kept(store: SwiftStore, swift: SwiftServer) -> None:
    assert store.put("uploads", "announced", portions(), size_bytes=len(CONTENT)).etag == MD5
    short = SwiftStore.from_environment(swift.environ, timeout_seconds=1)
    with pytest.raises(Unreachable):
        short.put("uploads", "short", portions(), size_bytes=len(CONTENT) + 1)
    with pytest.raises(NotFound):
        store.head("uploads", "short")


def test_a_checksum_that_is_asked_for_afterwards_counts(store: SwiftStore) -> None:
    assert store.put("uploads", "afterwards", portions(), md5=lambda: MD5).etag == MD5
    with pytest.raises(Corrupted, match="was removed"):
        store.put("uploads", "afterwards", portions(), md5=lambda: hashlib.md5(b"").hexdigest())
    with pytest.raises(NotFound):
        store.head("uploads", "afterwards")


def test_a_copy_is_an_object_of_its_own(store: SwiftStore) -> None:
    store.put("uploads", "a copied ü%", portions())
    assert store.copy("uploads", "a copied ü%", "a copy") == MD5
    store.delete("uploads", "a copied ü%")
    assert read(store, "a copy") == CONTENT
    with pytest.raises(NotFound):
        store.copy("uploads", "a copied ü%", "another copy")


def test_several_threads_may_put_at_once(store: SwiftStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        etags = list(pool.map(lambda index: store.put("threads", f"{index}", portions()).etag, range(24)))
    assert etags == [MD5] * 24


def test_segments_become_one_object(store: SwiftStore, swift: SwiftServer) -> None:
    parts = segments(store, "large ü")
    stored = store.put_manifest("uploads", "large ü", parts, metadata={"Regops-Sha256": "abc"}, only_new=True)
    assert (stored.kind, stored.size_bytes) == (ObjectKind.SLO, len(CONTENT))
    assert stored.etag == hashlib.md5("".join(one.md5 for one in parts).encode()).hexdigest()
    assert ("regops-sha256", "abc") in stored.metadata
    assert read(store, "large ü") == CONTENT


@pytest.mark.parametrize("fault", ["md5", "size", "gone"])
def test_a_manifest_that_does_not_fit_its_segments_is_refused(fault: str, store: SwiftStore) -> None:
    parts = segments(store, fault)
    if fault == "gone":
        store.delete("uploads_segments", parts[1].name)
    changed = StoredSegment(
        parts[1].swift_container,
        parts[1].name,
        parts[1].size_bytes + (fault == "size"),
        MD5 if fault == "md5" else parts[1].md5,
    )
    with pytest.raises(UnexpectedAnswer, match="400"):
        store.put_manifest("uploads", f"large-{fault}", [parts[0], changed, parts[2]])
    with pytest.raises(NotFound):
        store.head("uploads", f"large-{fault}")


def test_what_is_removed_is_gone_and_may_be_removed_again(store: SwiftStore) -> None:
    store.put("uploads", "short-lived", iter((b"x",)))
    for _ in range(2):
        store.delete("uploads", "short-lived")
    with pytest.raises(NotFound):
        store.head("uploads", "short-lived")


def test_a_listing_by_prefix_leaves_out_the_rest(store: SwiftStore) -> None:
    for name in ("p/1", "p/2", "q/1"):
        store.put("prefixed", name, iter((b"x",)))
    listed = json.loads(store.listing("prefixed", prefix="p/"))
    assert [one["name"] for one in listed] == ["p/1", "p/2"]


@pytest.mark.parametrize(
    ("status", "error"), [(507, Failed), (413, Failed), (401, AuthenticationFailed), (503, UnexpectedAnswer)]
)
def test_an_answer_in_the_middle_of_an_upload_is_told(status: int, error: type[RegopsError]) -> None:
    taken: list[int] = []

    def script(peer: Peer) -> None:
        if peer.path == "/auth/v1.0":
            where = f"http://{peer.header('Host')}/v1/AUTH_test"
            peer.reply(200, headers={"X-Storage-Url": where, "X-Auth-Token": "t"})
        elif peer.path.endswith("/images"):
            peer.reply(201)
        else:
            taken.append(len(peer.connection.recv(500_000, socket.MSG_WAITALL)))
            peer.reply(status)

    with FaultServer(script) as server:
        login = {"ST_AUTH": f"{server.url}/auth/v1.0", "ST_USER": "a:b", "ST_KEY": "secret"}
        store = SwiftStore.from_environment(login, timeout_seconds=10)
        with pytest.raises(error, match=str(status) if status != 401 else "token"):
            store.put("images", "one.tar", portions(CONTENT * 3))
    assert taken == [500_000]


def test_what_arrived_damaged_does_not_stay() -> None:
    def script(peer: Peer) -> None:
        if peer.path == "/auth/v1.0":
            where = f"http://{peer.header('Host')}/v1/AUTH_test"
            peer.reply(200, headers={"X-Storage-Url": where, "X-Auth-Token": "t"})
        elif peer.head.startswith(b"PUT") and peer.path.endswith("/one.tar"):
            read = peer.head
            while not read.endswith(b"0\r\n\r\n"):
                read = read[-4:] + peer.connection.recv(1 << 16)
            peer.reply(201, headers={"ETag": hashlib.md5(b"something else").hexdigest()})
        else:
            peer.reply(204)

    with FaultServer(script) as server:
        login = {"ST_AUTH": f"{server.url}/auth/v1.0", "ST_USER": "a:b", "ST_KEY": "secret"}
        store = SwiftStore.from_environment(login, timeout_seconds=10)
        with pytest.raises(Corrupted, match="arrived damaged and was removed"):
            store.put("images", "one.tar", portions())
    assert server.heads[-1].startswith(b"DELETE /v1/AUTH_test/images/one.tar ")
