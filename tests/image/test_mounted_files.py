"""Certificates and users: those that are mounted are checked before nginx has them, and a certificate can be made."""

import ssl
from pathlib import Path

import pytest

from certificate import is_good, make_certificate, read_certificate
from settings_error import SettingsError
from users import read_users


@pytest.fixture(scope="module")
def made() -> tuple[bytes, bytes]:
    return make_certificate("DNS:registry.example,IP:127.0.0.1", "registry.example")


@pytest.fixture
def mounted(tmp_path: Path, made: tuple[bytes, bytes]) -> tuple[Path, Path]:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_bytes(made[0])
    key.write_bytes(made[1])
    return certificate, key


def test_a_certificate_that_is_made_is_good_and_names_what_it_was_made_for(mounted: tuple[Path, Path]) -> None:
    assert is_good(mounted[0])
    context = ssl.create_default_context(cafile=str(mounted[0]))
    (found,) = context.get_ca_certs()
    assert found["subject"] == ((("commonName", "registry.example"),),)
    assert not is_good(mounted[0].with_name("another.pem"))


def test_a_mounted_pair_is_taken_as_it_is_and_none_is_none(
    mounted: tuple[Path, Path], made: tuple[bytes, bytes]
) -> None:
    assert read_certificate(*mounted) == made
    for path in mounted:
        path.unlink()
    assert read_certificate(*mounted) is None


def test_half_a_pair_is_told(mounted: tuple[Path, Path]) -> None:
    mounted[1].unlink()
    with pytest.raises(SettingsError, match=r"key\.pem is missing"):
        read_certificate(*mounted)


def test_a_key_of_another_certificate_is_told(mounted: tuple[Path, Path]) -> None:
    mounted[1].write_bytes(make_certificate("DNS:x", "x")[1])
    with pytest.raises(SettingsError, match="cannot be used: KEY_VALUES_MISMATCH"):
        read_certificate(*mounted)


def test_what_is_no_certificate_is_told_in_one_line(mounted: tuple[Path, Path]) -> None:
    mounted[0].write_bytes(b"canary")
    with pytest.raises(SettingsError, match="cannot be used: ") as caught:
        read_certificate(*mounted)
    assert "canary" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        "me:$2y$10$bC2qDIjyFRfQrF2Q8kTTF.CXoyZpAYdNY5uu8HMFI5oeyFoFb1yV6",
        "me:$apr1$ySXBVB/6$DDyzqpXHEYBtvX3uWz3sr/",
        "me:$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.",
        "me:{SHA}u+ynQyWLVFLHZd+gEOlFbqJNJ0Y=",
        "# comment\n\nme:rqXexS6ZhobKA:comment",
    ],
)
def test_users_with_hashes_that_nginx_can_check_are_taken(tmp_path: Path, line: str) -> None:
    (tmp_path / "htpasswd").write_text(line)
    assert read_users(tmp_path / "htpasswd") == line.encode()


def test_no_file_of_users_is_none(tmp_path: Path) -> None:
    assert read_users(tmp_path / "htpasswd") is None


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "names no user"),
        ("# nobody\n", "names no user"),
        ("me:canary\n", "line 1 is not NAME:HASH"),
        ("a:{SHA}x\nme\n", "line 2 is not NAME:HASH"),
        (":$apr1$x$y", "line 1 is not NAME:HASH"),
        ("x" * (1024 * 1024 + 1), "is too long"),
    ],
)
def test_users_that_could_not_log_in_are_told_without_their_hashes(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "htpasswd").write_text(content)
    with pytest.raises(SettingsError) as caught:
        read_users(tmp_path / "htpasswd")
    assert told in str(caught.value)
    assert "canary" not in str(caught.value)
