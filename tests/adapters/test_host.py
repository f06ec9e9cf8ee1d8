"""This machine's addresses and time zone, and files that are replaced whole."""

import os
import stat
import time
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from regops.adapters.host import LocalZone, is_own_address, replace_file
from regops.errors import Failed


@pytest.mark.parametrize(("address", "own"), [("127.0.0.1", True), ("127.9.9.9", True), ("198.51.100.7", False)])
def test_an_address_is_known_as_ours_or_not(address: str, own: bool) -> None:
    assert is_own_address(address) is own


def test_an_address_of_the_newer_internet_protocol_is_no_obstacle() -> None:
    assert not is_own_address("2001:db8::7")


def test_a_file_is_replaced_and_readable_for_all_whatever_the_mask(tmp_path: Path) -> None:
    path = tmp_path / "nginx.prom"
    path.write_text("old")
    before = os.umask(0o077)
    try:
        replace_file(path, "new\n")
    finally:
        os.umask(before)
    assert path.read_text() == "new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [found.name for found in tmp_path.iterdir()] == ["nginx.prom"]


def test_a_link_at_the_name_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "nginx.prom"
    victim.write_text("untouched")
    path.symlink_to(victim)
    replace_file(path, "new")
    assert (victim.read_text(), path.read_text(), path.is_symlink()) == ("untouched", "new", False)


def test_a_file_that_cannot_be_replaced_keeps_its_contents_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "nginx.prom"
    path.mkdir()
    (path / "inside").write_text("old")
    with pytest.raises(Failed, match="cannot write") as failed:
        replace_file(path, "new")
    assert failed.value.hint
    assert [name.name for name in tmp_path.rglob("*")] == ["nginx.prom", "inside"]


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="No such file or directory"):
        replace_file(tmp_path / "none" / "nginx.prom", "new")


def test_a_full_disk_keeps_the_old_contents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "nginx.prom"
    path.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Failed, match="No space left"):
        replace_file(path, "new")
    assert (path.read_text(), list(tmp_path.iterdir())) == ("old", [path])


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("berlin")
def test_the_local_zone_is_that_of_the_operator_in_summer_and_in_winter() -> None:
    zone = LocalZone()
    for month, hour in ((7, 14), (11, 13)):
        moment = datetime(2026, month, 1, 12, tzinfo=UTC)
        local = moment.astimezone(zone)
        assert (local.hour, local.astimezone(UTC)) == (hour, moment)
        assert local.replace(tzinfo=None).replace(tzinfo=zone) == moment
    assert f"{datetime(2026, 7, 1, tzinfo=zone):%Z %z}" == "CEST +0200"
    assert (zone.utcoffset(None), zone.dst(None), zone.tzname(None)) == (None, None, None)


@pytest.mark.usefixtures("berlin")
def test_of_an_hour_that_comes_twice_each_is_told() -> None:
    moments = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    local = [moment.astimezone(LocalZone()) for moment in moments]
    assert [f"{each:%H:%M %z}" for each in local] == ["02:30 +0200", "02:30 +0100"]
    assert [each.astimezone(UTC) for each in local] == moments
