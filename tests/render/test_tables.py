"""Each kind of answer has a table of its own, found by name."""

import inspect
from importlib import import_module

import pytest

from regops.render import table
from regops.render.table import renderable


@pytest.mark.parametrize(("kind", "place"), table._TABLES.items())
def test_the_table_of_each_kind_of_answer_takes_that_kind(kind: str, place: tuple[str, str]) -> None:
    module, function = place
    found = getattr(import_module(f"regops.render.table.{module}"), function)
    parameter = next(iter(inspect.signature(found).parameters.values()))
    assert getattr(parameter.annotation, "__name__", parameter.annotation) == kind


def test_what_is_no_answer_has_no_table() -> None:
    with pytest.raises(KeyError):
        renderable("text")  # type: ignore[arg-type]
