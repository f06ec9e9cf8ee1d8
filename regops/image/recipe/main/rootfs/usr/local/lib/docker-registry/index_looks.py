"""What the registry itself says about a tag, and about what it has; asked at its own port, behind nginx."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

from http_request import RequestFailed, request
from index_errors import LookFailed
from index_hints import Hint, hint_at

REGISTRY = "http://127.0.0.1:5000"
_SECONDS = 20.0
_NOT_FOUND = 404
_TYPES = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
)
_ACCEPT = {"Accept": ", ".join(_TYPES)}
_NEXT = re.compile(r'<([^<>"\s]+)>;\s*rel="?next"?')
_PAGE = 100


def look(hint: Hint, before: dict[str, Any]) -> dict[str, Any]:
    """Return the index's document about a tag, there or gone; before is the one it has. Raises LookFailed."""
    document = {"name": hint.repository, "tag": hint.tag}
    try:
        answer = _get(f"/v2/{hint.repository}/manifests/{hint.tag}", _ACCEPT)
    except RequestFailed as error:
        if error.status == _NOT_FOUND:
            return {**document, "gone": True}
        raise LookFailed(str(error)) from error
    digest = answer.headers.get("Docker-Content-Digest", "")
    document |= {"gone": False, "digest": digest, "size_bytes": size_of(answer.body)}
    if digest == hint.digest and hint.pushed_at:
        document["pushed_at"] = hint.pushed_at
    elif digest == before.get("digest"):
        document["pushed_at"] = before.get("pushed_at")
    return document


def all_tags() -> Iterator[list[Hint]]:
    """Yield hints at every tag of every repository, some at a time. Raises LookFailed."""
    for repositories in _pages("/v2/_catalog", "repositories"):
        for repository in repositories:
            if hint_at(repository, "x"):
                # A repository in which nothing is left has no tags: the registry says that it does not know it.
                for tags in _pages(f"/v2/{repository}/tags/list", "tags"):
                    yield [hint for hint in (hint_at(repository, tag) for tag in tags) if hint]


def size_of(manifest: bytes) -> int | None:
    """Return the bytes of an image's parts; None for a list of images, and for what cannot be read."""
    try:
        told = json.loads(manifest)
        sizes = [part["size"] for part in (told["config"], *told["layers"])]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    fine = all(type(size) is int and 0 <= size < 1 << 50 for size in sizes)
    return sum(sizes) if fine else None


def _pages(path: str, key: str) -> Iterator[list[Any]]:
    following = f"{path}?n={_PAGE}"
    while following:
        try:
            answer = _get(following, {})
            found = json.loads(answer.body)[key] or []
        except RequestFailed as error:
            if error.status == _NOT_FOUND:
                return
            raise LookFailed(str(error)) from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise LookFailed(f"GET {path}: that is no list of {key}") from error
        yield found
        link = _NEXT.search(answer.headers.get("Link", ""))
        following = link.group(1) if found and link and link.group(1).startswith(f"{path}?") else ""


def _get(path: str, headers: dict[str, str]) -> Any:
    try:
        return request("GET", f"{REGISTRY}{path}", time.monotonic() + _SECONDS, headers=headers)
    except TimeoutError:
        raise LookFailed(f"GET {path.partition('?')[0]}: no answer within {_SECONDS:g} s") from None
