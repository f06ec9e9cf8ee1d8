"""dpkg's list of what is installed, /var/lib/dpkg/status.

    Package: bash
    Essential: yes
    Status: install ok installed
    Maintainer: Matthias Klose <doko@debian.org>
    Architecture: amd64
    Source: bash (5.2.15-2)
    Version: 5.2.15-2+b13
    Description: GNU Bourne Again SHell
     Bash is an sh-compatible command language interpreter that executes

Source: deb-control(5), dpkg-query(1).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from parsers.errors import ParseError

_FIELD = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*):[ \t]*(.*)")
_BUILT_USING = re.compile(r"([^\s(),]+)[ \t]*\([ \t]*=[ \t]*([^)\s]+)[ \t]*\)")
_SOURCE = re.compile(r"(\S+)(?:[ \t]+\(([^)\s]+)\))?")
_INSTALLED = "installed"


@dataclass(frozen=True, slots=True)
class InstalledPackage:
    """One package as it is installed; what a stanza does not say is empty.

    source and source_version name what it was built from: itself, where nothing else is said. summary is the first
    line of the description. built_using are the sources, with versions, whose code is inside: what it links statically.
    """

    name: str
    version: str
    architecture: str
    source: str
    source_version: str
    maintainer: str
    homepage: str
    summary: str
    built_using: tuple[tuple[str, str], ...] = ()


def parse_dpkg_status(text: str, source: str = "dpkg status") -> tuple[InstalledPackage, ...]:
    """Return the packages that are installed, in the order of the text; removed and half-removed ones are left out.

    An empty text is an empty list. Raises ParseError for a line that is no field, and for a stanza without a name.
    """
    return tuple(_packages(text, source))


def _packages(text: str, source: str) -> Iterator[InstalledPackage]:
    for number, fields in _stanzas(text, source):
        if not fields.get("Package") or not fields.get("Version"):
            raise ParseError(
                "a package without a name or a version", source=source, line=number, text=fields.get("Package", "")
            )
        if fields.get("Status", "").split()[-1:] == [_INSTALLED]:
            yield _package(fields)


def _package(fields: dict[str, str]) -> InstalledPackage:
    found = _SOURCE.match(fields.get("Source", ""))
    inside = f"{fields.get('Built-Using', '')}, {fields.get('Static-Built-Using', '')}"
    return InstalledPackage(
        name=fields["Package"],
        version=fields["Version"],
        architecture=fields.get("Architecture", ""),
        source=found[1] if found else fields["Package"],
        source_version=(found[2] if found else None) or fields["Version"],
        maintainer=fields.get("Maintainer", ""),
        homepage=fields.get("Homepage", ""),
        summary=fields.get("Description", ""),
        built_using=tuple(sorted({(one[1], one[2]) for one in _BUILT_USING.finditer(inside)})),
    )


def _stanzas(text: str, source: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each stanza with the number of its first line; of a field that goes on, the first line is kept."""
    fields: dict[str, str] = {}
    first = 1
    # Not splitlines(): a form feed or a Unicode line separator ends no line here.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            if fields:
                yield first, fields
            fields, first = {}, number + 1
        elif not line.startswith((" ", "\t")):
            found = _FIELD.fullmatch(line.rstrip("\r"))
            if found is None:
                raise ParseError("no field of a control file", source=source, line=number, text=line)
            fields.setdefault(found[1], found[2].strip())
    if fields:
        yield first, fields
