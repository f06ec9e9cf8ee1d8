"""Files that are rotated, truncated, removed and made while they are followed: no line lost, none twice."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from regops.collectors import log_follow
from tree import follow, lines_of, notices_of

LOG = "var/log/nginx/error.log"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / LOG
    path.parent.mkdir(parents=True)
    path.write_bytes(b"one\ntwo\n")
    return path


def append(path: Path, text: str) -> Callable[[], None]:
    def step() -> None:
        with path.open("a") as file:
            file.write(text)

    return step


def test_new_lines_follow_the_last_ones(tmp_path: Path, log: Path) -> None:
    events = follow(tmp_path, append(log, "three\n"), append(log, "four\nfive\n"))
    assert lines_of(events) == ["one", "two", "three", "four", "five"]


def test_a_line_is_shown_when_it_is_whole(tmp_path: Path, log: Path) -> None:
    log.write_bytes(b"one\nbeg")
    events = follow(tmp_path, append(log, "inn"), append(log, "ing\nnext\n"))
    assert lines_of(events) == ["one", "beginning", "next"]


def test_rename_and_create_loses_and_repeats_nothing(tmp_path: Path, log: Path) -> None:
    def rotate() -> None:
        log.rename(f"{log}.1")
        log.write_bytes(b"four\n")

    events = follow(tmp_path, append(log, "three\n"), rotate, append(log, "five\n"))
    assert lines_of(events) == ["one", "two", "three", "four", "five"]
    assert any("was rotated" in notice for notice in notices_of(events))


def test_a_writer_that_goes_on_with_the_renamed_file_is_heard(tmp_path: Path, log: Path) -> None:
    old = Path(f"{log}.1")
    steps = (
        lambda: log.rename(old),
        append(old, "three\n"),
        append(log, "four\n"),
        append(old, "late\n"),
        append(log, "five\n"),
    )
    assert lines_of(follow(tmp_path, *steps)) == ["one", "two", "three", "late", "four", "five"]


def test_two_rotations_between_two_looks_lose_nothing(tmp_path: Path, log: Path) -> None:
    def rotate_twice() -> None:
        append(log, "three\n")()
        log.rename(f"{log}.1")
        log.write_bytes(b"four\n")
        Path(f"{log}.1").rename(f"{log}.2")
        log.rename(f"{log}.1")
        log.write_bytes(b"five\n")

    events = follow(tmp_path, rotate_twice, append(log, "six\n"), append(log, "seven\n"))
    assert lines_of(events) == ["one", "two", "three", "four", "five", "six", "seven"]


def test_a_file_cut_to_nothing_is_read_from_its_start(tmp_path: Path, log: Path) -> None:
    events = follow(tmp_path, lambda: os.truncate(log, 0), append(log, "new\n"))
    assert lines_of(events) == ["one", "two", "new"]
    assert any("was truncated" in notice for notice in notices_of(events))


def test_a_file_cut_and_filled_beyond_the_place_is_noticed(tmp_path: Path, log: Path) -> None:
    def copytruncate() -> None:
        shutil.copy(log, f"{log}.1")
        log.write_bytes(b"quite another and longer text\n")

    assert lines_of(follow(tmp_path, copytruncate)) == ["one", "two", "quite another and longer text"]


def test_an_inode_that_is_used_again_is_another_file(tmp_path: Path, log: Path) -> None:
    def replace_file() -> None:
        log.unlink()
        log.write_bytes(b"another\n")

    assert lines_of(follow(tmp_path, replace_file, append(log, "more\n"))) == ["one", "two", "another", "more"]


def test_a_removed_file_is_awaited(tmp_path: Path, log: Path) -> None:
    events = follow(tmp_path, log.unlink, lambda: None, append(log, "again\n"))
    assert lines_of(events) == ["one", "two", "again"]


def test_a_file_that_appears_later_is_followed_from_its_start(tmp_path: Path, log: Path) -> None:
    late = tmp_path / "var/log/supervisor/late.log"
    late.parent.mkdir()
    events = follow(tmp_path, append(late, "early\n"), append(late, "later\n"))
    assert lines_of(events) == ["one", "two", "early", "later"]
    assert "supervisor/late.log is new" in notices_of(events)


def test_a_rotated_file_is_no_new_file(tmp_path: Path, log: Path) -> None:
    def rotate() -> None:
        log.rename(f"{log}.1")
        log.write_bytes(b"three\n")

    events = follow(tmp_path, rotate, lambda: None, lambda: None, patterns=("nginx/*",))
    assert lines_of(events) == ["one", "two", "three"]


def test_a_fifo_in_the_place_of_the_file_is_named_once_and_not_opened(tmp_path: Path, log: Path) -> None:
    def replace_file() -> None:
        log.unlink()
        os.mkfifo(log)

    events = follow(tmp_path, replace_file, lambda: None, lambda: None)
    assert lines_of(events) == ["one", "two"]
    assert len([notice for notice in notices_of(events) if "fifo" in notice]) == 1


def test_a_link_out_put_in_the_place_of_the_file_leads_nowhere(tmp_path: Path, log: Path) -> None:
    secret = tmp_path.parent / f"{tmp_path.name}-secret"
    secret.write_text("canary\n")

    def replace_file() -> None:
        log.unlink()
        log.symlink_to(secret)

    assert "canary" not in str(follow(tmp_path, replace_file, lambda: None))


def test_old_files_are_let_go_when_they_have_been_quiet(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_follow, "_LINGER_SECONDS", 3.0)
    old = Path(f"{log}.1")
    steps = [lambda: log.rename(old), append(log, "new\n"), *[lambda: None] * 5, append(old, "too late\n")]
    assert lines_of(follow(tmp_path, *steps)) == ["one", "two", "new"]
