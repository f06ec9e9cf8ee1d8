"""Totals read back from the JSON of `regops traffic`, so that those of several hosts can be added up."""

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from parsers.errors import ParseError
from regops.model.ranking import Ranking
from regops.model.traffic import COARSER, Bucket, SlowRequest, Traffic, whole_seconds
from regops.model.traffic_report import SourceKind, TrafficSource

_NUMBERS = ("lines", "requests", "left_out", "sent_bytes", "pulls", "pushes")
_CLASSES = ("class_other", "class_1xx", "class_2xx", "class_3xx", "class_4xx", "class_5xx")
_RANKINGS = {
    "repositories": ("requests", "sent_bytes", "pulls", "pushes"),
    "clients": ("requests", "sent_bytes"),
    "agents": ("requests", "sent_bytes"),
}
_LONGEST_TEXT = 4096
_SCHEMA_VERSION = 1


def read_traffic(document: object, source: str) -> tuple[Traffic, tuple[TrafficSource, ...]]:
    """Return the totals of a document, and the logs they are of.

    Raises ParseError for anything that `regops traffic --output json` does not print.
    """
    envelope = _Part(document, source)
    if (envelope.value("tool"), envelope.value("command")) != ("regops", "traffic"):
        raise envelope.wrong("expected what `regops traffic --output json` printed", envelope.value("command"))
    if envelope.value("schema_version") != _SCHEMA_VERSION:
        raise envelope.wrong("this regops reads version 1 of the document", envelope.value("schema_version"))
    data = envelope.part("data")
    traffic = Traffic()
    for name in _NUMBERS:
        setattr(traffic, name, data.count(name))
    for name, field in (("first_at", "first_time"), ("last_at", "last_time")):
        setattr(traffic, field, None if data.value(name) is None else data.second(name))
    for unread in data.parts("unread"):
        traffic.unread[unread.text("reason")] += unread.count("lines")
        traffic.examples[unread.text("reason")] = unread.texts("examples")
    for each in data.parts("statuses"):
        traffic.statuses[each.count("status")] += each.count("requests")
    for each in data.parts("methods"):
        traffic.methods[each.text("method")] += each.count("requests")
    for each in data.parts("operations"):
        traffic.operations[each.count("api"), each.text("operation")] += each.count("requests")
    _read_buckets(data, traffic)
    for name, fields in _RANKINGS.items():
        _read_ranking(data.part(name), getattr(traffic, name), fields)
    for each in data.parts("slowest"):
        traffic.add_slow(
            SlowRequest(
                duration_ms=round(each.number("took_ms")),
                time=each.second("at"),
                method=each.text("method"),
                target=each.text("target"),
                status=each.count("status"),
                sent_bytes=each.count("sent_bytes"),
                client=each.text("client"),
            )
        )
    sources = tuple(
        TrafficSource(f"{source}: {each.text('name')}", SourceKind.SUMMARY, problem=each.maybe_text("problem"))
        for each in data.parts("sources")
    )
    return traffic, sources


def _read_buckets(data: "_Part", traffic: Traffic) -> None:
    traffic.bucket_seconds = round(data.number("every_ms")) // 1000
    if traffic.bucket_seconds not in {*COARSER, *COARSER.values()}:
        raise data.wrong("expected a minute, an hour, a day or a year", traffic.bucket_seconds)
    for each in data.parts("buckets"):
        classes = [each.count(name) for name in _CLASSES]
        traffic.add_bucket(each.second("at"), Bucket(each.count("requests"), each.count("sent_bytes"), classes))


def _read_ranking(part: "_Part", ranking: Ranking, fields: tuple[str, ...]) -> None:
    for each in part.parts("names"):
        ranking.add(each.text("name"), [each.count(field) for field in fields])
    rest = part.part("rest")
    ranking.rest = [count + rest.count(field) for count, field in zip(ranking.rest, fields, strict=True)]
    ranking.missed += part.count("missed")


class _Part:
    """An object of the document, whose values are checked as they are taken: it came from another host."""

    def __init__(self, value: object, source: str) -> None:
        self._source = source
        if not isinstance(value, dict):
            raise self.wrong("expected an object", value)
        self._fields = cast("Mapping[str, object]", value)

    def wrong(self, reason: str, value: object) -> ParseError:
        """Return the error about a value; raise it."""
        return ParseError(reason, source=self._source, line=1, text=repr(value)[:200])

    def value(self, name: str) -> object:
        """Return what stands there, None for nothing."""
        return self._fields.get(name)

    def part(self, name: str) -> "_Part":
        """Return an object."""
        return _Part(self.value(name), self._source)

    def parts(self, name: str) -> "list[_Part]":
        """Return a list of objects."""
        return [_Part(item, self._source) for item in self._items(name)]

    def number(self, name: str) -> float:
        """Return a number that is not negative."""
        value = self.value(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 2**63:
            raise self.wrong(f"expected a number in {name}", value)
        return value

    def count(self, name: str) -> int:
        """Return a whole number that is not negative."""
        value = self.value(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.wrong(f"expected a count in {name}", value)
        return value

    def text(self, name: str) -> str:
        """Return a text."""
        return self._text(self.value(name), name)

    def maybe_text(self, name: str) -> str | None:
        """Return a text, None for null."""
        return None if self.value(name) is None else self.text(name)

    def texts(self, name: str) -> list[str]:
        """Return a list of texts."""
        return [self._text(item, name) for item in self._items(name)]

    def second(self, name: str) -> int:
        """Return a time as seconds since 1970."""
        text = self.text(name)
        try:
            return whole_seconds(datetime.fromisoformat(text))
        except (ValueError, TypeError, OverflowError) as error:
            raise self.wrong(f"expected a time with its zone in {name}", text) from error

    def _items(self, name: str) -> list[object]:
        value = self.value(name)
        if not isinstance(value, list):
            raise self.wrong(f"expected a list in {name}", value)
        return cast("list[object]", value)

    def _text(self, value: object, name: str) -> str:
        if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
            raise self.wrong(f"expected a short text in {name}", value)
        return value
