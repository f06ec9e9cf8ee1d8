"""Files that are rotated, truncated, removed and made while they are followed: no line lost, none twice."""

import gzip
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from regops.collectors.logs import followed_file
from regops.model.log_record import LogRecord
from tree import Restart, follow, lines_of, notices_of

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
        append(log, ""),
        append(old, "late\n"),
        append(log, "new\n"),
    )
    assert lines_of(follow(tmp_path, *steps)) == ["one", "two", "three", "late", "new"]


def test_what_was_written_before_a_late_reopening_comes_before_what_was_written_after(
    tmp_path: Path, log: Path
) -> None:
    old = Path(f"{log}.1")

    def reopen_late() -> None:
        append(old, "late\n")()
        append(log, "new\n")()

    steps = (lambda: log.rename(old), append(log, ""), reopen_late)
    assert lines_of(follow(tmp_path, *steps)) == ["one", "two", "late", "new"]


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


def test_a_copy_has_what_was_written_before_the_file_was_cut(tmp_path: Path, log: Path) -> None:
    def copytruncate() -> None:
        append(log, "three\nfo")()
        shutil.copy(log, f"{log}.1")
        log.write_bytes(b"ur\nfive\n")

    assert lines_of(follow(tmp_path, copytruncate)) == ["one", "two", "three", "fo", "ur", "five"]


def test_a_writer_that_does_not_append_leaves_a_hole_that_is_not_shown(tmp_path: Path, log: Path) -> None:
    with log.open("r+b", buffering=0) as writer:
        writer.seek(0, os.SEEK_END)

        def cut() -> None:
            os.truncate(log, 0)
            writer.write(b"three\n")

        assert lines_of(follow(tmp_path, cut, lambda: writer.write(b"four\n"))) == ["one", "two", "three", "four"]


def test_the_same_text_under_another_identity_is_not_repeated(tmp_path: Path, log: Path) -> None:
    def copy_up() -> None:
        shutil.copy(log, f"{log}-new")
        Path(f"{log}-new").replace(log)
        append(log, "three\n")()

    assert lines_of(follow(tmp_path, copy_up, append(log, "four\n"))) == ["one", "two", "three", "four"]


def test_dated_generations_between_two_looks_are_read_in_their_order(tmp_path: Path, log: Path) -> None:
    def rotate() -> None:
        for day, text in enumerate(("three\n", "four\n"), 1):
            old = Path(f"{log}-2026112{day}")
            log.rename(old)
            os.utime(old, (day, day))
            log.write_text(text)

    assert lines_of(follow(tmp_path, rotate)) == ["one", "two", "three", "four"]


def compress(path: str) -> None:
    written = Path(path).stat().st_mtime_ns
    Path(f"{path}.gz").write_bytes(gzip.compress(Path(path).read_bytes()))
    os.utime(f"{path}.gz", ns=(written, written))
    Path(path).unlink()


def test_a_generation_that_is_compressed_before_anybody_looked_is_read(tmp_path: Path, log: Path) -> None:
    def rotate_twice() -> None:
        append(log, "three\n")()
        log.rename(f"{log}.2")
        compress(f"{log}.2")
        log.write_text("four\n")
        log.rename(f"{log}.1")
        compress(f"{log}.1")
        log.write_text("five\n")

    assert lines_of(follow(tmp_path, rotate_twice)) == ["one", "two", "three", "four", "five"]


def test_a_compressed_copy_has_what_was_written_before_the_file_was_cut(tmp_path: Path, log: Path) -> None:
    def copytruncate() -> None:
        append(log, "three\n")()
        shutil.copy(log, f"{log}.1")
        compress(f"{log}.1")
        log.write_text("four\n")

    assert lines_of(follow(tmp_path, copytruncate)) == ["one", "two", "three", "four"]


def test_a_file_compressed_while_its_container_was_down_is_read_to_its_end(tmp_path: Path, log: Path) -> None:
    def rotate() -> None:
        append(log, "three\n")()
        log.rename(f"{log}.1")
        compress(f"{log}.1")
        log.write_text("four\n")

    assert lines_of(follow(tmp_path, Restart(rotate), append(log, "five\n"))) == ["one", "two", "three", "four", "five"]


def test_older_rotated_files_are_not_shown_when_the_log_is_rotated(tmp_path: Path, log: Path) -> None:
    for number, text in ((1, "newer\n"), (2, "older\n")):
        Path(f"{log}.{number}").write_text(text)
        os.utime(f"{log}.{number}", (number, number))
    compress(f"{log}.2")

    def rotate() -> None:
        Path(f"{log}.1").unlink()
        log.unlink()
        log.write_text("three\n")

    assert lines_of(follow(tmp_path, rotate, lines=2)) == ["one", "two", "three"]


def test_after_a_restart_a_file_goes_on_where_it_was(tmp_path: Path, log: Path) -> None:
    log.write_bytes(b"one\ntwo\nbeg")
    events = follow(tmp_path, Restart(append(log, "inning\n")), append(log, "four\n"))
    assert lines_of(events) == ["one", "two", "beginning", "four"]


def test_a_file_rotated_while_its_container_was_down_is_read_to_its_end(tmp_path: Path, log: Path) -> None:
    def rotate() -> None:
        append(log, "three\n")()
        log.rename(f"{log}.1")
        log.write_bytes(b"four\n")

    assert lines_of(follow(tmp_path, Restart(rotate), append(log, "five\n"))) == ["one", "two", "three", "four", "five"]


def test_another_text_after_a_restart_is_read_from_its_start(tmp_path: Path, log: Path) -> None:
    events = follow(tmp_path, Restart(lambda: log.write_text("fresh and longer than before\n")), append(log, "more\n"))
    assert lines_of(events) == ["one", "two", "fresh and longer than before", "more"]


def test_a_log_of_supervisords_own_naming_goes_on_under_its_new_name(tmp_path: Path, log: Path) -> None:
    folder = tmp_path / "var/log/supervisor"
    folder.mkdir()
    before, after = (folder / f"nginx-stdout---supervisor-{letters}.log" for letters in ("abc", "xyz"))
    before.write_text("three\n")

    def start_supervisord() -> None:
        before.unlink()
        after.write_text("four\n")

    events = follow(tmp_path, append(before, "and\n"), Restart(start_supervisord), append(after, "five\n"))
    assert lines_of(events) == ["one", "two", "three", "and", "four", "five"]
    assert {event.source for event in events if isinstance(event, LogRecord)} == {
        "nginx/error.log", "supervisor/nginx-stdout.log"
    }  # fmt: skip
    assert any("goes on in a new file" in notice for notice in notices_of(events))


def test_a_log_that_is_renamed_when_supervisord_starts_again_has_one_notice(tmp_path: Path, log: Path) -> None:
    folder = tmp_path / "var/log/supervisor"
    folder.mkdir()
    before, after = (folder / f"nginx-stdout---supervisor-{letters}.log" for letters in ("abc", "xyz"))
    before.write_text("three\n")

    def start_supervisord() -> None:
        before.unlink()
        after.write_text("four\n")

    events = follow(tmp_path, append(before, "and\n"), start_supervisord, append(after, "five\n"))
    assert lines_of(events) == ["one", "two", "three", "and", "four", "five"]
    assert len([notice for notice in notices_of(events) if "nginx-stdout" in notice]) == 1


def test_a_line_without_a_time_is_of_now_where_its_log_was_silent_for_long(tmp_path: Path, log: Path) -> None:
    log.write_text("2026/11/23 08:00:00 [error] 15#15: long ago\n")
    output = tmp_path / "var/log/nginx/output.log"
    output.write_text("2026-11-23 08:00:01 long ago\n")
    events = follow(tmp_path, append(output, "untimed\n"), append(output, "and\n  more\n"))
    untimed = [event for event in events if isinstance(event, LogRecord)][2:]
    assert [record.entry.text for record in untimed] == ["untimed", "and\n  more"]
    assert all(record.at is not None and record.at.hour == 9 and record.at.minute >= 12 for record in untimed)


def test_a_renamed_file_is_heard_for_as_long_as_it_has_a_name(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed_file, "_LINGER_SECONDS", 3.0)
    old = Path(f"{log}.1")
    steps = [lambda: log.rename(old), append(log, "new\n"), *[lambda: None] * 5, append(old, "very late\n")]
    assert lines_of(follow(tmp_path, *steps)) == ["one", "two", "new", "very late"]


def test_a_removed_file_is_let_go_when_it_has_been_quiet(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed_file, "_LINGER_SECONDS", 3.0)
    with log.open("ab", buffering=0) as writer:
        steps = [log.unlink, append(log, "new\n"), lambda: writer.write(b"late\n"), *[lambda: None] * 5]
        events = follow(tmp_path, *steps, lambda: writer.write(b"too late\n"))
    assert lines_of(events) == ["one", "two", "new", "late"]


def test_what_was_read_is_not_read_again_whatever_its_name_is_now(tmp_path: Path, log: Path) -> None:
    def rotate(number: int, text: str) -> None:
        log.rename(f"{log}.{number}")
        log.write_text(text)

    # Some number from old to new.
    steps = [lambda: rotate(1, "three\n"), lambda: rotate(2, "four\n"), lambda: rotate(3, "five\n")]
    assert lines_of(follow(tmp_path, *steps)) == ["one", "two", "three", "four", "five"]


def test_a_file_that_comes_back_goes_on_where_it_was(tmp_path: Path, log: Path) -> None:
    def rotate() -> None:
        log.rename(f"{log}.1")
        log.write_text("three\n")

    def undo() -> None:
        Path(f"{log}.1").rename(log)
        append(log, "four\n")()

    assert lines_of(follow(tmp_path, rotate, undo, append(log, "five\n"))) == ["one", "two", "three", "four", "five"]


# K1
def test_a_clock_that_is_set_back_changes_nothing_in_the_order_of_a_log(tmp_path: Path, log: Path) -> None:
    entries = [f"2026/11/23 {clock} [error] 9#9: *1 text" for clock in ("09:12:00", "08:12:01", "10:00:00", "09:12:02")]
    log.write_text(f"{entries[0]}\n")
    steps = [append(log, f"{entry}\n") for entry in entries[1:]]
    assert lines_of(follow(tmp_path, *steps)) == entries
