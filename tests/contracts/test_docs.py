"""The pages that are made from the code say what the code says, and links between pages lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize(("page", "function"), [("commands.md", "commands_page"), ("schema.json", "schema_page")])
def test_a_page_that_is_made_is_what_the_code_says(page: str, function: str) -> None:
    program = "import runpy, sys; sys.path.insert(0, 'docs/reference'); "
    program += f"print(runpy.run_path('docs/reference/generate.py')['{function}'](), end='')"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (ROOT / "docs/reference" / page).read_text() == done.stdout, "run `make docs`"


def test_examples_and_nothing_else_of_a_help_stand_as_code() -> None:
    page = (ROOT / "docs/reference/commands.md").read_text()
    blocks = re.findall(r"^Examples:\n\n```sh\n((?:.+\n)+?)```$", page, re.MULTILINE)
    assert len(blocks) == page.count("Examples:") == page.count("```sh")
    assert "regops nginx-status 127.0.0.1:5080 -w 1 -c 60 -o json > minute.jsonl" in "".join(blocks)
    assert not re.search(r"Exit status|\*\*|&\w+;|&#", "".join(blocks))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", page.read_text())
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []


def test_every_test_that_a_page_names_is_there() -> None:
    named = {
        (file, test) for page in PAGES for file, test in re.findall(r"`(test_\w+\.py)::(test_\w+)`", page.read_text())
    }
    there = {
        (path.name, test)
        for path in (ROOT / "tests").rglob("test_*.py")
        for test in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    assert named - there == set()
