"""Groups of commands that are imported when they are asked for: all of them take longer than most have to do."""

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup

from regops.plain_help import speak_plainly


class LazyGroup(TyperGroup):
    """A group whose commands are the modules of a package; names are the commands', in the order of the help.

    Each module holds a function of its own name, or `app`, the application of a group below.
    """

    package: ClassVar[str]
    names: ClassVar[tuple[str, ...]]

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        commands: Any = _Commands(self.package, self.names)
        self.commands = commands
        speak_plainly(self)


class _Commands(Mapping[str, Any]):
    """Commands by their names."""

    def __init__(self, package: str, names: tuple[str, ...]) -> None:
        self._package = package
        self._names = names

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return _imported(self._package, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@cache
def _imported(package: str, name: str) -> Any:
    word = name.replace("-", "_")
    module = importlib.import_module(f"{package}.{word}")
    if hasattr(module, "app"):
        group = typer.main.get_group(module.app)
        group.name = name
        if not isinstance(group, LazyGroup):
            for one in (group, *group.commands.values()):
                speak_plainly(one)
        return group
    alone = typer.Typer(add_completion=False, rich_markup_mode="rich")
    # A name that Python or the standard library has taken stands with an underscore: list_.
    alone.command(name)(getattr(module, word, None) or getattr(module, f"{word}_"))
    command = typer.main.get_command(alone)
    speak_plainly(command)
    return command
