"""The answer of the classic search, `/v1/search?q=app`: what registries of both generations say to it.

    {"num_results": 1, "query": "app", "results": [{"name": "library/app", "description": ""}]}

registry 0.8 answers this much, `"results": []` and its num_results among it; the image of this project adds page,
page_size, num_pages and the tags of each. Source: docker-registry 0.8, docker_registry/search.py.
"""

from dataclasses import dataclass

from parsers.errors import ParseError
from parsers.json_text import as_list, as_object, parse_json

_MOST = 10_000


@dataclass(frozen=True, slots=True)
class FoundRepository:
    """One repository; description is "" and tags () where they are not told. Tags may be some of many."""

    name: str
    description: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SearchResults:
    """One page of what was found; num_results and num_pages are None where they are not told."""

    repositories: tuple[FoundRepository, ...]
    num_results: int | None
    num_pages: int | None


def parse_search_results(text: str, *, source: str) -> SearchResults:
    """Return what was found, at most 10,000. Raises ParseError when the text is no answer to a search."""
    body = as_object(parse_json(text, source=source).value)
    listed = as_list(body.get("results")) if body is not None else None
    if body is None or listed is None:
        raise ParseError("expected an object with a list of results", source=source, line=1, text=text)
    found = [one for one in map(_repository, listed[:_MOST]) if one is not None]
    if listed and not found:
        raise ParseError("expected results with a name", source=source, line=1, text=text)
    return SearchResults(tuple(found), _count(body.get("num_results")), _count(body.get("num_pages")))


def _repository(value: object) -> FoundRepository | None:
    item = as_object(value)
    name = item.get("name") if item is not None else None
    if item is None or not isinstance(name, str) or not name:
        return None
    description = item.get("description")
    tags = tuple(tag for tag in as_list(item.get("tags")) or [] if isinstance(tag, str))
    return FoundRepository(name, description if isinstance(description, str) else "", tags)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
