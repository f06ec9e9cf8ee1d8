"""The files of one log: the one that is written to now, and the rotated ones before it, each found once."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from regops.errors import RegopsError
from regops.model.container_file import FileFacts, FileKind
from regops.ports import ContainerFiles

# More names than a log directory has that anybody keeps in order.
_MOST_NAMES = 5000
# logrotate: `.1`, `.2.gz`; with dateext `-20261123`, `-20261123-1795425120`, `-2026-11-23`. supervisord: `.1` to `.10`.
_NUMBER = re.compile(r"\.([0-9]{1,6})")
_DATE = re.compile(r"[-.]([0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2})((?:[-._T]?[0-9])*)")
GZIP = ".gz"


@dataclass(frozen=True, slots=True)
class Generation:
    """One file of a log: its path now, and what was found there."""

    path: str
    facts: FileFacts

    @property
    def is_gzip(self) -> bool:
        """Whether its name says that it is compressed."""
        return self.path.endswith(GZIP)


def generations(files: ContainerFiles, path: str) -> tuple[Generation, ...]:
    """Return the files of the log at a path as they are named now, from new to old; those that are no files left out.

    A rotated file that exists both compressed and not is being compressed: the whole one counts. Raises what listing
    the directory raises.
    """
    directory, _, name = path.rpartition("/")
    names = set(files.names(directory or "/", limit=_MOST_NAMES).names)
    suffixes = [each.removeprefix(name) for each in names if each.startswith(name) and each != name]
    found = [generation for each in ["", *suffixes] if (generation := _generation(files, path, each, names))]
    ages = {generation.path: _age(generation.path.removeprefix(path).removesuffix(GZIP)) for generation in found}
    newest: dict[int, float] = {}
    for generation in found:
        scheme = ages[generation.path][0]
        newest[scheme] = max(newest.get(scheme, 0.0), generation.facts.modified_at)
    # A log whose rotation was changed has names of both kinds: those of the kind used last are the newer ones.
    found.sort(key=lambda each: (ages[each.path][0] != 0, -newest[ages[each.path][0]], ages[each.path]))
    return tuple(_each_once(found))


def is_generation(name: str) -> bool:
    """Return whether a file's name is one that rotation gives: `access.log.2.gz`."""
    stem = PurePosixPath(name).name.removesuffix(GZIP)
    return re.fullmatch(rf".+(?:{_NUMBER.pattern}|{_DATE.pattern})", stem, re.DOTALL) is not None


def _generation(files: ContainerFiles, path: str, suffix: str, names: set[str]) -> Generation | None:
    bare = suffix.removesuffix(GZIP)
    if bare and not (_NUMBER.fullmatch(bare) or _DATE.fullmatch(bare)):
        return None
    if suffix == GZIP or (bare != suffix and f"{PurePosixPath(path).name}{bare}" in names):
        return None
    try:
        facts = files.look(f"{path}{suffix}")
    except RegopsError:
        return None
    return None if facts.problem or facts.kind is not FileKind.FILE else Generation(f"{path}{suffix}", facts)


def _age(suffix: str) -> tuple[int, tuple[int, ...]]:
    """Return the kind of a suffix, and what sorts those of one kind from new to old."""
    if not suffix:
        return 0, ()
    if number := _NUMBER.fullmatch(suffix):
        return 1, (int(number[1]),)
    digits = re.findall("[0-9]+", suffix)
    if len(digits[0]) != len("20261123"):
        digits[:3] = ["".join(digits[:3])]
    # A second file of one day has a number more: it is the newer one.
    return 2, (*(-int(each) for each in digits), 1)


def _each_once(found: Iterable[Generation]) -> Iterable[Generation]:
    seen: set[tuple[int, int]] = set()
    for generation in found:
        identity = generation.facts.identity
        if identity is None or identity not in seen:
            yield generation
        if identity is not None:
            seen.add(identity)
