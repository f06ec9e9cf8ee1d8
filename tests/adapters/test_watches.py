"""What the kernel tells of files that are followed, and following where it tells nothing."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from regops.adapters.container import watches
from regops.adapters.container.file_systems import tells_of_changes
from regops.adapters.container.files import LocalFiles
from regops.collectors.logs.follow import follow_logs
from regops.model.log_filter import LogFilter, LogWindow
from regops.model.log_record import LogRecord
from regops.model.log_request import LogRequest
from regops.model.log_source import Via
from regops.model.log_summary import LogTally
from regops.wiring import SystemClock
from tree import NAME, real_tree_services

SECONDS = 10.0


@pytest.fixture
def files(tmp_path: Path) -> Iterator[LocalFiles]:
    (tmp_path / "log").write_text("one\n")
    root, pidfd = os.open(tmp_path, os.O_PATH | os.O_DIRECTORY), os.pidfd_open(os.getpid())
    try:
        with LocalFiles("tree", root, pidfd) as found:
            yield found
    finally:
        os.close(root)
        os.close(pidfd)


def test_a_write_to_a_watched_file_ends_the_waiting(files: LocalFiles, tmp_path: Path) -> None:
    watch = files.open("/log").watch()
    with (tmp_path / "log").open("a") as log:
        log.write("two\n")
    happened = files.wait(SECONDS)
    assert happened.written == {watch}
    assert (happened.moved, happened.ended, happened.lost) == (frozenset(), False, False)


def test_a_file_that_is_renamed_or_removed_tells_so(files: LocalFiles, tmp_path: Path) -> None:
    file = files.open("/log")
    watch = file.watch()
    (tmp_path / "log").rename(tmp_path / "log.1")
    assert files.wait(SECONDS).moved == {watch}
    assert file.look().has_name
    (tmp_path / "log.1").unlink()
    assert files.wait(SECONDS).moved == {watch}
    assert not file.look().has_name


def test_names_that_come_and_go_in_a_watched_directory_are_told(files: LocalFiles, tmp_path: Path) -> None:
    watch = files.watch("/")
    for change in ((tmp_path / "new").touch, (tmp_path / "new").unlink):
        change()
        assert files.wait(SECONDS).moved == {watch}
    (tmp_path / "log").write_text("what a file holds is no name\n")
    assert files.wait(0).moved == set()


def test_a_closed_file_is_watched_no_longer(files: LocalFiles, tmp_path: Path) -> None:
    file = files.open("/log")
    file.watch()
    file.close()
    (tmp_path / "log").write_text("more\n")
    assert files.wait(0).written == set()


def test_a_watch_that_is_asked_for_again_is_the_same(files: LocalFiles) -> None:
    file = files.open("/log")
    assert file.watch() == file.watch()
    assert files.watch("/") == files.watch("/")


def test_more_events_than_the_kernel_keeps_are_told_as_lost(files: LocalFiles, tmp_path: Path) -> None:
    files.watch("/")
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    for _ in range(most // 2 + 1):
        (tmp_path / "new").touch()
        (tmp_path / "new").unlink()
    assert any(files.wait(0).lost for _ in range(most))


def test_a_descriptor_that_can_be_read_ends_the_waiting(files: LocalFiles) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"\0")
    assert not files.wait(SECONDS, [reading]).ended
    os.close(reading)
    os.close(writing)


def test_file_systems_that_others_write_to_tell_nothing() -> None:
    process = os.open("/proc/self", os.O_PATH)
    assert not tells_of_changes(process)
    assert watches.add_watch(0, process, watches.FILE_EVENTS) is None
    os.close(process)


@pytest.mark.parametrize("told", [True, False])
def test_lines_come_with_the_kernels_help_and_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, told: bool
) -> None:
    log = tmp_path / "var/log/nginx/error.log"
    services = real_tree_services(tmp_path)
    log.write_text("one\n")
    if not told:
        monkeypatch.setattr(watches.Watches, "__init__", lambda self: setattr(self, "fd", -1))
    request = LogRequest(NAME, (), LogWindow(10), LogFilter(), Via.FILES, raw=False, timeout_seconds=SECONDS)
    records = (
        event.entry.text
        for event in follow_logs(services, SystemClock(), request, LogTally())
        if isinstance(event, LogRecord)
    )
    assert next(records) == "one"
    for number in range(3):
        with log.open("a") as file:
            file.write(f"line {number}\n")
        assert next(records) == f"line {number}"
        log.rename(f"{log}.1")
        log.write_text(f"next {number}\n")
        assert next(records) == f"next {number}"
    records.close()
