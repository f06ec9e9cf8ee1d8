"""A registry in memory: replies by path, and a record of what was asked of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from regops.errors import RegopsError
from regops.model.http import HttpReply, Phases

_REASONS = {
    200: "OK",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    502: "Bad Gateway",
    503: "Service Unavailable",
}


def http_reply(
    status: int = 200,
    body: str | bytes = b"",
    *,
    headers: Mapping[str, str] | None = None,
    url: str = "http://127.0.0.1:5080/",
    address: str = "127.0.0.1",
    **more: Any,
) -> HttpReply:
    """Return a reply as the HTTP door gives it; more is for its other fields."""
    fields: dict[str, Any] = {
        "reason": _REASONS.get(status, ""),
        "truncated": False,
        "phases": Phases(None, 0.001, None, 0.002, 0.003),
        "tls": None,
        "redirects": (),
        **more,
    }
    return HttpReply(
        url=url,
        address=address,
        status=status,
        headers=tuple((headers or {}).items()),
        body=body.encode() if isinstance(body, str) else body,
        **fields,
    )


Reply = HttpReply | RegopsError | str | int


class FakeRegistry:
    """A registry in memory, for ports.Registry.

    replies maps a path to what GET gives: a whole reply, an error to raise, a text (200 with that body), a status, or
    a sequence of these, one for each question, whose last one stays. Other paths answer 404. asked lists the paths.
    """

    def __init__(
        self,
        replies: Mapping[str, Reply | Sequence[Reply]] | None = None,
        *,
        url: str = "http://127.0.0.1:5080",
        address: str = "127.0.0.1",
    ) -> None:
        self.url = url
        self.address = address
        self.replies = dict(replies or {})
        self.asked: list[str] = []

    def get(self, path: str, *, timeout_seconds: float | None = None) -> HttpReply:
        before = self.asked.count(path)
        self.asked.append(path)
        found: Any = self.replies.get(path, 404)
        if isinstance(found, Sequence) and not isinstance(found, str):
            found = found[min(before, len(found) - 1)]
        if isinstance(found, RegopsError):
            raise found
        if isinstance(found, HttpReply):
            return found
        status, body = (200, found) if isinstance(found, str) else (found, "")
        return http_reply(status, body, url=f"{self.url}{path}", address=self.address)
