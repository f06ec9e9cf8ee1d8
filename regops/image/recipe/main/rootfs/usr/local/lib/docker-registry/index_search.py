"""The classic search, `/v1/search?q=TERM&n=25&page=1`: its question, read and judged, and its answer. No I/O.

    {"num_results": 1, "query": "app", "page": 1, "page_size": 25, "num_pages": 1,
     "results": [{"name": "team/app", "description": "tags: 1, latest", "tags": ["1", "latest"]}]}

A repository is found when each word of the question occurs in its name; by NAME:TAG, when a tag of it begins so, too.
As in registry 0.8 the names come in order, and a question without a word finds everything.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

PAGE_SIZE, LONGEST_PAGE = 25, 100
# So far an index counts along with a question that has an order.
_REACH = 10_000
_LONGEST = 256
_MOST_WORDS = 8
_TAGS_SHOWN = 10
# What a wildcard takes for more than itself.
_SPECIAL = re.compile(r"[\\*?]")
_NUMBER = re.compile(r"[0-9]{1,6}")


class BadQuestion(Exception):
    """A question that cannot be asked; the text says why."""


@dataclass(frozen=True)
class Question:
    """What is looked for, and which page of what was found."""

    text: str
    page: int
    page_size: int


def read_question(query: str) -> Question:
    """Return what the part of an address behind its `?` asks. Raises BadQuestion."""
    try:
        given = parse_qs(query, errors="strict", max_num_fields=20)
    except ValueError as error:
        raise BadQuestion("the question cannot be read") from error
    text = given.get("q", [""])[-1].strip()
    if len(text) > _LONGEST or len(text.split()) > _MOST_WORDS:
        raise BadQuestion(f"q has at most {_LONGEST} characters and {_MOST_WORDS} words")
    page_size = min(_number(given, "n", _number(given, "page_size", PAGE_SIZE)), LONGEST_PAGE)
    page = _number(given, "page", 1)
    if page * page_size > _REACH:
        raise BadQuestion(f"what was found can be paged through as far as its first {_REACH}")
    return Question(text, page, page_size)


def search_body(question: Question) -> dict[str, Any]:
    """Return the question as a search for the index."""
    filters: list[dict[str, Any]] = [{"term": {"gone": False}}]
    for word in question.text.split():
        name, _, tag = word.partition(":")
        if name:
            filters.append({"wildcard": {"name": {"value": f"*{_literal(name.lower())}*"}}})
        if tag:
            filters.append({"prefix": {"tag": {"value": tag}}})
    tags = {"name": "tags", "size": _TAGS_SHOWN, "sort": ["tag"], "_source": ["tag"]}
    return {
        "query": {"bool": {"filter": filters}},
        "collapse": {"field": "name", "inner_hits": tags},
        "sort": ["name"],
        "_source": ["name"],
        "from": (question.page - 1) * question.page_size,
        "size": question.page_size,
        # Exact up to this many names, the most a server counts exactly; close to it beyond.
        "aggs": {"names": {"cardinality": {"field": "name", "precision_threshold": 40_000}}},
    }


def search_answer(question: Question, found: dict[str, Any]) -> dict[str, Any]:
    """Return what is answered to a question, of what the index answered. Raises KeyError, TypeError."""
    count = int(found.get("aggregations", {}).get("names", {}).get("value", 0))
    return {
        "num_results": count,
        "query": question.text,
        "page": question.page,
        "page_size": question.page_size,
        "num_pages": -(-count // question.page_size),
        "results": [_result(hit) for hit in found["hits"]["hits"]],
    }


def _result(hit: dict[str, Any]) -> dict[str, Any]:
    inner = hit["inner_hits"]["tags"]["hits"]
    tags = [one["_source"]["tag"] for one in inner["hits"]]
    more = inner["total"]["value"] - len(tags)
    shown = ", ".join(tags) + (f" and {more} more" if more > 0 else "")
    return {"name": hit["_source"]["name"], "description": f"tags: {shown}", "tags": tags}


def _literal(word: str) -> str:
    return _SPECIAL.sub(lambda found: f"\\{found.group()}", word)


def _number(given: dict[str, list[str]], name: str, default: int) -> int:
    text = given.get(name, [""])[-1]
    if not text:
        return default
    if not _NUMBER.fullmatch(text) or int(text) == 0:
        raise BadQuestion(f"{name} is a number from 1 on")
    return int(text)
