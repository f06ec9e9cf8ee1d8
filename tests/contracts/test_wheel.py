"""What is built is what is in the folder: both packages, with all their data."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def in_the_folder() -> set[str]:
    return {
        str(path.relative_to(ROOT))
        for package in ("regops", "parsers")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_every_file_of_both_packages(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        entry_points = next(name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "regops = regops.__main__:run" in archive.read(entry_points).decode()
    assert names == in_the_folder()
    assert {"regops/py.typed", "parsers/py.typed"} <= names


def test_the_editable_install_is_the_checkout_itself() -> None:
    program = "import regops, parsers; print(regops.__file__); print(parsers.__file__)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd="/")
    assert [Path(line).parents[1] for line in done.stdout.splitlines()] == [ROOT, ROOT]
