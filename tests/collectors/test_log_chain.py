"""Files of any size and without newlines, files that change while they are read, and roads that see only their ends."""

from collections.abc import Callable

import pytest

from memory_files import MemoryFile, MemoryFiles
from random_logs import ACCESS, read, records
from regops.collectors.logs import chain as log_chain
from regops.collectors.logs import opened_file as log_opened_file
from regops.collectors.logs.lines import LINE_BYTES
from regops.errors import Refused
from regops.model.log_filter import LogWindow
from regops.model.log_source import Notice

PATH = f"/var/log/{ACCESS}"
FAR = "nginx/access.log: only its last 16 MiB were looked at"


def zeros(end: bytes, size_bytes: int = 10**12) -> MemoryFiles:
    def content(offset: int, size: int) -> bytes:
        begins = size_bytes - len(end)
        return bytes(max(min(begins - offset, size), 0)) + end[max(offset - begins, 0) : max(offset + size - begins, 0)]

    return MemoryFiles({PATH: MemoryFile(content, 0.0, size_bytes)})


def texts(events: list[object]) -> list[str]:
    return [record.entry.text for record in records(events)]


def notices(events: list[object]) -> list[str]:
    return [event.text for event in events if isinstance(event, Notice)]


def test_a_terabyte_without_a_newline_shows_its_end_as_one_line() -> None:
    files = zeros(b"end")
    events = read(files, LogWindow(10))
    (record,) = records(events)
    assert len(record.entry.text) <= LINE_BYTES
    assert notices(events) == [FAR]
    assert files.read_bytes < 40 * 2**20


def test_lines_behind_a_terabyte_without_a_newline_are_shown_alone() -> None:
    files = zeros(b"\nlast but one\nlast\n")
    events = read(files, LogWindow(10))
    assert (texts(events), notices(events)) == (["last but one", "last"], [FAR])
    assert texts(read(files, LogWindow(2))) == ["last but one", "last"]
    assert files.read_bytes < 80 * 2**20


def test_a_line_that_is_too_long_is_cut_and_says_by_how_much() -> None:
    line = b"x" * (LINE_BYTES + 1000)
    (_, cut, _) = records(read(MemoryFiles({PATH: MemoryFile(b"a\n" + line + b"\nb\n")}), LogWindow(10)))
    assert (len(cut.entry.text), cut.cut_bytes) == (LINE_BYTES, 1000)


def test_a_file_is_as_long_as_when_it_was_opened() -> None:
    files = MemoryFiles({PATH: MemoryFile(b"first\nsecond\n")})

    def grow() -> None:
        if PATH in files.opened:
            files.files[PATH].content = b"first\nsecond\n" + b"third\n" * 1000

    files.before_names = grow
    assert texts(read(files, LogWindow(10))) == ["first", "second"]


def test_a_file_that_shrinks_while_it_is_read_gives_what_is_left() -> None:
    files = MemoryFiles({PATH: MemoryFile(b"line\n" * 1000)})

    def shrink() -> None:
        if PATH in files.opened:
            files.files[PATH].content = b"line\nnext\n"

    files.before_names = shrink
    assert texts(read(files, LogWindow())) == ["line", "next"]


def far_files(monkeypatch: pytest.MonkeyPatch, content: bytes | Callable[[int, int], bytes], size: int) -> MemoryFiles:
    for module in (log_opened_file, log_chain):
        monkeypatch.setattr(module, "FAR_BYTES", 2**20)
    files = MemoryFiles({PATH: MemoryFile(content, size_bytes=size)}, via="engine")
    files.files[f"{PATH}.1"] = MemoryFile(b"older\n")
    return files


SENT_LINES = [b"%01000d" % number for number in range(3000)]
SENT = b"\n".join(SENT_LINES)


def test_of_a_file_that_the_engine_sends_the_beginning_is_read_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = far_files(monkeypatch, SENT, len(SENT))
    for lines in (5, 900, 1100, 2000, 3000):
        assert texts(read(files, LogWindow(lines))) == [line.decode() for line in SENT_LINES[-lines:]]
    assert texts(read(files, LogWindow(3001))) == ["older", *(line.decode() for line in SENT_LINES)]
    assert texts(read(files, LogWindow())) == ["older", *(line.decode() for line in SENT_LINES)]


def test_what_is_at_the_end_is_had_without_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    read_at: list[int] = []

    def content(offset: int, size: int) -> bytes:
        read_at.append(offset)
        return SENT[offset : offset + size]

    files = far_files(monkeypatch, content, len(SENT))
    assert len(texts(read(files, LogWindow(400)))) == 400
    assert min(read_at) >= len(SENT) - 2**20


def test_where_the_beginning_cannot_be_had_the_end_is_shown_and_the_reason_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def content(offset: int, size: int) -> bytes:
        if offset < len(SENT) - 2**20:
            raise Refused("there is no room for the rest of it")
        return SENT[offset : offset + size]

    events = read(far_files(monkeypatch, content, len(SENT)), LogWindow(2000))
    assert texts(events) == [line.decode() for line in SENT_LINES[-len(texts(events)) :]]
    assert 1000 < len(texts(events)) < 1100
    assert notices(events) == ["nginx/access.log: there is no room for the rest of it"]


def test_no_lines_are_no_lines() -> None:
    assert read(MemoryFiles({PATH: MemoryFile(b"line\n")}), LogWindow(0)) == []
