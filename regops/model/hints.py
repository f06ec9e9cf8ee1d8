"""Hints that name the container, where it is known which one a registry runs in."""

import dataclasses
from typing import Any, TypeVar, cast

_SOME = "`regops logs CONTAINER`"
_Found = TypeVar("_Found")


def name_container(found: _Found, container: str) -> _Found:
    """Return an answer, or a text, whose hints say `regops logs NAME` instead of CONTAINER; "" leaves it as it is."""
    return cast("_Found", _named(found, container)) if container else found


def _named(found: Any, container: str) -> Any:
    if isinstance(found, str):
        return found.replace(_SOME, f"`regops logs {container}`")
    if _is_tuple(found):
        return tuple(_named(each, container) if dataclasses.is_dataclass(each) else each for each in found)
    if not dataclasses.is_dataclass(found) or isinstance(found, type):
        return found
    parts_of = {each.name: getattr(found, each.name) for each in dataclasses.fields(found)}
    # Other texts may be a server's own words.
    changed = {
        name: _named(each, container)
        for name, each in parts_of.items()
        if name == "hint" or _is_tuple(each) or dataclasses.is_dataclass(each)
    }
    return dataclasses.replace(found, **changed)


def _is_tuple(found: Any) -> bool:
    return type(found) is tuple  # a named one is made in another way, and has no hints
