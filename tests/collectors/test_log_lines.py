"""Bytes as lines: the same lines however they are cut into chunks, and never more of them than fits."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from regops.collectors.logs.lines import LINE_BYTES, LineSplitter, Piece

LOGS = st.lists(st.binary(max_size=12) | st.just(b"\n") | st.just(b"\r\n\x0b\x85\xe2\x80\xa8"), max_size=20).map(
    b"".join
)


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


def test_a_line_of_any_length_costs_64_kib() -> None:
    splitter = LineSplitter()
    assert [list(splitter.feed(b"x" * LINE_BYTES)) for _ in range(100)] == [[]] * 100
    assert list(splitter.feed(b"\nnext\n")) == [Piece(b"x" * LINE_BYTES, 99 * LINE_BYTES), Piece(b"next")]
