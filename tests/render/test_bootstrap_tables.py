"""What `regops bootstrap` prints, to the letter."""

from datetime import UTC, datetime

import pytest

from regops.model.answer import Target
from regops.model.tarball import (
    Download,
    Downloads,
    ObjectKind,
    Outcome,
    Proof,
    StoreAccount,
    StoredObject,
    Tarballs,
)
from regops.render.table import print_answer

TARGET = Target(swift_container="docker-registry.bootstrap")
ACCOUNT = StoreAccount(
    method="keystone v3",
    auth_url="http://keystone:5000/v3",
    user="alice",
    project="images",
    region="north",
    storage_url="http://swift:8080/v1/AUTH_1f",
    variables="OS_*",
    note="ST_AUTH is set too and was not used; to use it, set ST_AUTH_VERSION=1",
)
WHEN = datetime(2026, 11, 23, 18, 20, 33, tzinfo=UTC)
LIST = """\
Swift container docker-registry.bootstrap: 4 objects, 1.2 GB
http://swift:8080/v1/AUTH_1f as alice, project images (keystone v3, from OS_*)
ST_AUTH is set too and was not used; to use it, set ST_AUTH_VERSION=1

Name                                Size  Modified (UTC)    Kind   Checksum
docker-registry-bootstrap-with-   1.2 GB  2026-11-23 18:20  slo    0123456789ab…
a-very-long-name.tar.gz
dynamic.tar                            ?  2026-11-23 18:20  dlo    none
evil\\x1b]0;x\\x07.tar              1 byte  ?                 plain  d41d8cd98f00…
main.tar.gz                      47.6 MB  2026-11-23 18:20  plain  d41d8cd98f00…
"""
DOWNLOADS = """\
Name            Size  Result        Checked
main.tar.gz  47.6 MB  downloaded    md5 agrees
large.tar     1.2 GB  downloaded    every segment agrees
odd.tar       1.2 GB  downloaded    agrees, but for 10 bytes without a checksum
dynamic.tar   3.0 MB  downloaded    nothing to check against
dev.tar.gz   51.1 MB  already here  md5 agrees
gone.tar              failed
"""


def printed(answer: Tarballs | Downloads, capsys: pytest.CaptureFixture[str]) -> str:
    print_answer(answer, color=False)
    return capsys.readouterr().out


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    md5 = "d41d8cd98f00b204e9800998ecf8427e"
    long = "docker-registry-bootstrap-with-a-very-long-name.tar.gz"
    objects = (
        StoredObject(long, 1_200_000_000, WHEN, "0123456789abcdef0123456789abcdef", ObjectKind.SLO, None),
        StoredObject("dynamic.tar", None, WHEN, None, ObjectKind.DLO, None),
        StoredObject("evil\x1b]0;x\x07.tar", 1, None, md5, ObjectKind.PLAIN, None),
        StoredObject("main.tar.gz", 47_600_000, WHEN, md5, ObjectKind.PLAIN, None),
    )
    assert printed(Tarballs(TARGET, ACCOUNT, objects), capsys) == LIST


def test_in_a_pipe_a_name_is_whole_on_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"docker-registry-{'very-' * 60}long-name.tar.gz"
    one = StoredObject(name, 1, WHEN, None, ObjectKind.PLAIN, None, image_tags=(f"registry.example:5000/{name}",))
    answer = Tarballs(TARGET, ACCOUNT, (one,))
    monkeypatch.setenv("COLUMNS", "")
    lines = printed(answer, capsys).splitlines()
    assert lines[-3:] == [
        f"{name}  1 byte  2026-11-23 18:20  plain  none",
        "",
        f"{name} brings registry.example:5000/{name}",
    ]
    monkeypatch.setenv("COLUMNS", "60")
    assert all(len(line) <= 60 for line in printed(answer, capsys).splitlines())


def test_a_list_that_does_not_know_all_tags_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    one = StoredObject("main.tar.gz", 47_600_000, WHEN, None, ObjectKind.PLAIN, None)
    answer = Tarballs(TARGET, ACCOUNT, (one,), "image tags were not asked for")
    assert printed(answer, capsys).endswith("  none\n\nimage tags were not asked for\n")


def test_the_downloads(capsys: pytest.CaptureFixture[str]) -> None:
    def done(name: str, size: int, proof: Proof, unproved: int = 0) -> Download:
        return Download(name, Outcome.DOWNLOADED, name, size, None, proof, unproved_bytes=unproved)

    downloads = (
        done("main.tar.gz", 47_600_000, Proof.MD5),
        done("large.tar", 1_200_000_000, Proof.SEGMENTS),
        done("odd.tar", 1_200_000_000, Proof.PARTLY, 10),
        done("dynamic.tar", 3_000_000, Proof.NONE, 3_000_000),
        Download("dev.tar.gz", Outcome.ALREADY_HERE, "dev.tar.gz", 51_100_000, None, Proof.MD5),
        Download("gone.tar", Outcome.FAILED, error="the object gone.tar is not there", hint="look at the list"),
    )
    assert printed(Downloads(TARGET, ACCOUNT, downloads), capsys) == DOWNLOADS
