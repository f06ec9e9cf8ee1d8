"""`regops logs` on lines that were written to steer a terminal: one harmless line each, the rest of the text kept."""

import json
import os
import pty
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from regops.main import app
from tree import NAME, tree_services

LOG = "var/log/nginx/error.log"
PRINTABLE = re.compile(r"[\t\n\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u03ff…€]*")

# Ids are those of the attack catalogue; each line is written between BEGIN and END, which must stay.
ATTACKS = {
    "D01 clipboard": b"\x1b]52;c;ZWNobyBwd25lZAo=\x07",
    "D02 title": b"\x1b]0;root@prod\x07",
    "D03 link": b"\x1b]8;;file:///etc/passwd\x1b\\click\x1b]8;;\x1b\\",
    "D04 clear": b"\x1b[2J\x1b[H",
    "D05 up and over": b"\x1b[1A\x1b[2Kall is well",
    "D06 colour left on": b"\x1b[31;1;5m",
    "D07 device report": b"\x1b[6n\x1b[c\x1b]10;?\x07",
    "D08 DECRQSS": b'\x1bP$q"p\x1b\\',
    "D09 APC": b"\x1b_Gf=100;AAAA\x1b\\",
    "D10 PM and SOS": b"\x1b^x\x1b\\\x1bXx\x1b\\",
    "D11 sixel": b"\x1bPq#0;2;0;0;0#0~~@@vv@@~~@@~~$\x1b\\",
    "D12 alternate screen": b"\x1b[?1049h\x1b[?1000h\x1b[?2004h",
    "D13 reset": b"\x1bc",
    "D14 character set": b"\x1b(0\x0e\x0f",
    "D15 bare ESC": b"\x1b",
    "D16 carriage return": b"real\rfake",
    "D17 backspaces": b"rm -rf /\x08\x08\x08\x08\x08\x08\x08\x08ls",
    "D18 bell": b"\x07" * 5,
    "D19 VT and FF": b"\x0b\x0c",
    "D20 file and group separators": b"\x1c\x1d\x1e\x1f",
    "D21 NUL": b"\x00",
    "D22 DEL": b"\x7f",
    "D23 C1 CSI": b"\xc2\x9b2J",
    "D24 C1 OSC": b"\xc2\x9d52;c;eA==\xc2\x9c",
    "D25 raw C1": b"\x9b2J\x9d0;x\x9c",
    "D26 NEL": b"\xc2\x85forged line",
    "D27 line separator": "\u2028forged line".encode(),
    "D28 paragraph separator": "\u2029forged line".encode(),
    "D30 bidi override": "\u202egnp.exe\u202c".encode(),
    "D31 bidi isolate": "\u2066x\u2069\u2067y\u2069\u2068z\u2069".encode(),
    "D32 directional marks": "\u200e\u200f\u061c".encode(),
    "D33 zero width": "pass\u200bword\u200c\u200d\u2060".encode(),
    "D34 byte order mark": "\ufeff".encode(),
    "D35 tag characters": "\U000e0041\U000e0042\U000e007f".encode(),
    "D36 soft hyphen": "a\u00adb".encode(),
    "D37 interlinear": "\ufff9a\ufffab\ufffb".encode(),
    "D38 variation selector": "a\ufe0f".encode(),
    "D40 bad UTF-8": b"\xff\xfe\x80\xc0\xaf",
    "D41 overlong ESC": b"\xc0\x9b[2J",
    "D42 surrogates": b"\xed\xa0\x80\xed\xb0\x80",
    "D43 cut in a character": b"\xe2\x82",
    "D50 markup": b"[red]x[/red][/nope][bold",
    "D51 markup link": b"[link=file:///etc/passwd]x[/link]",
    "D52 emoji code": b":skull: :+1:",
    "D53 backslashes": b"\\[red]\\x1b",
}


@pytest.fixture(scope="module", params=["table", "json"])
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What a log of all attacks looks like, in one form, by line."""
    root = tmp_path_factory.mktemp("attacks")
    services = tree_services(root)
    (root / LOG).write_bytes(b"".join(b"BEGIN" + attack + b"END\n" for attack in ATTACKS.values()))
    arguments = ["--color", "never", "logs", NAME, "-n", "1000", "-o", str(request.param)]
    result = CliRunner().invoke(app, arguments, obj=services)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout.removesuffix("\n").split("\n")


@pytest.mark.parametrize("number", range(len(ATTACKS)), ids=ATTACKS)
def test_a_hostile_line_is_one_harmless_line_that_keeps_its_text(shown: list[str], number: int) -> None:
    assert len(shown) == len(ATTACKS)
    assert PRINTABLE.fullmatch(shown[number]), ascii(shown[number])
    assert re.search("BEGIN.*END", shown[number])


def test_json_gives_back_the_very_text(tmp_path: Path) -> None:
    services = tree_services(tmp_path)
    (tmp_path / LOG).write_bytes("\x1b]0;x\x07 \u202e é \n".encode() + b"\xff\n")
    result = CliRunner().invoke(app, ["logs", NAME, "-o", "json"], obj=services)
    assert [json.loads(line)["text"] for line in result.stdout.splitlines()] == ["\x1b]0;x\x07 \u202e é ", "\\xff"]


# B18: names are written by the container as well, and errors quote them.
@pytest.mark.parametrize("name", ["\x1b]0;x\x07.log", "a\nb.log", "\u202egol.log", "\udcff.log", "[red]x[blink].log"])
@pytest.mark.parametrize("option", ["--list", "-n1"])
def test_a_hostile_file_name_is_harmless(tmp_path: Path, name: str, option: str) -> None:
    services = tree_services(tmp_path)
    (tmp_path / "var/log/nginx" / name).write_bytes(b"text\n")
    os.mkfifo(tmp_path / "var/log/nginx" / f"fifo {name}")
    result = CliRunner().invoke(app, ["--color", "never", "logs", NAME, option], obj=services)
    assert result.exit_code == 0
    assert PRINTABLE.fullmatch(result.stdout + result.stderr), ascii(result.output)
    assert "text" in result.stdout or option == "--list"


def test_a_terminal_gets_no_more_than_a_pipe_but_our_own_colours(tmp_path: Path) -> None:
    services = tree_services(tmp_path)
    (tmp_path / LOG).write_bytes(b"BEGIN" + b"".join(ATTACKS.values()).replace(b"\n", b"") + b"END\n")
    colored, plain = (
        CliRunner().invoke(app, ["--color", color, "logs", NAME], obj=services).stdout for color in ("always", "never")
    )
    assert re.sub(r"\x1b\[[0-9;]{1,4}m", "", colored) == plain
    assert PRINTABLE.fullmatch(plain), ascii(plain)
    assert colored.count("\x1b") == len(["name", "off", "line", "off"])


# D60, D62: memory stays bounded, and the next line is still shown.
def test_lines_of_50_megabytes_are_cut_and_the_next_line_is_shown(tmp_path: Path) -> None:
    services = tree_services(tmp_path)
    with (tmp_path / LOG).open("wb") as file:
        file.write(b"y" * 50_000_000 + b"\n" + b"x" * 5_000_000 + b"\nlast\n")
    result = CliRunner().invoke(app, ["logs", NAME], obj=services)
    lines = result.stdout.splitlines()
    assert re.search(r"xxx…\[\d+ characters cut\]…\[4934464 more bytes cut\]$", lines[-2])
    assert lines[-1].endswith("? last")
    assert len(result.stdout) < 100_000
    assert "only its last 16 MiB" in result.stderr


# D61
def test_a_binary_file_prints_a_bounded_amount(tmp_path: Path) -> None:
    services = tree_services(tmp_path)
    (tmp_path / LOG).write_bytes(bytes(range(256)) * 40_000)
    result = CliRunner().invoke(app, ["--color", "never", "logs", NAME], obj=services)
    assert (result.exit_code, len(result.stdout) < 1_000_000) == (0, True)
    assert PRINTABLE.fullmatch(result.stdout)


# B12, B13: sparse files of any size, in little memory.
def test_a_terabyte_without_newlines_is_read_at_its_end_only(tmp_path: Path) -> None:
    services = tree_services(tmp_path)
    log = tmp_path / LOG
    log.touch()
    os.truncate(log, 10**12)
    with log.open("r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(b"\nlast\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = CliRunner().invoke(app, ["logs", NAME], obj=services)
    assert result.stdout.endswith("? last\n")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 256 * 1024


def test_raw_gives_the_bytes_and_nothing_else_into_a_pipe(tmp_path: Path) -> None:
    services = tree_services(tmp_path)
    (tmp_path / LOG).write_bytes(b"".join(ATTACKS.values()).replace(b"\n", b"") + b"\n")
    result = CliRunner().invoke(app, ["logs", NAME, "--raw"], obj=services)
    assert result.stdout_bytes == (tmp_path / LOG).read_bytes()


def test_raw_is_refused_on_a_terminal() -> None:
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "regops", "logs", "nobody", "--raw"],
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 2
    assert b"--raw is for a pipe or a file" in done.stderr
