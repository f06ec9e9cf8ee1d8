"""Files that appear whole or not at all."""

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from bent_download import names_in
from regops.collectors.bootstrap.part import Part
from regops.collectors.bootstrap.part_file import open_folder
from regops.collectors.bootstrap.part_note import Whole
from regops.errors import Failed, NotFound, PermissionDenied, Refused


def bring(part: Part, content: bytes) -> None:
    claim = part.claim()
    assert claim is not None
    assert part.write(claim, content)
    part.release(claim)


def write(root: Path, name: str, content: bytes) -> Path:
    with open_folder(root, name) as place, place.part(None) as part:
        bring(part, content)
        part.keep()
    return place.path


def test_a_whole_file_gets_its_name_and_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        path = write(tmp_path, "image.tar", b"whole")
    finally:
        os.umask(before)
    assert path.read_bytes() == b"whole"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names_in(tmp_path) == ["image.tar"]


def write_known(folder: Path, content: bytes) -> None:
    with open_folder(folder, "image.tar") as place, place.part(WHOLE) as part:
        bring(part, content)
        part.keep()


def test_a_run_that_ends_while_the_disk_is_waited_for_leaves_what_the_next_one_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(descriptor: int) -> None:
        raise SystemExit

    before = os.umask(0o002)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", ended)
            with pytest.raises(SystemExit):
                write_known(tmp_path, b"all of it")
        with open_folder(tmp_path, "image.tar") as place, place.part(WHOLE) as part:
            assert part.carried_bytes == 9
            part.keep()
    finally:
        os.umask(before)
    assert (tmp_path / "image.tar").read_bytes() == b"all of it"
    assert stat.S_IMODE((tmp_path / "image.tar").stat().st_mode) == 0o664


def test_folders_that_are_made_are_on_the_disk_before_the_file_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, safe = os.fsync, list[Path]()

    def noted(descriptor: int) -> None:
        safe.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    write(tmp_path, "2026/11/image.tar", b"whole")
    inner = tmp_path / "2026" / "11"
    assert safe == [tmp_path, tmp_path / "2026", inner / ".image.tar.part", inner]


def test_nobody_else_may_read_it_while_it_is_not_checked(tmp_path: Path) -> None:
    with open_folder(tmp_path, "image.tar") as place, place.part(None) as part:
        bring(part, b"half")
        assert names_in(tmp_path) == [".image.tar.part"]
        assert stat.S_IMODE((tmp_path / ".image.tar.part").stat().st_mode) == 0o600


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_nothing_stays_of_a_file_that_failed(tmp_path: Path, failure: type[BaseException]) -> None:
    (tmp_path / "image.tar").write_bytes(b"the old one")

    def fail() -> None:
        with open_folder(tmp_path, "image.tar") as place, place.part(None) as part:
            bring(part, b"half")
            raise failure

    with pytest.raises(failure):
        fail()
    assert names_in(tmp_path) == ["image.tar"]
    assert (tmp_path / "image.tar").read_bytes() == b"the old one"


def test_what_a_killed_run_left_is_taken_over(tmp_path: Path) -> None:
    left = tmp_path / ".image.tar.part"
    left.write_bytes(b"longer than what comes now")
    left.chmod(0o600)
    assert write(tmp_path, "image.tar", b"whole").read_bytes() == b"whole"
    assert names_in(tmp_path) == ["image.tar"]


WHOLE = Whole("images", "image.tar", "36009842d5911892446289808532eb1a", 9)
ANOTHER = replace(WHOLE, etag="0cc175b9c0f1b6a831c399e269772661")


def half(tmp_path: Path, whole: Whole | None) -> None:
    with open_folder(tmp_path, "image.tar") as place, place.part(whole) as part:
        bring(part, b"half")


@pytest.mark.parametrize(
    ("before", "after", "there"),
    [(WHOLE, WHOLE, b"half"), (WHOLE, ANOTHER, b""), (WHOLE, None, b""), (None, WHOLE, b""), (None, None, b"")],
)
def test_a_part_is_taken_over_only_for_what_it_is_a_part_of(
    before: Whole | None, after: Whole | None, there: bytes, tmp_path: Path
) -> None:
    half(tmp_path, before)
    with open_folder(tmp_path, "image.tar") as place, place.part(after) as part:
        assert b"".join(part.contents(0)) == there
        assert part.size_bytes == len(there)
        bring(part, b" and half")
        part.keep()
    assert (tmp_path / "image.tar").read_bytes() == there + b" and half"
    assert names_in(tmp_path) == ["image.tar"]


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"[]",
        b"{}",
        b"[" * 9999,
        b"\xff",
        b'{"etag": []}',
        b'{"block_bytes": Infinity, "filled": [1]}',
        bytes(99999),
        "link",
        "fifo",
    ],
)
def test_a_note_that_cannot_be_trusted_says_nothing(note: bytes | str, tmp_path: Path) -> None:
    half(tmp_path, WHOLE)
    path = tmp_path / ".image.tar.part.json"
    path.rename(tmp_path / "victim")
    match note:
        case "link":
            path.symlink_to(tmp_path / "victim")
        case "fifo":
            os.mkfifo(path, 0o600)
        case _:
            path.write_bytes(bytes(note, "ascii") if isinstance(note, str) else note)
    with open_folder(tmp_path, "image.tar") as place, place.part(WHOLE) as part:
        assert part.size_bytes == 0
        part.keep()
    assert names_in(tmp_path) == ["image.tar", "victim"]


def test_what_was_discarded_is_gone(tmp_path: Path) -> None:
    with open_folder(tmp_path, "image.tar") as place, place.part(WHOLE) as part:
        bring(part, b"half")
        part.discard()
    assert names_in(tmp_path) == []


def test_a_note_that_outlived_its_part_is_removed(tmp_path: Path) -> None:
    half(tmp_path, WHOLE)
    with open_folder(tmp_path, "image.tar") as place:
        place.tidy()
        assert len(names_in(tmp_path)) == 2
        (tmp_path / ".image.tar.part").unlink()
        place.tidy()
    assert names_in(tmp_path) == []


def test_slashes_in_a_name_make_folders(tmp_path: Path) -> None:
    assert write(tmp_path, "2026/11/image.tar", b"whole") == tmp_path / "2026" / "11" / "image.tar"
    assert (tmp_path / "2026" / "11" / "image.tar").read_bytes() == b"whole"


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "x/../../y",
        "/etc/cron.d/x",
        "a//b",
        "a/",
        "./x",
        "x\x00y",
        "a\nb",
        "\x1b[31m",
        "\x9b2J",
        "a/.x.part",
        ".x.tar.part.json",
    ],
)
def test_names_that_lead_elsewhere_or_steer_a_terminal_make_no_file(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(Refused), open_folder(inside, name):
        pass
    assert [str(path) for path in tmp_path.rglob("*")] == [str(inside)]


def test_a_name_that_is_no_unicode_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no Unicode"), open_folder(tmp_path, "image\udcff.tar"):
        pass


def test_two_at_once_do_not_write_into_each_other(tmp_path: Path) -> None:
    with open_folder(tmp_path, "image.tar") as place, place.part(None) as part:
        with pytest.raises(Refused, match="another process is downloading"):
            write(tmp_path, "image.tar", b"the second")
        bring(part, b"the first")
        part.keep()
    assert (tmp_path / "image.tar").read_bytes() == b"the first"


@pytest.mark.parametrize("planted", ["link", "hard link", "folder", "fifo", "writable by all"])
def test_a_part_file_that_someone_planted_is_not_written_to(tmp_path: Path, planted: str) -> None:
    victim, part = tmp_path / "victim", tmp_path / ".image.tar.part"
    victim.write_bytes(b"precious")
    match planted:
        case "link":
            part.symlink_to(victim)
        case "hard link":
            part.hardlink_to(victim)
        case "folder":
            part.mkdir()
        case "fifo":
            os.mkfifo(part, 0o600)
        case _:
            part.write_bytes(b"")
            part.chmod(0o666)
    with pytest.raises(Refused):
        write(tmp_path, "image.tar", b"whole")
    assert victim.read_bytes() == b"precious"
    assert part.is_symlink() or part.exists()
    assert not (tmp_path / "image.tar").exists()


def test_a_folder_of_the_name_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "2026").symlink_to(outside)
    with pytest.raises(Refused):
        write(tmp_path, "2026/image.tar", b"whole")
    assert names_in(outside) == []


def test_a_final_name_that_is_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "image.tar").symlink_to(victim)
    write(tmp_path, "image.tar", b"whole")
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "image.tar").is_symlink()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere: no such folder"), open_folder(tmp_path / "nowhere", "image.tar"):
        pass


def test_a_name_too_long_for_the_file_system_is_a_failure_in_words(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="name too long"):
        write(tmp_path, "x" * 250, b"whole")


def test_more_than_fits_is_refused_before_a_byte_is_written(tmp_path: Path) -> None:
    with (
        pytest.raises(Failed, match="needs 1153 PB"),
        open_folder(tmp_path, "image.tar") as place,
        place.part(None),
    ):
        place.check_space(1 << 60)
    assert names_in(tmp_path) == []


@pytest.mark.root
def test_a_folder_without_permission_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    os.seteuid(65534)
    try:
        with pytest.raises(PermissionDenied, match="cannot be written"):
            write(tmp_path, "image.tar", b"whole")
    finally:
        os.seteuid(0)
