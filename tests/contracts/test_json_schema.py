"""The schema of the JSON documents is one, covers every command that has them, and finds what is wrong."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from typer.testing import CliRunner

from fake_services import FakeServices
from json_schema import SCHEMA, check_document
from regops.main import app

PAGE = Path(__file__).parents[2] / "docs/reference/commands.md"


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_command_that_prints_json_is_in_it() -> None:
    covered = {one["if"]["properties"]["command"]["const"] for one in SCHEMA["allOf"]}
    chapters = re.split(r"^##+ `regops (.+)`$", PAGE.read_text(), flags=re.MULTILINE)[1:]
    pairs = zip(chapters[::2], chapters[1::2], strict=True)
    assert covered == {command for command, chapter in pairs if "`-o, --output <table|json" in chapter}


@pytest.mark.parametrize(
    "change",
    [{"ok": "yes"}, {"data": []}, {"target": {"url": 1}}, {"errors": [{"kind": "odd"}]}, {"schema_version": 2}],
)
def test_it_finds_what_is_wrong(change: dict[str, Any]) -> None:
    result = CliRunner().invoke(app, ["ping", "http://127.0.0.1:1", "-o", "json"], obj=FakeServices())
    document = json.loads(result.stdout)
    check_document(document)
    with pytest.raises(ValidationError):
        check_document({**document, **change})
