"""Requests and bytes by name and by kind of request, in tables that are handed over when they are full."""

from collections.abc import Callable

import numpy as np

from parsers.log_record import split_request
from regops.adapters.traffic.codes import ShortCodes
from regops.adapters.traffic.columns import Block, Span
from regops.adapters.traffic.plan import VALUE_BYTES
from regops.adapters.traffic.words import Ints
from regops.model.ranking import Ranking
from regops.model.traffic import RequestKind, Traffic, request_kind, shown_name
from regops.model.traffic_filter import TrafficFilter

# The line is not for this table: it has to be read by the parser. Or a filter leaves it out.
REFUSED, LEFT_OUT = -1, -2
_MOST_KINDS, _MOST_STATUSES = 16_384, 64
_PROTOCOL, _DASH, _SLASH, _AFTER_SLASH, _QUERY = b" HTTP/1.1", ord("-"), ord("/"), ord("/") + 1, ord("?")
_DIGEST_BYTES = 64
# What stands for a tag, a digest or the name of an upload that was cut off.
_ANY = "0"


class NameCounts:
    """Requests and bytes per name, until they are handed over to a ranking.

    read returns the name that some bytes are, None for no value; it raises ValueError for those that need the parser.
    wants says which names count.
    """

    def __init__(
        self, read: Callable[[str], str | None], wants: Callable[[str | None], bool], *, words: int, slot_bits: int
    ) -> None:
        self._read = read
        self._wants = wants
        self._names: list[str | None] = []
        self._codes = ShortCodes(self._make, words=words, slot_bits=slot_bits)
        self._requests = np.zeros(1024, np.int64)
        self._bytes = np.zeros(1024, np.int64)

    def at(self, block: Block, span: Span) -> Ints:
        """Return the number of the name in each row; REFUSED where the parser has to look, LEFT_OUT for unwanted."""
        return self._codes.at(block, span)

    @property
    def is_full(self) -> bool:
        """Whether it is time to hand over."""
        return self._codes.is_full

    def add(self, codes: Ints, sizes: Ints) -> None:
        """Count requests by the numbers of their names."""
        while len(self._requests) < len(self._names):
            self._requests = np.concatenate((self._requests, np.zeros_like(self._requests)))
            self._bytes = np.concatenate((self._bytes, np.zeros_like(self._bytes)))
        np.add.at(self._requests, codes, 1)
        np.add.at(self._bytes, codes, sizes)

    def hand_over(self, ranking: Ranking) -> None:
        """Add what was counted to a ranking, and start again."""
        count = len(self._names)
        for name, requests, sizes in zip(
            self._names, self._requests[:count].tolist(), self._bytes[:count].tolist(), strict=True
        ):
            if requests:
                ranking.add(shown_name(name), (requests, sizes))
        self._names.clear()
        self._codes.clear()
        self._requests[:count] = 0
        self._bytes[:count] = 0

    def _make(self, raw: bytes) -> int:
        try:
            name = self._read(raw.decode("utf-8", "surrogateescape"))
        except ValueError:
            return REFUSED
        if not self._wants(name):
            return LEFT_OUT
        self._names.append(name)
        return len(self._names) - 1


class KindCounts:
    """Requests and bytes per kind of request (a row each) and status (a column each), until they are handed over.

    value takes nginx's escapes back.
    """

    def __init__(self, wanted: TrafficFilter, value: Callable[[str], str | None]) -> None:
        self._wanted = wanted
        self._value = value
        self._rows: dict[RequestKind, int] = {}
        self._codes = ShortCodes(self._row, words=8, slot_bits=16)
        self._columns = np.full(1000, REFUSED)
        self._statuses: list[int] = []
        self._requests = np.zeros((_MOST_KINDS, _MOST_STATUSES), np.int64)
        self._bytes = np.zeros((_MOST_KINDS, _MOST_STATUSES), np.int64)

    def rows(self, block: Block, request: Span) -> Ints:
        """Return the rows of some request lines; REFUSED where the parser has to look, LEFT_OUT for unwanted ones."""
        return self._codes.at(block, _deciding_part(block, request))

    def columns(self, statuses: Ints) -> Ints:
        """Return the columns of some statuses, REFUSED where the table is full."""
        columns = self._columns[statuses]
        if (columns == REFUSED).any():
            for status in np.unique(statuses[columns == REFUSED]).tolist()[: _MOST_STATUSES - len(self._statuses)]:
                self._columns[status] = len(self._statuses)
                self._statuses.append(status)
            columns = self._columns[statuses]
        return columns

    def add(self, rows: Ints, columns: Ints, sizes: Ints) -> None:
        """Count requests."""
        cells = rows * _MOST_STATUSES + columns
        np.add.at(self._requests.reshape(-1), cells, 1)
        np.add.at(self._bytes.reshape(-1), cells, sizes)

    @property
    def is_full(self) -> bool:
        """Whether the next blocks may not find room."""
        return len(self._rows) > _MOST_KINDS // 2 or len(self._statuses) == _MOST_STATUSES or self._codes.is_full

    def hand_over(self, traffic: Traffic) -> None:
        """Add what was counted to the totals, and start again."""
        kinds = list(self._rows)
        for row, column in np.argwhere(self._requests[: len(kinds)]).tolist():
            count, sizes = int(self._requests[row, column]), int(self._bytes[row, column])
            traffic.add_requests(kinds[row], self._statuses[column], count, sizes)
        self._requests[: len(kinds)] = self._bytes[: len(kinds)] = 0
        self._rows.clear()
        self._codes.clear()
        self._statuses.clear()
        self._columns[:] = REFUSED

    def _row(self, raw: bytes) -> int:
        text = raw.decode("utf-8", "surrogateescape")
        # No request begins with a quote: it stands for one that was cut.
        is_cut = text.startswith('"')
        method, uri, _ = split_request(self._value(text[1:] + _ANY if is_cut else text))
        if is_cut and not (uri or "").startswith("/v2/"):
            return REFUSED
        if not self._wanted.wants_request(method, uri):
            return LEFT_OUT
        kind = request_kind(method, uri)
        row = self._rows.get(kind)
        if row is None:
            if len(self._rows) == _MOST_KINDS:
                return REFUSED
            row = self._rows[kind] = len(self._rows)
        return row


def _deciding_part(block: Block, request: Span) -> Span:
    """Return the request lines, those that end in a tag, a digest or an upload's name only up to that.

    A registry has few kinds of requests, but ever new digests and uploads; these do not decide what kind it is, as long
    as they hold nothing that could be a slash. A line that was cut begins with the quote before it.
    """
    last = request.start + request.length - len(_PROTOCOL)
    after = last - _DIGEST_BYTES
    is_http = block.follows(last, _PROTOCOL)
    digest = is_http & block.follows(after - 8, b"/sha256:")
    others = np.flatnonzero(is_http & ~digest)
    after[others] = slash = block.after_last(last[others], _SLASH)
    named = block.follows(slash - 15, b"/blobs/uploads/") & (slash < last[others]) & (block.byte(slash) != _QUERY)
    named |= block.follows(slash - 11, b"/manifests/")
    cut = np.zeros(len(last), np.bool_)
    rows = np.flatnonzero(digest)
    cut[rows] = block.is_plain(after[rows], last[rows] - after[rows], least=_AFTER_SLASH, words=8)
    rows = others[named]
    # Among the bytes that stand before the slash are those of tags, `-` and `.`; and the slash was the last one.
    plain = block.is_plain(after[rows], last[rows] - after[rows], least=_DASH, words=5)
    asking = np.flatnonzero(~plain)
    path = block.length(after[rows[asking]], _QUERY)
    plain[asking] = (path < VALUE_BYTES) & block.is_plain(after[rows[asking]], path, least=_DASH, words=8)
    cut[rows] = plain
    cut &= after > request.start
    return Span(request.start - cut, np.where(cut, after - request.start + 1, request.length))
