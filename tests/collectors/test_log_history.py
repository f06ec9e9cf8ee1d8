"""The files of one log: found once each, in order, whatever rotation they went through and goes on around us."""

import gzip
from random import Random

import pytest

from memory_files import MemoryFile, MemoryFiles
from random_logs import ACCESS, read, records
from regops.collectors.logs.gzip_file import GzipFile
from regops.collectors.logs.history import generations, is_generation
from regops.model.log_filter import LogWindow
from regops.model.log_source import Notice

PATH = f"/var/log/{ACCESS}"


def files_named(*suffixes: str) -> MemoryFiles:
    return MemoryFiles({PATH + suffix: MemoryFile(b"", 1000.0 - age) for age, suffix in enumerate(suffixes)})


def text_files(**texts: str) -> MemoryFiles:
    """Return the files of a log by their suffixes: `_1` is `.1`, `_2_gz` is compressed."""
    found = MemoryFiles()
    for age, (key, text) in enumerate(texts.items()):
        suffix = key.removeprefix("now").replace("_", ".")
        content = text.encode()
        found.files[PATH + suffix] = MemoryFile(
            gzip.compress(content) if suffix.endswith("gz") else content, 10_000.0 - age
        )
    return found


def texts(files: MemoryFiles, window: LogWindow | None = None, *patterns: str) -> list[str]:
    found = read(files, window or LogWindow(), patterns=patterns)
    return [line for record in records(found) for line in record.entry.text.split("\n")]


@pytest.mark.parametrize(
    "suffixes",
    [
        ("", ".1", ".2.gz", ".3.gz", ".10.gz", ".11.gz"),
        ("", ".1", ".2", ".3", ".9", ".10"),
        ("", "-20261123", "-20261122.gz", "-20261101.gz", "-20251231.gz"),
        ("", "-20261123-1795425120", "-20261123-1795421520.gz", "-20261123.gz", "-20261122.gz"),
        ("", "-2026-11-23", "-2026-11-22.gz"),
        ("", ".1", ".2.gz", "-20261123.gz", "-20261122.gz"),
    ],
)
def test_generations_come_from_new_to_old(suffixes: tuple[str, ...]) -> None:
    files = files_named(*suffixes)
    for other in ("2", ".1.bak", ".old", "-stderr", ".gz", ".1234567", ".1.gz.tmp"):
        files.files[PATH + other] = MemoryFile(b"of another log\n")
    assert [generation.path.removeprefix(PATH) for generation in generations(files, PATH)] == list(suffixes)


def test_a_file_that_is_being_compressed_counts_once() -> None:
    files = files_named("", ".1", ".2", ".3.gz")
    files.files[f"{PATH}.2.gz"] = MemoryFile(b"half")
    assert [generation.path.removeprefix(PATH) for generation in generations(files, PATH)] == ["", ".1", ".2", ".3.gz"]


def test_a_file_with_two_names_counts_once() -> None:
    files = files_named("", ".1")
    files.files[f"{PATH}.2"] = files.files[f"{PATH}.1"]
    assert len(generations(files, PATH)) == 2


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("access.log.1", True), ("x.log-20261123.gz", True), ("access.log", False), ("a.log.old", False), (".1", False)],
)
def test_names_that_rotation_gives_are_known(name: str, is_one: bool) -> None:
    assert is_generation(name) is is_one


def test_the_last_lines_go_on_in_the_rotated_files() -> None:
    files = text_files(now="six\n", _1="four\nfive\n", _2_gz="two\nthree\n", _3_gz="one\n")
    assert texts(files, LogWindow(4)) == ["three", "four", "five", "six"]
    assert texts(files) == ["one", "two", "three", "four", "five", "six"]


def test_older_files_are_not_touched_when_the_newer_ones_are_enough() -> None:
    line = b"x" * 99 + b"\n"
    files = MemoryFiles({PATH: MemoryFile(line * 10_000), f"{PATH}.1": MemoryFile(line)})
    read(files, LogWindow(10))
    assert files.opened == [PATH]


def test_a_rotated_file_that_is_named_is_read_alone() -> None:
    files = text_files(now="six\n", _1="four\nfive\n", _2_gz="two\nthree\n")
    assert texts(files, None, "access.log.1") == ["four", "five"]
    assert texts(files, None, "access.log.2.gz") == ["two", "three"]


@pytest.mark.parametrize("listing", range(1, 8))
def test_a_rotation_at_any_moment_loses_and_repeats_nothing(listing: int) -> None:
    files = text_files(now="six\n", _1="four\nfive\n", _2_gz="two\nthree\n", _3_gz="one\n")
    seen = 0

    def rotate() -> None:
        nonlocal seen
        seen += 1
        if seen == listing:
            moved = files.files
            files.files = {
                PATH: MemoryFile(b"seven\n"),
                f"{PATH}.1": moved[PATH],
                f"{PATH}.2": moved[f"{PATH}.1"],
                f"{PATH}.3.gz": moved[f"{PATH}.2.gz"],
                f"{PATH}.4.gz": moved[f"{PATH}.3.gz"],
            }

    files.before_names = rotate
    found = texts(files)
    before = ["one", "two", "three", "four", "five", "six"]
    assert found in (before, [*before, "seven"])


def test_a_file_that_was_compressed_meanwhile_is_passed_over_for_the_one_before_it() -> None:
    files = text_files(now="six\n", _1="four\nfive\n", _2_gz="two\nthree\n", _3_gz="one\n")

    def compress() -> None:
        if f"{PATH}.1" in files.opened and f"{PATH}.4.gz" not in files.files:
            moved = files.files
            files.files = {
                PATH: MemoryFile(b"seven\n"),
                f"{PATH}.1": moved[PATH],
                f"{PATH}.2.gz": MemoryFile(gzip.compress(b"four\nfive\n")),
                f"{PATH}.3.gz": moved[f"{PATH}.2.gz"],
                f"{PATH}.4.gz": moved[f"{PATH}.3.gz"],
            }

    files.before_names = compress
    assert texts(files) == ["one", "two", "three", "four", "five", "six"]
    assert f"{PATH}.4.gz" in files.opened


@pytest.mark.parametrize(("keep", "said"), [(-8, "its end is missing"), (40, "its end is missing")])
def test_what_a_cut_file_holds_is_shown_and_the_cut_is_said(keep: int, said: str) -> None:
    content = b"".join(b"%d\n" % number for number in range(1000))
    files = MemoryFiles({f"{PATH}.1.gz": MemoryFile(gzip.compress(content)[:keep]), PATH: MemoryFile(b"last\n")})
    events = read(files, LogWindow())
    assert records(events)[-1].entry.text == "last"
    assert any(said in event.text for event in events if isinstance(event, Notice))


def test_a_damaged_file_costs_no_more_than_itself() -> None:
    files = MemoryFiles({f"{PATH}.1.gz": MemoryFile(b"no gzip at all"), PATH: MemoryFile(b"last\n")})
    for window in (LogWindow(), LogWindow(10)):
        events = read(files, window)
        assert [record.entry.text for record in records(events)] == ["last"]
        assert any("damaged" in event.text for event in events if isinstance(event, Notice))


def test_a_gzipped_file_can_be_read_at_any_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regops.collectors.logs.gzip_file._APART", 3000)
    monkeypatch.setattr("regops.collectors.logs.gzip_file._CHUNK", 1000)
    random = Random(1)
    for _ in range(60):
        parts = [bytes(random.choices(b"abc\n", k=random.randint(0, 9000))) for _ in range(random.randint(1, 3))]
        whole = b"".join(parts)
        packed = b"".join(gzip.compress(part) for part in parts) + bytes(random.choice([0, 0, 3000]))
        opened = MemoryFiles({"/x.gz": MemoryFile(packed)}).open("/x.gz")
        file = GzipFile(opened, lambda: None)
        if random.random() < 0.5:
            assert file.size_bytes() == len(whole)
        for _ in range(20):
            offset, size = random.randint(0, len(whole) + 10), random.randint(0, 3000)
            assert file.read(offset, size) == whole[offset : offset + size]
        assert (file.size_bytes(), file.damage) == (len(whole), "")


def test_a_bomb_is_unpacked_a_piece_at_a_time_and_no_longer_than_it_may() -> None:
    class Enough(Exception):
        pass

    pieces = 0

    def check() -> None:
        nonlocal pieces
        pieces += 1
        if pieces > 300:
            raise Enough

    packed = gzip.compress(bytes(64 * 1024 * 1024))
    file = GzipFile(MemoryFiles({"/x.gz": MemoryFile(packed)}).open("/x.gz"), check)
    with pytest.raises(Enough):
        file.size_bytes()


def test_a_name_that_is_almost_one_of_rotation_is_told_at_once() -> None:
    assert is_generation(f"access.log-20261123{'1' * 200}")
    assert not is_generation(f"access.log-20261123{'1' * 200}x")
