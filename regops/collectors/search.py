"""Which repositories of a registry a term finds: by its own search, else by its catalog."""

from collections.abc import Iterator
from urllib.parse import quote, urlencode

from parsers.catalog import CatalogPage, parse_catalog
from parsers.errors import ParseError
from parsers.json_text import as_object, parse_json
from parsers.registry_errors import parse_registry_errors
from parsers.search_results import FoundRepository, SearchResults, parse_search_results
from regops.errors import AuthenticationFailed, UnexpectedAnswer
from regops.model.answer import Target
from regops.model.http import HttpReply
from regops.model.search import Search, Source
from regops.ports import Clock, Registry

_OK, _NOT_FOUND = 200, 404
_UNAUTHORIZED, _FORBIDDEN = 401, 403
# Registries with no search of their own answer so as well: distribution with 404, others with a refusal.
_UNKNOWN = (_NOT_FOUND, 405, 410, 501)
_PAGE = 100
_CATALOG_PAGE = 1000
_CATALOG_PAGES = 100
_SAID = 200
_NO_INDEX = "this registry has no search index; its catalog was read instead"
# distribution 2.8 whose storage is away answers so, with 200, for the first half minute.
_EMPTY = "it is empty, and so is that of a registry without its storage: see `regops status`"


def collect_search(registry: Registry, clock: Clock, term: str, *, limit: int, timeout_seconds: float) -> Search:
    """Return at most limit repositories that a term finds, within the time.

    Raises AuthenticationFailed, UnexpectedAnswer, and what the registry's door raises.
    """
    ends = clock.monotonic() + timeout_seconds
    pages: list[SearchResults] = []
    found: dict[str, FoundRepository] = {}
    while True:
        query = urlencode({"q": term, "n": min(limit, _PAGE), "page": len(pages) + 1}, quote_via=quote)
        reply = registry.get(f"/v1/search?{query}", timeout_seconds=max(ends - clock.monotonic(), 0.1))
        if reply.status in _UNKNOWN and not pages:
            return _from_catalog(registry, clock, term, limit, ends)
        page = _results(reply)
        pages.append(page)
        before = len(found)
        found |= {one.name: one for one in page.repositories if one.name not in found}
        # registry 0.8 knows no pages and gives everything each time; nothing new is the end, whatever is announced.
        if page.num_pages is None or len(pages) >= page.num_pages or len(found) >= limit or len(found) == before:
            break
    total = page.num_results if page.num_results is not None else len(found)
    return Search(
        target=Target(url=registry.url),
        term=term,
        source=Source.INDEX,
        repositories=tuple(found.values())[:limit],
        found=max(total, len(found)),
        complete=total <= len(found) <= limit,
        note="",
    )


def _from_catalog(registry: Registry, clock: Clock, term: str, limit: int, ends: float) -> Search:
    """Filter the catalog as the index would: each word of the term occurs in the name."""
    words = term.lower().split()
    found: list[FoundRepository] = []
    complete, empty = True, True
    for page in _catalog(registry, clock, ends):
        matching = (name for name in page.repositories if all(word in name.lower() for word in words))
        found += [FoundRepository(name, "", ()) for name in matching]
        complete, empty = not page.following, empty and not page.repositories
        if len(found) > limit:
            break
    return Search(
        target=Target(url=registry.url),
        term=term,
        source=Source.CATALOG,
        repositories=tuple(found[:limit]),
        found=len(found) if complete else None,
        complete=complete and len(found) <= limit,
        note=f"{_NO_INDEX}; {_EMPTY}" if empty else _NO_INDEX,
    )


def _catalog(registry: Registry, clock: Clock, ends: float) -> Iterator[CatalogPage]:
    path = f"/v2/_catalog?n={_CATALOG_PAGE}"
    for _ in range(_CATALOG_PAGES):
        reply = registry.get(path, timeout_seconds=max(ends - clock.monotonic(), 0.1))
        if reply.status != _OK:
            raise _failure(reply, "its catalog")
        try:
            page = parse_catalog(reply.text, reply.header("link"), source=reply.url)
        except ParseError as error:
            raise _no_registry(reply, error) from error
        yield page
        if not page.following or page.following == path:
            return
        path = page.following


def _results(reply: HttpReply) -> SearchResults:
    if reply.status != _OK:
        raise _failure(reply, "its search")
    try:
        return parse_search_results(reply.text, source=reply.url)
    except ParseError as error:
        raise _no_registry(reply, error) from error


def _failure(reply: HttpReply, what: str) -> AuthenticationFailed | UnexpectedAnswer:
    if reply.status == _UNAUTHORIZED or (reply.status == _FORBIDDEN and reply.header("www-authenticate")):
        hint = "; ".join(reply.notes) or "give credentials with --user and REGOPS_PASSWORD"
        return AuthenticationFailed(f"{reply.url} answers {reply.status}: {what} asks for credentials", hint=hint)
    said = _said(reply)
    hint = "`regops status` shows how its index is, and how the rest"
    if reply.status == _FORBIDDEN:
        hint = "if it wants credentials: --user and REGOPS_PASSWORD"
        if reply.url.startswith("http://"):
            hint = f"images may be behind its HTTPS port alone: ask that one; {hint}"
    return UnexpectedAnswer(
        f"{reply.url} answers {reply.status} {reply.reason}" + (f": {said}" if said else ""), hint=hint
    )


def _no_registry(reply: HttpReply, error: ParseError) -> UnexpectedAnswer:
    cut = "; it is longer than regops reads" if reply.truncated else ""
    return UnexpectedAnswer(
        f"{reply.url} answers {reply.status}, but not as a registry does: {error.reason}{cut}",
        hint="is this the registry's own address? `regops ping` shows what answers",
    )


def _said(reply: HttpReply) -> str:
    """Return the reason in an answer like {"error": "the index does not answer within 5 s"}, "" where there is none.

    Or that in a v2 registry's own form of it.
    """
    try:
        return "; ".join(fault.message or fault.code for fault in parse_registry_errors(reply.text, source=reply.url))[
            :_SAID
        ]
    except ParseError:
        pass
    try:
        body = as_object(parse_json(reply.text, source=reply.url).value)
    except ParseError:
        return ""
    said = body.get("error") if body is not None else None
    return said[:_SAID] if isinstance(said, str) else ""
