"""A page of a v2 registry's catalog, and where the next one is.

    {"repositories":["library/app","team/app"]}
    Link: </v2/_catalog?last=team%2Fapp&n=2>; rel="next"

Source: distribution specification, sections "Listing Repositories" and "Pagination"; RFC 8288 for the header.
"""

import re
from dataclasses import dataclass

from parsers.errors import ParseError
from parsers.json_text import as_list, as_object, parse_json

_NEXT = re.compile(r"""\s*<([^<>\s]*)>\s*;[^,]*\brel\s*=\s*(?:"next"|next\b)""")
_PATH = "/v2/_catalog"


@dataclass(frozen=True, slots=True)
class CatalogPage:
    """Some repositories; following is the path of the next page, "" where this is the last one."""

    repositories: tuple[str, ...]
    following: str


def parse_catalog(text: str, link: str | None, *, source: str) -> CatalogPage:
    """Return a page, of its body and its Link header; a link to somewhere else is taken for none.

    Raises ParseError when the text is no catalog.
    """
    body = as_object(parse_json(text, source=source).value)
    listed = as_list(body.get("repositories")) if body is not None else None
    # An empty registry may say null.
    if body is None or (listed is None and body.get("repositories", 0) is not None):
        raise ParseError("expected an object with a list of repositories", source=source, line=1, text=text)
    names = tuple(name for name in listed or [] if isinstance(name, str))
    return CatalogPage(names, _following(link or ""))


def _following(link: str) -> str:
    found = _NEXT.match(link)
    path = found.group(1) if found else ""
    begin = path.find(f"{_PATH}?")
    # Registries may name their whole address, as their proxies made them see it: the path is what counts.
    return path[begin:] if begin >= 0 else ""
