"""gzip on several processors."""

import gzip
import os
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regops.image import parallel_gzip
from regops.image.parallel_gzip import gzipped


@given(st.lists(st.binary(max_size=300), max_size=20), st.integers(1, 9), st.integers(1, 3))
def test_what_comes_out_is_what_went_in(chunks: list[bytes], level: int, threads: int) -> None:
    packed = b"".join(gzipped(chunks, level=level, threads=threads))
    assert gzip.decompress(packed) == b"".join(chunks)


def test_it_is_the_same_for_any_number_of_threads_and_however_it_comes() -> None:
    content = (os.urandom(3000) + b"text that can be packed " * 1000) * 100
    whole = b"".join(gzipped([content], threads=1))
    assert whole == b"".join(gzipped([content], threads=7))
    assert whole == b"".join(gzipped((content[at : at + 777] for at in range(0, len(content), 777)), threads=2))
    assert len(whole) < len(content) / 2


def test_gzip_itself_takes_it() -> None:
    content = os.urandom(100) * 50_000
    packed = b"".join(gzipped([content]))
    done = subprocess.run(["gzip", "-dc"], input=packed, capture_output=True, check=True)
    assert done.stdout == content


def test_a_block_knows_the_end_of_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel_gzip, "_BLOCK_BYTES", 1 << 15)
    content = os.urandom(1 << 14) * 64
    assert len(b"".join(gzipped([content]))) < len(content) / 20


def test_only_some_blocks_are_waiting_at_a_time() -> None:
    taken = 0

    def chunks() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(64):
            taken += 1
            yield bytes(1 << 20)

    out = gzipped(chunks(), threads=2)
    next(out)
    next(out)
    assert taken <= 8
    out.close()  # type: ignore[attr-defined]


def test_an_error_of_the_source_comes_out() -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * (1 << 21)
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(gzipped(broken()))
