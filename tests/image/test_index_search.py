"""The image's classic search: what a question means, and what is answered when the index is not well."""

import contextlib
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest

import index_service
from index_errors import IndexFailed
from index_hints import HintQueue
from index_search import BadQuestion, Question, read_question, search_answer, search_body
from index_writer import Writer


def filters(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = search_body(read_question(f"q={quote(text)}"))["query"]["bool"]["filter"]
    assert found[0] == {"term": {"gone": False}}
    return found[1:]


def test_each_word_occurs_in_the_name_and_a_colon_begins_a_tag() -> None:
    assert filters("  Team/  api ") == [
        {"wildcard": {"name": {"value": "*team/*"}}},
        {"wildcard": {"name": {"value": "*api*"}}},
    ]
    assert filters("app:V1.") == [{"wildcard": {"name": {"value": "*app*"}}}, {"prefix": {"tag": {"value": "V1."}}}]
    assert filters(":latest") == [{"prefix": {"tag": {"value": "latest"}}}]
    assert filters("") == []


def test_nothing_in_a_question_means_more_than_itself() -> None:
    assert filters("a*b?c\\d") == [{"wildcard": {"name": {"value": "*a\\*b\\?c\\\\d*"}}}]
    assert filters('"} OR {"') == [{"wildcard": {"name": {"value": f"*{word}*"}}} for word in ('"}', "or", '{"')]


def test_pages_are_asked_for_in_the_words_of_docker_and_of_the_classic_registry() -> None:
    assert read_question("q=a&n=10&page=3") == Question("a", 3, 10)
    assert read_question("q=a&page_size=10") == Question("a", 1, 10)
    assert read_question("q=a&n=&page=") == Question("a", 1, 25)
    assert read_question("n=100000") == Question("", 1, 100)
    body = search_body(Question("a", 3, 10))
    assert (body["from"], body["size"]) == (20, 10)


@pytest.mark.parametrize(
    "query",
    [
        "q=a&page=0",
        "q=a&page=-1",
        "q=a&page=x",
        "q=a&n=1e9",
        "q=a&page=999999",
        f"q={'a' * 300}",
        "q=a%20b%20c%20d%20e%20f%20g%20h%20i",
        "q=%ff%fe",
        "&".join(["q=a"] * 100),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(query: str) -> None:
    with pytest.raises(BadQuestion):
        read_question(query)


def hit(name: str, *tags: str, total: int) -> dict[str, Any]:
    inner = {"hits": [{"_source": {"tag": tag}} for tag in tags], "total": {"value": total}}
    return {"_source": {"name": name}, "inner_hits": {"tags": {"hits": inner}}}


FOUND = {
    "hits": {"hits": [hit("a", "1", total=1), hit("b", "1", "2", total=12)]},
    "aggregations": {"names": {"value": 26}},
}


def test_the_answer_is_the_classic_one_and_docker_shows_its_tags() -> None:
    assert search_answer(Question("x", 1, 25), FOUND) == {
        "num_results": 26,
        "query": "x",
        "page": 1,
        "page_size": 25,
        "num_pages": 2,
        "results": [
            {"name": "a", "description": "tags: 1", "tags": ["1"]},
            {"name": "b", "description": "tags: 1, 2 and 10 more", "tags": ["1", "2"]},
        ],
    }


class Store:
    """An index that answers a search as it is told, and does not take anything."""

    def __init__(self) -> None:
        self.answers: Callable[[], Any] = lambda: FOUND

    def search(self, body: dict[str, Any], seconds: float) -> Any:
        return self.answers()

    def prepare(self) -> None:
        raise IndexFailed("away")


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(index_service, "say", lines.append)
    return lines


@pytest.fixture
def queue() -> HintQueue:
    return HintQueue(100)


@pytest.fixture
def connection(store: Store, queue: HintQueue, said: list[str]) -> Iterator[http.client.HTTPConnection]:
    writer = Writer(queue, store, said.append)  # type: ignore[arg-type]
    with index_service.serve(queue, writer, store, ("127.0.0.1", 0)) as server:  # type: ignore[arg-type]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)) as made:
            yield made
        server.shutdown()
        thread.join()


def ask(connection: http.client.HTTPConnection, method: str, path: str, *more: Any) -> tuple[int, Any]:
    connection.request(method, path, *more)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_notifications_are_taken_at_once_and_wait(connection: http.client.HTTPConnection, queue: HintQueue) -> None:
    event = {"action": "push", "target": {"repository": "a", "tag": "1"}}
    for number in range(3):
        event["target"]["tag"] = str(number)  # type: ignore[index]
        assert ask(connection, "POST", "/events", json.dumps({"events": [event]})) == (202, {"taken": 1})
    assert ask(connection, "GET", "/report")[1] | {"reindexed": ""} == {
        "failure": "", "waiting": 3, "dropped": 0, "reindexing": False, "reindexed": ""
    }  # fmt: skip
    assert queue.counted() == (3, 0)


@pytest.mark.parametrize(
    "body", [b"", b"\x00" * 1000, b"[" * 200_000, b"{}", json.dumps({"events": [1] * 9999}).encode()]
)
def test_notifications_that_are_none_are_taken_too_or_they_would_come_again_for_ever(
    connection: http.client.HTTPConnection, body: bytes
) -> None:
    assert ask(connection, "POST", "/events", body) == (202, {"taken": 0})
    assert ask(connection, "GET", "/report")[1]["waiting"] == 0


@pytest.mark.parametrize("length", ["5000000", "9" * 5000, "-1", "x", "\xb2"])
def test_a_notification_that_is_too_long_is_not_read(
    connection: http.client.HTTPConnection, length: str, said: list[str]
) -> None:
    assert ask(connection, "POST", "/events", b"", {"Content-Length": length}) == (202, {"taken": 0})
    assert said == ["a notification of no length, or of more than 4 MiB, is left out"]
    assert ask(connection, "GET", "/report")[1]["dropped"] == 1


def test_a_search_is_answered_and_its_words_may_be_wrong(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "GET", "/v1/search?q=x")[1]["num_results"] == 26
    assert ask(connection, "GET", "/v1/search?q=x&n=none") == (400, {"error": "n is a number from 1 on"})
    assert ask(connection, "GET", "/v1/repositories") == (404, {"error": "Not found"})


def test_an_index_that_fails_or_says_nonsense_is_told_as_503(
    connection: http.client.HTTPConnection, store: Store
) -> None:
    def fails() -> Any:
        raise IndexFailed("no answer: Connection refused")

    def breaks() -> Any:
        raise RuntimeError("canary")

    for answer, expected in (
        (fails, "the index cannot be asked: no answer: Connection refused"),
        (breaks, "the index cannot be asked: RuntimeError"),
        (lambda: {"hits": "none"}, "what answers in the index's place is none"),
        (lambda: {"hits": {"hits": [None]}}, "what answers in the index's place is none"),
    ):
        store.answers = answer
        assert ask(connection, "GET", "/v1/search?q=x") == (503, {"error": expected})


def test_an_index_that_hangs_costs_a_deadline_and_a_bound_of_threads(
    connection: http.client.HTTPConnection, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_service, "SEARCH_SECONDS", 0.05)
    released = threading.Event()
    store.answers = lambda: released.wait(30) and FOUND
    told = [ask(connection, "GET", "/v1/search?q=x") for _ in range(17)]
    assert told[:16] == [(503, {"error": "the index does not answer within 0.05 s"})] * 16
    assert told[16] == (503, {"error": "the index has too many questions to answer"})
    released.set()
