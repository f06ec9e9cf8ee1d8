"""What the image's indexer makes of notifications, whoever wrote them, and the queue in which it waits."""

import json
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index_hints import Hint, HintQueue, read_hints

DIGEST = f"sha256:{'a1' * 32}"
AT = "2026-11-23T22:20:32.072907679Z"


def event(action: Any = "push", **target: Any) -> dict[str, Any]:
    return {"action": action, "timestamp": AT, "target": {"repository": "team/app", "digest": DIGEST, **target}}


def hints(*events: Any) -> list[Hint]:
    return read_hints(json.dumps({"events": events}).encode())


def test_a_push_is_a_hint_at_its_tag_and_a_deletion_at_what_it_names() -> None:
    assert hints(event(tag="1"), event("delete"), event("delete", tag="1", digest=None)) == [
        Hint("team/app", "1", DIGEST, pushed_at=AT),
        Hint("team/app", "", DIGEST),
        Hint("team/app", "1", deleted=True),
    ]


def test_a_hint_is_found_when_the_registry_says_what_was_told() -> None:
    pushed, gone, swept = Hint("a", "1", DIGEST), Hint("a", "1", deleted=True), Hint("a", "1")
    there, other = {"gone": False, "digest": DIGEST}, {"gone": False, "digest": "sha256:00"}
    assert [pushed.is_found(one) for one in (there, other, {"gone": True})] == [True, False, False]
    assert [gone.is_found(one) for one in (there, {"gone": True})] == [False, True]
    assert swept.is_found(there)
    assert swept.is_found({"gone": True})


@pytest.mark.parametrize(
    "one",
    [
        event("pull", tag="1"),
        event(),  # an image's part: it has no name
        event(tag="1", repository="Team/App"),
        event(tag="1", repository="../../etc"),
        event(tag="1", repository="a" * 300),
        event(tag="1", repository="team/app\x00"),
        event(tag="1", repository=["team/app"]),
        event(tag="1\n"),
        event(tag="a b"),
        event(tag={"query": "*"}),
        event(tag="1" * 129),
        event(tag="1", digest="sha256:*"),
        event(tag="1", digest=7),
        {"action": "push", "target": None},
        {"action": ["push"], "target": {"repository": "a", "tag": "1"}},
        "push",
        None,
        [],
    ],
)
def test_an_event_that_no_registry_sends_is_left_out_and_others_beside_it_are_not(one: Any) -> None:
    assert hints(one, event(tag="1")) == [Hint("team/app", "1", DIGEST, pushed_at=AT)]


@pytest.mark.parametrize("timestamp", [None, 7, "yesterday", "2026-01-01T00:00:00Z\x00", "9" * 1000])
def test_a_time_that_is_none_is_left_out(timestamp: Any) -> None:
    assert hints({**event(tag="1"), "timestamp": timestamp}) == [Hint("team/app", "1", DIGEST)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'{"events": {}}',
        b'{"events": "push"}',
        b'{"events": ' + b"[" * 100_000,
        b'{"events": [' + b"9" * 10_000 + b"]}",
        b'{"events": [NaN, 1e999]}',
    ],
)
def test_what_is_no_notification_tells_nothing(body: bytes) -> None:
    assert read_hints(body) == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["events", "action", "target", "repository", "tag", "digest", "timestamp"]), inner
            )
        ),
        max_leaves=20,
    )
)
def test_whatever_is_told_ends_in_hints_with_names_that_a_registry_can_have(document: Any) -> None:
    for hint in read_hints(json.dumps({"events": [document, {"action": "push", "target": document}]}).encode()):
        assert hint.repository
        assert hint.tag.isprintable()


def at(number: int) -> Hint:
    return Hint("team/app", str(number))


def test_a_full_queue_drops_the_oldest_and_counts_them() -> None:
    queue = HintQueue(3)
    assert queue.put(at(number) for number in range(5)) == 2
    assert queue.counted() == (3, 2)
    assert queue.take(10, 0) == [at(2), at(3), at(4)]


def test_the_same_tag_waits_once_and_what_was_told_last_counts() -> None:
    queue = HintQueue(3)
    for number in range(1000):
        queue.put([Hint("team/app", "latest", f"sha256:{number:064}")])
    assert queue.counted() == (1, 0)
    (taken,) = queue.take(10, 0)
    assert queue.counted() == (1, 0)
    assert taken.digest.endswith("999")
    queue.put([at(1)])
    assert queue.counted() == (2, 0)
    queue.put_back([Hint("team/app", "1", DIGEST), at(2)])
    assert queue.take(10, 0) == [at(1), at(2)]


def test_what_is_not_due_waits_and_holds_up_nothing() -> None:
    queue = HintQueue(10)
    much_later = Hint("team/app", "much later", due=time.monotonic() + 3600)
    queue.put([much_later, at(1)])
    assert queue.take(10, 0) == [at(1)]
    assert queue.take(10, 0) == []
    later = Hint("team/app", "later", due=time.monotonic() + 0.2)
    queue.put([later])
    assert queue.take(10, 60) == [later]
    assert time.monotonic() >= later.due


def test_who_waits_is_told_when_something_comes_and_when_there_is_room() -> None:
    queue = HintQueue(2)
    threading.Timer(0.02, queue.put, [[at(1), at(2)]]).start()
    assert queue.take(1, 60) == [at(1)]
    assert queue.wait_for_room(1, 0)
    assert not queue.wait_for_room(2, 0)
    threading.Timer(0.02, queue.take, [2, 0]).start()
    assert queue.wait_for_room(2, 60)
