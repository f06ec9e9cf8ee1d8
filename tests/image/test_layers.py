"""Root file systems as layers: the same bytes for the same content, and only what is new."""

import io
import tarfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_installer import NOW, PACKED, files_of, root_tar
from regops.errors import Failed
from regops.image.layers import Entry, file_layer, read_root, write_layer
from regops.image.left_out import is_left_out
from regops.image.recipes import Owned
from regops.model.built_image import LayerFacts

SHADOW = "root:*:{day}:0:99999:7:::\nredis:!:{day}::::::\n"


def layer_of(tar: bytes, below: dict[str, Entry] | None = None, *, began: int = NOW) -> tuple[bytes, LayerFacts]:
    out = io.BytesIO()
    root = read_root(io.BytesIO(tar), began)
    facts = write_layer(io.BytesIO(tar), root, below or {}, out, began=began, epoch=root.newest)
    return out.getvalue(), facts


def entries(tar: bytes) -> dict[str, Entry]:
    return dict(read_root(io.BytesIO(tar), NOW).entries)


def members(tar: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        return {member.name: member for member in archive}


def archived(*made: tuple[str, dict[str, Any]], content: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, facts in made:
            member = tarfile.TarInfo(name)
            for key, value in facts.items():
                setattr(member, key, value)
            member.size = len(content) if member.isreg() else 0
            archive.addfile(member, io.BytesIO(content if member.isreg() else b""))
    return buffer.getvalue()


def test_a_layer_does_not_tell_when_or_where_it_was_made() -> None:
    packed = {"usr/bin/nginx": PACKED}
    monday = root_tar({"usr/bin/nginx": "n", "etc/made": "m", "etc/shadow": SHADOW.format(day=20415)}, packed=packed)
    tuesday = monday.replace(b"20415", b"20416")
    later = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(tuesday)) as old, tarfile.open(fileobj=later, mode="w") as new:
        for member in old:
            member.mtime += 86400 if member.mtime >= NOW else 0
            member.uname, member.gname = "somebody", "else"
            new.addfile(member, old.extractfile(member) if member.isreg() else None)
    one, facts = layer_of(monday)
    assert (one, facts) == layer_of(later.getvalue())
    assert files_of(one)["etc/shadow"] == b"root:*::0:99999:7:::\nredis:!:::::::\n"
    assert {name: int(member.mtime) for name, member in members(one).items()} == dict.fromkeys(members(one), PACKED)
    assert facts.size_bytes == len(one)


def test_a_file_of_a_package_keeps_its_own_date_or_compiled_python_would_not_be_used() -> None:
    made, _ = layer_of(root_tar({"a.py": "1", "b.py": "2"}, packed={"a.py": PACKED - 500, "b.py": PACKED}))
    assert {name: int(member.mtime) for name, member in members(made).items()} == {"a.py": PACKED - 500, "b.py": PACKED}


def test_only_what_is_new_or_changed_goes_into_a_layer_and_what_is_gone_is_hidden() -> None:
    below = root_tar({"same": "1", "changed": "1", "gone/a": "1", "gone/b": "2", "kept/gone": "3", "kept/x": "4"})
    above = root_tar({"same": "1", "changed": "2", "kept/x": "4", "new/file": "5"})
    made, _ = layer_of(above, entries(below))
    assert set(members(made)) == {".wh.gone", "kept/.wh.gone", "changed", "new", "new/file"}
    assert files_of(made)["changed"] == b"2"


@pytest.mark.parametrize(
    "change", [{"mode": 0o755}, {"uid": 7}, {"gid": 7}, {"type": tarfile.SYMTYPE, "linkname": "b"}]
)
def test_another_owner_mode_or_kind_is_a_change(change: dict[str, Any]) -> None:
    one, other = archived(("./a", {})), archived(("./a", change))
    assert set(members(layer_of(other, entries(one))[0])) == {"a"}
    assert members(layer_of(other, entries(other))[0]) == {}


def test_a_mode_that_says_the_kind_of_file_as_well_is_the_same_mode() -> None:
    """Docker's exports have it, as stat(2) has it, and Python's tarfile never writes it."""
    plain = archived(("a", {"mode": 0o644}))
    header = tarfile.TarInfo.frombuf(plain[:512], "ascii", "strict")
    # One digit became 1, so the sum of the header's bytes is one more.
    with_kind = plain.replace(b"0000644\0", b"0100644\0").replace(
        b"%06o\0" % header.chksum, b"%06o\0" % (header.chksum + 1)
    )
    with tarfile.open(fileobj=io.BytesIO(with_kind)) as archive:
        assert [member.mode for member in archive] == [0o100644]
    assert entries(with_kind) == entries(plain)


def test_a_hard_link_brings_its_target_for_a_layer_is_unpacked_by_itself() -> None:
    target, link = ("./bin/a", {}), ("./bin/b", {"type": tarfile.LNKTYPE, "linkname": "./bin/a"})
    made, _ = layer_of(archived(target, link, content=b"program"), entries(archived(target, content=b"program")))
    assert {name: member.type for name, member in members(made).items()} == {
        "bin/a": tarfile.REGTYPE,
        "bin/b": tarfile.LNKTYPE,
    }
    assert members(made)["bin/b"].linkname == "bin/a"


def test_a_hard_link_to_what_stays_out_is_an_error_and_no_broken_file() -> None:
    tar = archived(("var/log/a", {}), ("etc/b", {"type": tarfile.LNKTYPE, "linkname": "var/log/a"}))
    with pytest.raises(Failed, match="etc/b of the root file system is a hard link to var/log/a"):
        layer_of(tar)


@pytest.mark.parametrize("name", ["../outside", "a/../../b", "./../x"])
def test_a_path_that_leads_out_is_refused(name: str) -> None:
    with pytest.raises(Failed, match="leads out of it"):
        layer_of(archived((name, {})))


@pytest.mark.parametrize("junk", [b"", b"junk" * 400, archived(("a", {}), content=b"x" * 2000)[:1500]])
def test_what_is_no_tar_is_told(junk: bytes) -> None:
    with pytest.raises(Failed, match="no tar"):
        layer_of(junk)


@given(st.dictionaries(st.from_regex(r"[a-c](/[a-c]){0,2}/f", fullmatch=True), st.binary(max_size=5), max_size=6))
def test_a_layer_over_its_own_root_is_empty(files: dict[str, bytes]) -> None:
    tar = root_tar({"usr/bin/a": "", **files})
    assert members(layer_of(tar, entries(tar))[0]) == {}


@pytest.mark.parametrize(
    "name",
    [
        "dev/null", "tmp/x", "run/a.pid", "var/log/nginx/access.log", "etc/machine-id", "var/lib/dbus/machine-id",
        "etc/hostname", "etc/resolv.conf", "etc/hosts", ".dockerenv", "etc/ssh/ssh_host_rsa_key", "etc/shadow-",
        "etc/ssl/private/ssl-cert-snakeoil.key", "var/lib/apt/lists/a_InRelease", "var/cache/apt/pkgcache.bin",
        "var/cache/debconf/config.dat-old", "usr/share/doc/nginx/changelog.gz", "usr/share/locale/de/a.mo",
        "root/.bash_history", "var/cache/ldconfig/aux-cache",
    ],
)  # fmt: skip
def test_traces_of_the_making_and_of_the_machine_stay_out(name: str) -> None:
    assert is_left_out(name, is_directory=False)


@pytest.mark.parametrize(
    "name",
    [
        "dev", "tmp", "var/log", "etc/shadow", "etc/passwd", "etc/ssl/certs/ca-certificates.crt", "usr/bin/dpkg-old",
        "usr/share/doc/nginx/copyright", "usr/share/doc/libatomic1", "usr/share/locale/locale.alias",
        "var/lib/dpkg/status", "etc/hosts.allow", "usr/share/man-db",
    ],
)  # fmt: skip
def test_what_belongs_to_the_packages_goes_in(name: str) -> None:
    assert not is_left_out(name, is_directory=False)


def test_folders_for_logs_go_in_and_logs_do_not() -> None:
    assert not is_left_out("var/log/nginx", is_directory=True)
    assert is_left_out("var/log/nginx", is_directory=False)


def test_files_of_ours_belong_to_root_and_scripts_are_executable_but_for_what_is_said() -> None:
    texts = {"etc/passwd": "root:x:0:0::/:\nredis:x:101:103::/:\nbroken\n", "etc/group": "redis:x:103:\n"}
    owned = [Owned("etc/redis.conf", "redis", "redis", 0o640), Owned("var/lib/data", "redis", "redis", 0o2770)]
    files = {"etc/redis.conf": b"port 1\n", "usr/bin/loop": b"#!/bin/sh\n", "etc/plain": b""}
    made = file_layer(files, owned, texts, epoch=PACKED)
    found = {name: (one.type, one.mode, one.uid, one.gid, one.mtime) for name, one in members(made).items()}
    assert found == {
        "etc/plain": (tarfile.REGTYPE, 0o644, 0, 0, PACKED),
        "etc/redis.conf": (tarfile.REGTYPE, 0o640, 101, 103, PACKED),
        "usr/bin/loop": (tarfile.REGTYPE, 0o755, 0, 0, PACKED),
        "var/lib/data": (tarfile.DIRTYPE, 0o2770, 101, 103, PACKED),
    }


def test_an_owner_the_image_does_not_know_is_told() -> None:
    with pytest.raises(Failed, match="var/x of the image shall belong to nobody2"):
        file_layer({}, [Owned("var/x", "nobody2", "root", 0o755)], {"etc/passwd": "", "etc/group": ""}, epoch=PACKED)
