"""Writes the reference pages that are made from the code: `make docs`."""

import html
import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

from json_schema import schema

HERE = Path(__file__).parent


def schema_page() -> str:
    """Return docs/reference/schema.json."""
    return json.dumps(schema(), indent=1, ensure_ascii=True) + "\n"


def commands_page() -> str:
    """Return docs/reference/commands.md, as Typer writes it from the help texts."""
    command = [sys.executable, "-m", "typer", "regops.main", "utils", "docs", "--name", "regops"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    page = "\n".join(line.rstrip() for line in done.stdout.splitlines()) + "\n"
    return re.sub(r"^Examples:\n((?: .*\n)+)", _fenced, page, flags=re.MULTILINE)


def _fenced(found: re.Match[str]) -> str:
    """Return examples as a block of code, in which < and & are themselves."""
    return f"Examples:\n\n```sh\n{textwrap.dedent(html.unescape(found[1]))}```\n"


if __name__ == "__main__":
    (HERE / "commands.md").write_text(commands_page())
    (HERE / "schema.json").write_text(schema_page())
