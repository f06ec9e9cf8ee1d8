"""What people read after an upload."""

from datetime import UTC, datetime
from typing import Any

import pytest

from regops.model.answer import Target
from regops.model.tarball import ObjectKind, StoreAccount
from regops.model.upload import Uploaded
from regops.render.table import print_answer

ACCOUNT = StoreAccount("v1", None, "alice", None, None, "http://swift:8080/v1/AUTH_1f", "ST_*")


def printed(capsys: pytest.CaptureFixture[str], **said: Any) -> str:
    facts: dict[str, Any] = {
        "target": Target(swift_container="docker-registry.bootstrap"),
        "account": ACCOUNT,
        "name": "main.tar.gz",
        "source": "./main.tar.gz",
        "from_image": False,
        "kind": ObjectKind.SLO,
        "size_bytes": 207_200_000,
        "etag": "e" * 32,
        "sha256": "0" * 64,
        "tags": ("registry:1",),
        "segments": 4,
        "resumed_bytes": 0,
        "replaced": True,
        "made_swift_container": False,
        "removed_segments": 0,
        "shared_segments": 0,
        "unclear_segments": 0,
        "other_segments": 0,
    }
    print_answer(Uploaded(**{**facts, **said}), color=False)
    return " ".join(capsys.readouterr().out.split())


def test_what_was_there_already_is_told_as_that(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, resumed_bytes=207_200_000)
    assert "207.2 MB of it was in Swift already, and was taken over" in text


def test_what_brings_no_tag_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert "brings no tag" in printed(capsys, tags=())
    assert "no tag" not in printed(capsys)


def test_a_container_that_was_made_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert "it was made" not in printed(capsys)
    text = printed(capsys, made_swift_container=True)
    assert "there was no Swift container docker-registry.bootstrap: it was made" in text


@pytest.mark.parametrize(("count", "said"), [(1, "1 segment "), (3, "3 segments ")])
def test_segments_are_counted_in_good_english(count: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    until = datetime(2026, 11, 24, 5, 12, tzinfo=UTC)
    text = printed(
        capsys,
        removed_segments=count,
        shared_segments=count,
        unclear_segments=count,
        other_segments=count,
        other_until=until,
    )
    assert f"removed {said}that no object here uses any more" in text
    assert f"left {said}that another object here is made of" in text
    assert f"left {said}of earlier uploads of this name: it could not be found out" in text
    left = f"left {said}of other uploads of this name, which may be going on until 2026-11-24 05:12 UTC;"
    assert left in text
