"""What the image's start makes of secrets that come as files."""

from pathlib import Path

import pytest

from settings_error import SettingsError
from start import read_secret_files


def test_a_secret_may_come_as_a_file_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter 2\n")
    environ = {"OS_PASSWORD_FILE": str(tmp_path / "password"), "HTTP_SECRET": "as it is"}
    read_secret_files(environ)
    assert (environ["OS_PASSWORD"], environ["HTTP_SECRET"]) == ("hunter 2", "as it is")


@pytest.mark.parametrize(
    ("content", "environ", "told"),
    [
        (b"x", {"INDEX_PASSWORD": "canary"}, "INDEX_PASSWORD and INDEX_PASSWORD_FILE are both set"),
        (None, {}, "No such file"),
        (b"\xff\xfe", {}, "cannot be read"),
        (b"canary\nand more\n", {}, "INDEX_PASSWORD holds a character that cannot be printed"),
    ],
)
def test_a_file_that_cannot_be_it_is_told_without_what_is_in_it(
    content: bytes | None, environ: dict[str, str], told: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        read_secret_files({"INDEX_PASSWORD_FILE": str(tmp_path / "secret"), **environ})
    assert told in str(caught.value)
    assert "canary" not in str(caught.value)
