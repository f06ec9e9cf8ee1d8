"""The index itself, in an Elasticsearch-compatible server: one document for each tag that was ever seen.

    team/app:1    {"name": "team/app", "tag": "1", "gone": false, "digest": "sha256:…", "size_bytes": 7340032,
                   "pushed_at": "2026-01-02T03:04:05.678901234Z"}

A tag that is gone keeps its document, so that the server's own number of a document's latest change (`_seq_no`) is
never lost: with it, of two instances that write about one tag at the same time the slower one is told, and looks again.
"""

import base64
import logging
import re
import ssl
import warnings
from collections.abc import Iterable
from http.client import responses
from typing import Any

from elasticsearch import Elasticsearch, ElasticsearchException, Transport

from index_errors import IndexFailed
from index_hints import Hint, hint_at

# The client tells each failure; whoever asked tells it once.
logging.getLogger("elasticsearch").setLevel(logging.CRITICAL)
_MISSING, _CONFLICT = 404, 409
# A cluster that is busy says so for one document as for all.
_BUSY = (429, 502, 503, 504)
_LISTED = 1000
_REASON = 200
# What the client's libraries call themselves in their messages.
_OBJECT = re.compile(r"<[^<>]* object at 0x[0-9a-f]+>:? ?|\w+\((?=host=)")
_MAPPING = {
    "dynamic": False,
    "properties": {
        "name": {"type": "keyword"},
        "tag": {"type": "keyword"},
        "digest": {"type": "keyword"},
        "size_bytes": {"type": "long"},
        "pushed_at": {"type": "date"},
        "gone": {"type": "boolean"},
    },
}


class _AnyProduct(Transport):
    """Speaks to every server that speaks like Elasticsearch: the client would refuse all but its maker's."""

    def _do_verify_elasticsearch(self, headers: Any, timeout: Any) -> None:
        del headers, timeout
        self._verified_elasticsearch = True


class IndexStore:
    """One index on one server. Every method raises IndexFailed; a question's parts each have the seconds."""

    def __init__(self, url: str, name: str, *, username: str = "", password: str = "", seconds: float) -> None:
        self._name = name
        secure = {"ssl_context": ssl.create_default_context()} if url.startswith("https:") else {}
        self._client = Elasticsearch(
            [url],
            transport_class=_AnyProduct,
            headers={"authorization": _basic(username, password)} if username else None,
            timeout=seconds,
            max_retries=0,
            maxsize=8,
            **secure,
        )

    def prepare(self) -> None:
        """Make the index where there is none."""
        if not self._ask(self._client.indices.exists, index=self._name):
            body = {"settings": {"number_of_shards": 1}, "mappings": _MAPPING}
            answer = self._ask(self._client.indices.create, index=self._name, body=body, params={"ignore": 400})
            error = answer.get("error")
            # Unless another instance was faster.
            if error and error.get("type") != "resource_already_exists_exception":
                raise IndexFailed(_reason(answer))

    def known(self, hints: Iterable[Hint]) -> dict[tuple[str, str], dict[str, Any]]:
        """Return what the index has about tags: the documents, with `_seq_no` and `_primary_term`."""
        wanted = [_id(hint) for hint in hints]
        answer = self._ask(self._client.mget, index=self._name, body={"ids": wanted})
        found = [one for one in answer["docs"] if one.get("found")]
        return {(one["_source"]["name"], one["_source"]["tag"]): one for one in found}

    def write(self, documents: list[dict[str, Any]], known: dict[tuple[str, str], dict[str, Any]]) -> list[str]:
        """Write documents in one go, each over what is known; return "" for each written, "conflict", or a reason."""
        lines: list[dict[str, Any]] = []
        for document in documents:
            before = known.get((document["name"], document["tag"]))
            about: dict[str, Any] = {"_id": f"{document['name']}:{document['tag']}"}
            if before:
                about |= {"if_seq_no": before["_seq_no"], "if_primary_term": before["_primary_term"]}
            lines += [{"index" if before else "create": about}, document]
        answer = self._ask(self._client.bulk, index=self._name, body=lines)
        results = [next(iter(item.values())) for item in answer["items"]]
        if results and all(result["status"] in _BUSY for result in results):
            raise IndexFailed(f"the index is busy: {_reason(results[0])}")
        return [_outcome(result) for result in results]

    def with_digest(self, repository: str, digest: str) -> list[Hint]:
        """Return hints at the tags that the index has of an image."""
        self._ask(self._client.indices.refresh, index=self._name)
        filters = [{"term": {"name": repository}}, {"term": {"digest": digest}}, {"term": {"gone": False}}]
        return self._hints({"query": {"bool": {"filter": filters}}, "size": _LISTED})

    def after(self, last: Hint | None) -> list[Hint]:
        """Return hints at the tags that the index has, those after one, in order: a page of them."""
        body = {"query": {"term": {"gone": False}}, "size": _LISTED, "sort": ["name", "tag"]}
        if last:
            body["search_after"] = [last.repository, last.tag]
        return self._hints(body)

    def search(self, body: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Return the server's answer to a question; an index that is not there yet holds nothing."""
        return self._ask(
            self._client.search,
            index=self._name,
            body=body,
            params={"request_timeout": seconds, "ignore_unavailable": "true"},
        )

    def _hints(self, body: dict[str, Any]) -> list[Hint]:
        answer = self._ask(self._client.search, index=self._name, body=body)
        found = (hint_at(one["_source"].get("name"), one["_source"].get("tag")) for one in answer["hits"]["hits"])
        return [hint for hint in found if hint]

    def _ask(self, what: Any, **arguments: Any) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a server's advice to its administrators
                return what(**arguments)
        except ElasticsearchException as error:
            raise IndexFailed(_said(error)) from error


def _basic(username: str, password: str) -> str:
    """Return the credentials in UTF-8, as Elasticsearch reads them; the client itself would write Latin-1."""
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"


def _id(hint: Hint) -> str:
    return f"{hint.repository}:{hint.tag}"


def _outcome(result: dict[str, Any]) -> str:
    if result["status"] in (_CONFLICT, _MISSING):
        return "conflict"
    return _reason(result) if result["status"] >= 300 else ""


def _reason(result: dict[str, Any]) -> str:
    error = result.get("error")
    reason = error.get("reason") if isinstance(error, dict) else error
    return f"{result['status']} {reason}"[:_REASON]


def _said(error: Exception) -> str:
    """Return what a failure of the client says. Its own text can hold headers, and so credentials: never that."""
    status, reason, *_ = (*error.args, "", "")
    text = (
        f"{status} {reason or responses.get(status, '')}"
        if isinstance(status, int)
        else f"no answer: {reason or type(error).__name__}"
    )
    return " ".join(_OBJECT.sub("", text).split())[:_REASON]
