"""Writes the reference pages that are made from the code: `make docs`."""

import json
import subprocess
import sys
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
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()) + "\n"


if __name__ == "__main__":
    (HERE / "commands.md").write_text(commands_page())
    (HERE / "schema.json").write_text(schema_page())
