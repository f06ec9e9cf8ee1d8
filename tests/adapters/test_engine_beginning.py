"""The beginning of a file that comes through the engine, on disk as far as it was asked for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_engine import FakeEngine, container_document
from regops.adapters.engine import beginning
from regops.adapters.engine import files as engine_files
from regops.adapters.engine.beginning import fetch_beginning
from regops.adapters.engine.files import EngineFiles
from regops.errors import NotFound, Refused

CONTENT = bytes(range(256)) * 400
END = 80_000


class Chunks:
    """Chunks of a file, which count how many were taken, and know when they end."""

    def __init__(self, content: bytes) -> None:
        self.taken = 0
        self.is_closed = False
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        try:
            for start in range(0, len(self._content), 1000):
                self.taken += 1
                yield self._content[start : start + 1000]
        finally:
            self.is_closed = True


def fetch(chunks: Chunks, then: bytes = CONTENT[END:]) -> bytes:
    with fetch_beginning("c:/log", iter(chunks), END, then) as kept:
        return os.pread(kept.fileno(), END, 0)


def test_all_that_is_before_the_end_is_kept_and_the_rest_not_waited_for() -> None:
    chunks = Chunks(CONTENT + bytes(10**6))
    assert fetch(chunks, CONTENT[END : END + 500]) == CONTENT[:END]
    assert chunks.taken == END // 1000 + 1
    assert chunks.is_closed


@pytest.mark.parametrize("other", [CONTENT[: END - 1], CONTENT[:END] + b"x" * 30_000, CONTENT[7:]])
def test_a_file_that_was_rotated_meanwhile_is_not_taken_for_the_one_it_was(other: bytes) -> None:
    with pytest.raises(NotFound, match="another file by now"):
        fetch(Chunks(other))


def test_without_room_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    chunks = Chunks(CONTENT)
    monkeypatch.setattr(beginning, "_FREE_BYTES", 2**80)
    with pytest.raises(Refused, match=r"only its end is read, for the rest has 0 MiB, and .* has room for 0"):
        fetch(chunks)
    assert chunks.taken == 0


def test_a_folder_that_cannot_be_written_to_is_named_as_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/proc")
    monkeypatch.setattr(beginning, "_FREE_BYTES", -(10**9))
    with pytest.raises(Refused, match="only its end is read"):
        fetch(Chunks(CONTENT))


def test_no_name_of_it_is_left_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(beginning, "_FREE_BYTES", 0)
    with fetch_beginning("c:/log", iter(Chunks(CONTENT)), END, CONTENT[END:]):
        assert list(tmp_path.iterdir()) == []


def test_a_file_of_the_engine_is_read_anywhere_and_fetched_again_only_for_what_is_before_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine_files, "_END_BYTES", 2000)
    engine = FakeEngine(container_document("c"))
    engine.files["c", "/log"] = CONTENT
    with EngineFiles(engine, "c") as files:
        file = files.open("/log")
        engine.files["c", "/log"] = CONTENT[:-1] + b"x"  # as it is sent the second time; its end is another
        size = len(CONTENT)
        assert file.read(size - 100, 100) == CONTENT[-100:]
        with pytest.raises(NotFound, match="another file by now"):
            file.read(0, 10)
        engine.files["c", "/log"] = CONTENT
        assert file.read(0, 10) == CONTENT[:10]
        assert file.read(size - 2010, 20) == CONTENT[-2010:-1990]
        assert file.read(size - 3000, 3000) == CONTENT[-3000:]
        file.close()
