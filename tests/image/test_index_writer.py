"""The image's indexer: from hints to the index, whatever the registry and the index do meanwhile."""

from collections.abc import Callable
from typing import Any

import pytest

import index_looks
import index_writer
from index_errors import IndexFailed, LookFailed
from index_hints import Hint, HintQueue
from index_writer import Writer
from registry_container import until

OLD, NEW = (f"sha256:{digit * 64}" for digit in "01")


class Store:
    """An index in memory, which lets itself be overtaken, refuses and fails as it is told."""

    def __init__(self) -> None:
        self.documents: dict[tuple[str, str], dict[str, Any]] = {}
        self.numbers: dict[tuple[str, str], int] = {}
        self.fails: list[str] = []
        self.refuses: set[str] = set()
        self.between: list[Callable[[], None]] = []
        self.asked = 0

    def prepare(self) -> None:
        self.asked += 1
        for reason in list(self.fails):
            raise IndexFailed(reason)

    def put(self, document: dict[str, Any]) -> None:
        key = (document["name"], document["tag"])
        self.documents[key] = document
        self.numbers[key] = self.numbers.get(key, 0) + 1

    def known(self, hints: Any) -> dict[tuple[str, str], dict[str, Any]]:
        wanted = {hint.key for hint in hints} & self.documents.keys()
        found = {key: {"_source": self.documents[key], "_seq_no": self.numbers[key]} for key in wanted}
        if self.between:
            self.between.pop()()
        return found

    def write(self, documents: list[dict[str, Any]], known: dict[tuple[str, str], dict[str, Any]]) -> list[str]:
        outcomes = []
        for document in documents:
            key = (document["name"], document["tag"])
            if document["tag"] in self.refuses:
                outcomes.append("400 not this one")
            elif self.numbers.get(key) != known.get(key, {}).get("_seq_no"):
                outcomes.append("conflict")
            else:
                self.put(document)
                outcomes.append("")
        return outcomes

    def with_digest(self, repository: str, digest: str) -> list[Hint]:
        return [
            Hint(*key) for key, one in self.documents.items() if key[0] == repository and one.get("digest") == digest
        ]

    def after(self, last: Hint | None) -> list[Hint]:
        return sorted(
            (Hint(*key) for key in self.documents if last is None or key > last.key), key=lambda hint: hint.key
        )[:2]

    def tags(self) -> dict[str, str]:
        """Return what a search would find: tags and their digests."""
        return {key[1]: one["digest"] for key, one in list(self.documents.items()) if not one["gone"]}


class Setting:
    """A writer at work; registry maps tags to digests, or to a failure."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, limit: int = 100) -> None:
        self.registry: dict[str, str | Exception] = {}
        self.looks: list[str] = []
        self.lines: list[str] = []
        self.store = Store()
        self.queue = HintQueue(limit)
        monkeypatch.setattr(index_looks, "look", self.look)
        for name in ("_SETTLE_SECONDS", "_FIRST_PAUSE_SECONDS", "_LONGEST_PAUSE_SECONDS"):
            monkeypatch.setattr(index_writer, name, 0.01)
        monkeypatch.setattr(index_writer, "_AGAIN_SECONDS", (0.01, 0.01, 0.01))
        self.writer = Writer(self.queue, self.store, self.lines.append)  # type: ignore[arg-type]
        self.writer.start()

    def look(self, hint: Hint, before: dict[str, Any]) -> dict[str, Any]:
        self.looks.append(hint.tag)
        found = self.registry.get(hint.tag)
        if isinstance(found, Exception):
            raise found
        return {"name": hint.repository, "tag": hint.tag, "gone": found is None, "digest": found}

    def done(self) -> bool:
        return not self.writer.report()["waiting"]


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Any:
    made = Setting(monkeypatch)
    yield made
    made.writer.stop()


def test_what_the_registry_has_is_written_and_not_what_was_told(setting: Setting) -> None:
    setting.registry = {"there": NEW}
    setting.writer.take([Hint("a", "there", OLD), Hint("a", "never", NEW)])
    until(setting.done, "both are looked at")
    assert setting.store.tags() == {"there": NEW}


def test_a_tag_that_is_not_there_yet_is_looked_at_again(setting: Setting) -> None:
    look = setting.look

    def slow(hint: Hint, before: dict[str, Any]) -> dict[str, Any]:
        if len(setting.looks) == 2:
            setting.registry["1"] = NEW
        return look(hint, before)

    index_looks.look = slow
    setting.writer.take([Hint("a", "1", NEW)])
    until(setting.done, "looked at often enough")
    assert setting.store.tags() == {"1": NEW}
    assert setting.looks == ["1"] * 3


def test_a_tag_that_is_never_there_is_looked_at_a_few_times(setting: Setting) -> None:
    setting.writer.take([Hint("a", "1", NEW)])
    until(setting.done, "looked at often enough")
    assert (setting.store.tags(), setting.looks) == ({}, ["1"] * 4)


def test_a_deletion_by_digest_looks_at_each_tag_that_the_index_has_of_it(setting: Setting) -> None:
    for tag, digest in {"1": OLD, "2": OLD, "3": NEW}.items():
        setting.store.put({"name": "a", "tag": tag, "gone": False, "digest": digest})
    setting.registry = {"2": NEW, "3": NEW}
    setting.writer.take([Hint("a", "", OLD)])
    until(lambda: setting.store.tags() == {"2": NEW, "3": NEW}, "one is gone, one has moved")
    assert "3" not in setting.looks


def test_who_is_overtaken_by_another_instance_looks_again(setting: Setting) -> None:
    setting.registry = {"1": OLD}
    overtaken: list[str] = []

    def other_instance() -> None:
        setting.store.put({"name": "a", "tag": "1", "gone": False, "digest": NEW})
        overtaken.append("1")

    look = setting.look

    def late(hint: Hint, before: dict[str, Any]) -> dict[str, Any]:
        found = look(hint, before)
        setting.registry["1"] = NEW  # after the first look, and before it is written
        return found

    index_looks.look = late
    setting.store.between = [other_instance]
    setting.writer.take([Hint("a", "1")])
    until(setting.done, "written")
    assert overtaken == ["1"]
    assert setting.store.tags() == {"1": NEW}
    assert setting.looks == ["1", "1"]


def test_a_dead_index_is_told_once_and_gets_everything_later(setting: Setting) -> None:
    setting.store.fails = ["no answer: Connection refused"]
    setting.registry = {str(number): NEW for number in range(80)}
    setting.writer.take([Hint("a", tag) for tag in setting.registry])
    until(lambda: setting.store.asked > 3, "some tries")
    assert setting.writer.report()["failure"] == (
        "what was pushed and deleted is not written: the index: no answer: Connection refused"
    )
    assert setting.writer.report()["waiting"] == 80
    assert setting.looks == []
    setting.store.fails.clear()
    until(lambda: len(setting.store.tags()) == 80, "all of it")
    until(lambda: setting.writer.report()["failure"] == "", "well again")
    assert [line.partition(";")[0] for line in setting.lines] == [
        "the index: no answer: Connection refused",
        "the index takes what is written again",
    ]


def test_a_full_queue_is_told_until_everything_was_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    setting = Setting(monkeypatch, limit=10)
    setting.store.fails = ["away"]
    setting.registry = {str(number): NEW for number in range(60)}
    setting.writer.take([Hint("a", tag) for tag in setting.registry])
    assert setting.writer.report()["dropped"] == 50
    assert any("50 of the oldest changes are given up" in line for line in setting.lines)
    setting.store.fails.clear()
    until(setting.done, "the ten are written")
    assert "50 changes were given up: `registry-reindex`" in str(setting.writer.report()["failure"])
    monkeypatch.setattr(index_writer, "_AT_ONCE", 5)
    monkeypatch.setattr(index_looks, "all_tags", lambda: iter([[Hint("a", tag) for tag in setting.registry]]))
    setting.store.put({"name": "a", "tag": "stale", "gone": False, "digest": OLD})
    assert setting.writer.reindex()
    until(lambda: setting.writer.report()["reindexed"] == "looked at 60 tags of the registry", "all are looked at")
    assert (setting.writer.report()["failure"], setting.writer.report()["dropped"]) == ("", 0)
    assert set(setting.store.tags()) == set(setting.registry)
    setting.writer.stop()


def test_a_reindexing_that_cannot_be_says_why_and_another_one_can_begin(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> Any:
        raise LookFailed("GET /v2/_catalog: 503")

    monkeypatch.setattr(index_looks, "all_tags", fails)
    for _ in range(2):
        until(setting.writer.reindex, "it can begin")
        until(lambda: setting.writer.report()["reindexed"] == "failed: GET /v2/_catalog: 503", "it says why")


def test_a_registry_that_does_not_say_what_it_has_is_no_reason_to_forget_it(setting: Setting) -> None:
    setting.store.put({"name": "a", "tag": "1", "gone": False, "digest": OLD})
    setting.registry = {"1": LookFailed("503 Service Unavailable")}
    setting.writer.take([Hint("a", "1")])
    until(lambda: "the registry: 503" in str(setting.writer.report()["failure"]), "told")
    assert setting.store.tags() == {"1": OLD}
    setting.registry["1"] = NEW
    until(lambda: setting.store.tags() == {"1": NEW}, "written later")


def test_one_tag_that_cannot_be_written_holds_up_no_other(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_writer, "_TRIES", 2)
    setting.registry = {"bad": NEW, **{str(number): NEW for number in range(200)}}
    setting.store.refuses = {"bad"}
    setting.writer.take([Hint("a", "bad")])
    for number in range(200):
        setting.writer.take([Hint("a", str(number))])
        if setting.writer.report()["dropped"]:
            break
        until(lambda number=number: str(number) in setting.store.tags(), "the others are written")
    until(lambda: setting.writer.report()["dropped"] == 1, "given up")
    assert any("given up after 2 tries" in line for line in setting.lines)
