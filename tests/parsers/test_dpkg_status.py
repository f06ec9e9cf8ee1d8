"""dpkg's list of what is installed."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.dpkg_status import InstalledPackage, parse_dpkg_status
from parsers.errors import ParseError

SAMPLES = Path(__file__).parent / "samples" / "dpkg_status"


def test_a_real_list_is_read_with_sources_where_they_have_other_names_or_versions() -> None:
    found = {one.name: one for one in parse_dpkg_status((SAMPLES / "bookworm.txt").read_text())}
    registry = found["docker-registry"]
    assert ("golang-1.19", "1.19.8-2") in registry.built_using
    assert ("golang-github-ncw-swift", "1.0.53-2") in registry.built_using
    assert replace(registry, built_using=()) == InstalledPackage(
        name="docker-registry",
        version="2.8.2+ds1-1",
        architecture="amd64",
        source="docker-registry",
        source_version="2.8.2+ds1-1",
        maintainer="Debian Go Packaging Team <team+pkg-go@tracker.debian.org>",
        homepage="https://github.com/docker/distribution",
        summary="Docker toolset to pack, ship, store, and deliver content",
    )
    assert (found["bash"].version, found["bash"].source_version) == ("5.2.15-2+b13", "5.2.15-2")
    libc = found["libc6"]
    assert (libc.source, libc.source_version) == ("glibc", libc.version)
    assert (found["adduser"].architecture, found["adduser"].source) == ("all", "adduser")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("\n\n\n", ()),
        ("Package: a\nVersion: 1\nStatus: install ok installed", ("a",)),
        ("Package: a\nVersion: 1\nStatus: deinstall ok config-files\n\n", ()),
        ("Package: a\nVersion: 1\nStatus: install reinstreq half-installed\n\n", ()),
        ("Package: a\nVersion: 1\n\n", ()),
        ("Package: a\nVersion: 1\nStatus: install ok installed\nPackage: b\n\n", ("a",)),
        ("Package: a\r\nVersion: 1\r\nStatus: install ok installed\r\n\r\n", ("a",)),
    ],
)
def test_only_what_is_installed_counts(text: str, names: tuple[str, ...]) -> None:
    assert tuple(one.name for one in parse_dpkg_status(text)) == names


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("no list at all\n", 1),
        ("Package: a\nVersion: 1\n???\n", 3),
        ("Status: install ok installed\n", 1),
        ("Package: a\nVersion: 1\nStatus: x\n\nPackage: b\n\n", 5),
    ],
)
def test_what_is_no_such_list_is_told_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ParseError) as caught:
        parse_dpkg_status(text, "the list")
    assert (caught.value.source, caught.value.line) == ("the list", line)


@given(st.text())
def test_no_text_makes_it_fail_otherwise(text: str) -> None:
    try:
        found = parse_dpkg_status(text)
    except ParseError:
        return
    assert all(one.name and one.version for one in found)
