"""What an access log holds, told by the plainest means: one line at a time, cut at quotes and blanks.

It shares nothing with the program, so that the two can be held against each other. It knows the formats of access_logs.
"""

from calendar import timegm
from collections import Counter
from datetime import datetime
from typing import Any

LONGEST = 256 * 1024
ADDRESS = set("0123456789abcdefABCDEF.:")
NAME = set("abcdefghijklmnopqrstuvwxyz0123456789.-/")
RESOURCES = ("manifests", "blobs", "referrers")


def plain_totals(log: bytes, *, timed: bool = False) -> dict[str, Any]:
    """Return the totals of a log."""
    totals: dict[str, Any] = {
        name: Counter() for name in ("status", "minute", "client", "agent", "method", "repository", "unread")
    }
    totals |= {"bytes": 0, "lines": 0, "pulls": 0, "pushes": 0, "client_bytes": Counter(), "slowest": []}
    *lines, rest = log.decode("latin-1").split("\n")
    for line in lines:
        _count(totals, line, "not in the log's format", timed=timed)
    if rest:
        _count(totals, rest, "cut off", timed=timed)
    totals["slowest"] = sorted(totals["slowest"], reverse=True)[:20]
    return totals


def _count(totals: dict[str, Any], line: str, reason: str, *, timed: bool) -> None:
    totals["lines"] += 1
    if len(line) > LONGEST:
        totals["unread"]["too long"] += 1
        return
    line = line.removesuffix("\r")
    if not line:
        totals["unread"]["empty"] += 1
        return
    try:
        client, time, request, status, size, agent, duration = _fields(line, timed=timed)
    except (ValueError, IndexError):
        totals["unread"][reason] += 1
        return
    method, repository, is_image = _kind(request)
    if not set(repository or "") <= NAME:
        repository, is_image = None, False
    totals["bytes"] += size
    totals["status"][status] += 1
    totals["minute"][time // 60 * 60] += 1
    totals["client"][client] += 1
    totals["client_bytes"][client] += size
    totals["agent"][agent] += 1
    totals["method"][method] += 1
    totals["repository"][repository] += 1
    totals["pulls"] += method == "GET" and status == 200 and is_image
    totals["pushes"] += method == "PUT" and 200 <= status < 300 and is_image
    if duration is not None:
        totals["slowest"].append(duration)


def _fields(line: str, *, timed: bool) -> tuple[str, int, str, int, int, str, int | None]:
    head, request, numbers, _referer, blank, agent, tail = line.split('"')
    need(blank == " ")
    if timed:
        need(head.startswith("LB - "))
        _forwarded, found, head = head[5:].partition(" - ")
        need(bool(found))
    client, found, rest = head.partition(" - ")
    need(bool(found) and 2 <= len(client) <= 45 and set(client) <= ADDRESS)
    _user, found, time = rest.rpartition(" [")
    need(bool(found) and time.endswith("] ") and len(time) == 28)
    empty, status, size, end = numbers.split(" ")
    need(empty == end == "" and len(status) == 3)
    duration = None
    if timed:
        empty, took, upstream = tail.split(" ", 2)
        need(empty == "" and set(upstream) <= set("0123456789.-/"))
        if took != "-":
            whole, decimals = took.split(".")
            need(len(decimals) == 3)
            duration = number(whole) * 1000 + number(decimals)
    else:
        need(tail == "")
    need(len(size) <= 20)
    return client, moment(time[:-2]), request, number(status), 0 if size == "-" else number(size), agent, duration


def need(fact: bool) -> None:
    if not fact:
        raise ValueError


def number(text: str) -> int:
    need(text != "" and set(text) <= set("0123456789"))
    return int(text)


def moment(text: str) -> int:
    at = datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z")
    # strptime takes one digit for two, and any case of a month's name.
    need(at.strftime("%d/%b/%Y:%H:%M:%S %z") == text)
    return timegm(at.utctimetuple())


def _kind(request: str) -> tuple[str, str | None, bool]:
    method, _, rest = request.partition(" ")
    if not rest or not method.isascii() or not method.isalpha() or not method.isupper():
        return "-", None, False
    target, blank, protocol = rest.rpartition(" ")
    path = (target if blank and protocol.startswith("HTTP/") else rest).partition("?")[0]
    parts = path.split("/")[1:]
    if parts[0] == "v2" and len(parts) > 3:
        if parts[-2] in RESOURCES or parts[-2:] == ["tags", "list"]:
            return method, "/".join(parts[1:-2]), parts[-2] == "manifests"
        if parts[-3:-1] == ["blobs", "uploads"]:
            return method, "/".join(parts[1:-3]), False
    if parts[:2] == ["v1", "repositories"] and len(parts) > 3:
        return method, "/".join(parts[2:-1]), parts[-1] == "images"
    return method, None, False
