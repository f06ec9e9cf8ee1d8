"""Parsers import quiet modules of the standard library only, read from the syntax tree."""

import ast
import sys
from pathlib import Path

import pytest

import parsers

LOUD = {
    "asyncio", "builtins", "ctypes", "glob", "http", "importlib", "io", "locale", "logging", "multiprocessing", "os",
    "pathlib", "platform", "random", "select", "shutil", "signal", "socket", "ssl", "subprocess", "sys", "tempfile",
    "threading", "time", "urllib.request", "uuid",
}  # fmt: skip
MODULES = sorted(Path(parsers.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_parser_imports_only_quiet_modules(path: Path) -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            imported.add(node.module or "")
    roots = {name.partition(".")[0] for name in imported}
    assert roots <= set(sys.stdlib_module_names) | {"parsers"}
    assert (imported | roots) & LOUD == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_parser_calls_neither_open_nor_print_nor_the_clock(path: Path) -> None:
    calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
    assert calls & {"open", "print", "input", "eval", "exec", "datetime.now", "datetime.utcnow", "date.today"} == set()
