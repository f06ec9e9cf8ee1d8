"""Bytes as lines: the same lines however they are cut into chunks, and never more of them than fits."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regops.collectors import log_lines
from regops.collectors.log_lines import LINE_BYTES, LineSplitter, Piece, last_lines
from regops.model.container_file import FileFacts, FileKind

LOGS = st.lists(st.binary(max_size=12) | st.just(b"\n") | st.just(b"\r\n\x0b\x85\xe2\x80\xa8"), max_size=20).map(
    b"".join
)


@dataclass
class MemoryFile:
    content: bytes
    facts: FileFacts

    def read(self, offset: int, size_bytes: int) -> bytes:
        return self.content[offset : offset + size_bytes]

    def close(self) -> None:
        """Hold nothing."""


def memory_file(content: bytes) -> MemoryFile:
    return MemoryFile(content, FileFacts(FileKind.FILE, len(content), 0.0, (1, 1), "", ""))


def whole_lines(content: bytes) -> list[bytes]:
    lines = content.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def pieces(splitter: LineSplitter, chunks: list[bytes]) -> Iterator[Piece]:
    for chunk in chunks:
        yield from splitter.feed(chunk)
    yield from splitter.flush()


@given(LOGS, st.integers(1, 9))
def test_chunks_give_the_lines_of_the_whole_split_at_newlines_only(content: bytes, size: int) -> None:
    chunks = [content[start : start + size] for start in range(0, len(content), size)]
    found = [piece.text for piece in pieces(LineSplitter(), chunks)]
    assert found == whole_lines(content)


@given(LOGS, st.integers(0, 8), st.integers(1, 9))
def test_the_last_lines_of_a_file_are_those_of_tail(content: bytes, count: int, step: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_lines, "_STEP", step)
        tail = last_lines(memory_file(content), count, check=lambda: None)
    shown = [piece.text for piece in tail.pieces] + ([tail.rest] if tail.rest and count else [])
    assert shown == whole_lines(content)[max(len(whole_lines(content)) - count, 0) :]
    assert (tail.offset, tail.whole) == (len(content), True)


def test_a_line_of_any_length_costs_64_kib() -> None:
    splitter = LineSplitter()
    assert [list(splitter.feed(b"x" * LINE_BYTES)) for _ in range(100)] == [[]] * 100
    assert list(splitter.feed(b"\nnext\n")) == [Piece(b"x" * LINE_BYTES, 99 * LINE_BYTES), Piece(b"next")]


def test_only_the_end_of_a_huge_file_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_lines, "WINDOW_BYTES", 100)
    monkeypatch.setattr(log_lines, "_STEP", 50)
    tail = last_lines(memory_file(b"x" * 10_000 + b"\nlast\n"), 10, check=lambda: None)
    assert tail == log_lines.Tail((Piece(b"last"),), b"", 10_006, whole=False)


def test_a_huge_file_without_a_newline_shows_its_end_as_one_cut_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_lines, "WINDOW_BYTES", 100)
    monkeypatch.setattr(log_lines, "_STEP", 50)
    tail = last_lines(memory_file(b"x" * 10_000), 10, check=lambda: None)
    assert tail == log_lines.Tail((), b"x" * 100, 10_000, whole=False)


def test_a_file_that_shrinks_while_it_is_read_gives_what_is_left() -> None:
    file = memory_file(b"first\nsecond\n")
    file.facts = replace(file.facts, size_bytes=100_000)
    tail = last_lines(file, 10, check=lambda: None)
    assert [piece.text for piece in tail.pieces] == [b"first", b"second"]
    assert tail.offset == 13


def test_a_file_is_as_long_as_when_it_was_opened() -> None:
    file = memory_file(b"first\nsecond\n")
    file.content += b"third\n" * 1000
    tail = last_lines(file, 10, check=lambda: None)
    assert [piece.text for piece in tail.pieces] == [b"first", b"second"]


def test_reading_stops_where_the_check_says_so() -> None:
    def stop() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        last_lines(memory_file(b"line\n"), 10, check=stop)
