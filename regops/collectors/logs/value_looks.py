r"""Looks for the values that a filter asks for, in every way in which a log may have them written.

nginx and Go escape (`\x74` for a t), and so do paths (`%74`). Where a value is looked for that can be escaped, these
other spellings of its characters are looked for as well.
"""

import re
import string
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network

from parsers.log_record import Level, level_of_status, words_at_least
from parsers.nginx_access import AccessFormat
from regops.collectors.logs.needle import Look

_SHORTEST = 3
_LIBRARY = "library"
_HEX_DIGITS = string.hexdigits
# Behind a backslash, these stand for something else than themselves; and so do those that begin a code, if one follows.
_LETTERS = frozenset("afnrtvb")
# nginx has digits in upper case, which Go does not read as such: but then nothing is a repository any more.
_CODES = {"x": b"x(?![0-9A-Fa-f]{2})", "u": b"u(?![0-9A-Fa-f]{4})", "U": b"U(?![0-9a-f]{8})"}
_GLOB = re.compile(r"[*?/]")
_THREE_DIGITS = range(1000)
_OCTET_BITS, _HEXTET_BITS = 8, 16
# What makes an entry grave without a word for it: tracebacks, what programs say when they end, and redis's marks.
_GRAVE = (
    (Level.CRITICAL, ("configuration error: ", "redis bug report")),
    (Level.ERROR, ("traceback (most recent call last):",)),
    (Level.WARNING, (" # ", ":signal-handler (")),
    (Level.NOTICE, (" * ",)),
)
_SIGNAL = re.compile(rb"SIG[A-Z]{2,6}: ")
# `::ffff:10.1.2.3` and `::ffff:a01:203` are an IPv4 address too.
_MAPPED = re.compile(rb":[fF]{4}:")

Place = tuple[bytes, bytes]
"""The texts that stand before and behind a value."""
_Network = IPv4Network | IPv6Network


def repositories(globs: Sequence[str]) -> list[Look | None]:
    """Return the looks for a path with one of some repositories."""
    pieces = [_pieces(glob) for glob in globs]
    if len(pieces) == 1:
        return [_in_a_path(piece) for piece in pieces[0]]
    return [_in_a_path(*(max(of_one, key=len) for of_one in pieces)) if pieces and all(pieces) else None]


def _in_a_path(*pieces: str) -> Look:
    """Return the look for one of some texts in a path, which can be escaped twice."""
    patterns = [re.compile(re.escape(piece.encode("utf-8", "surrogateescape"))) for piece in pieces]
    letters = "".join(pieces)
    percent = re.compile(rb"%%(?:%b)" % _codes(letters))
    return Look((*patterns, percent, spelled(f"{letters}%{_HEX_DIGITS}")))


def _pieces(glob: str) -> list[str]:
    """Return what stands between two slashes of every name that a glob finds, whoever has put it there."""
    # The parser itself puts `library/` in front of some names, and a path can have several slashes for one.
    pieces = _GLOB.split(glob.partition("[")[0])
    return [piece for piece in pieces if len(piece) >= _SHORTEST and piece not in _LIBRARY]


def methods_anywhere(methods: Iterable[str]) -> Look:
    """Return the look for the names of some methods."""
    patterns = [re.compile(method.encode()) for method in methods]
    return Look((*patterns, spelled("".join(methods))))


def methods_of(formats: Sequence[AccessFormat], methods: Iterable[str]) -> Look:
    """Return the look for a request with one of some methods where these formats have one."""
    any_of = b"|".join(method.encode() for method in methods)
    found = [*places(formats, "request"), *places(formats, "request_method")]
    return Look(tuple(re.compile(rb"%b(?:%b|[A-Z]{0,32}\\)" % (re.escape(before), any_of)) for before, _ in found))


def statuses_of(formats: Sequence[AccessFormat], digits: bytes) -> Look:
    """Return the look for a status where these formats have one; it is never escaped."""
    return Look(
        tuple(
            re.compile(rb"%b0{0,19}(?:%b)%b" % (re.escape(before), digits, re.escape(after)))
            for before, after in places(formats, "status")
        )
    )


def numbers(statuses: Iterable[int]) -> tuple[re.Pattern[bytes], ...]:
    """Return what finds a status in `HTTP/1.1" 500`, in `http.response.status=500` and in JSON."""
    digits = digits_of(statuses)
    if not digits:
        return ()
    return re.compile(rb'(?:%b)(?![0-9])(?<=[=:" \t\r0][0-9]{3})' % digits), spelled("0123456789")


def grave_statuses(level: Level) -> list[int]:
    """Return the statuses of answers that are at least so grave; level is above info."""
    return [status for status in _THREE_DIGITS if (level_of_status(status) or Level.INFO) >= level]


def digits_of(statuses: Iterable[int]) -> bytes:
    """Return what finds one of some statuses, in three digits."""
    tens: dict[int, str] = {}
    for status in sorted(statuses):
        tens[status // 10] = f"{tens.get(status // 10, '')}{status % 10}"
    return "|".join(f"{ten:02}[{units}]" for ten, units in tens.items()).encode()


def grave_words(level: Level | None) -> Look | None:
    """Return the look for the words that say that an entry is so grave; None where most of them are."""
    if level is None or level <= Level.INFO:
        return None
    words = [*words_at_least(level), *(word for least, said in _GRAVE if least >= level for word in said)]
    shortest = [word for word in words if not any(other in word and other != word for other in words)]
    return Look((_SIGNAL,), tuple(word.encode() for word in shortest))


def clients_of(clients: Iterable[_Network], around: Iterable[Place]) -> Look | None:
    """Return the look for an address in some networks; None where its first digits can be any."""
    beginnings = [_beginning(client) for client in clients]
    if not all(beginnings):
        return None
    patterns = [
        re.compile(re.escape(before) + beginning + (re.escape(after) if is_whole else b""))
        for beginning, is_whole in filter(None, beginnings)
        for before, after in around
    ]
    return Look((*patterns, _MAPPED))


def _beginning(network: _Network) -> tuple[bytes, bool] | None:
    """Return what finds the beginnings of the addresses in a network, and whether that is the whole of them."""
    if isinstance(network, IPv6Network):
        first = f"{int(network.network_address) >> 112:x}"
        if network.prefixlen < _HEXTET_BITS or first == "0":
            return None
        letters = "".join(f"[{letter}{letter.upper()}]" for letter in first)
        return f"0{{0,3}}{letters}:".encode(), False
    octets = str(network.network_address).split(".")
    whole, bits = divmod(network.prefixlen, _OCTET_BITS)
    if not network.prefixlen:
        return None
    known = "".join(re.escape(f"{octet}.") for octet in octets[:whole])
    if whole == len(octets):
        return known.removesuffix(r"\.").encode(), True
    if bits:
        least = int(octets[whole])
        known += f"(?:{'|'.join(str(least + more) for more in range(2 ** (_OCTET_BITS - bits)))})"
    return known.encode(), False


def places(formats: Iterable[AccessFormat], name: str) -> list[Place]:
    """Return the texts around each place where some formats have a variable."""
    return list(dict.fromkeys(place for each in formats for place in _places_in(each, name)))


def _places_in(log_format: AccessFormat, name: str) -> Iterator[Place]:
    # Between two segments, there is a quote.
    last = len(log_format.segments) - 1
    for number, segment in enumerate(log_format.segments):
        for index, field in enumerate(segment.fields):
            if field.name == name:
                before, after = segment.literals[index], segment.literals[index + 1]
                before = f'"{before}' if number and not index else before
                after = f'{after}"' if number < last and index == len(segment.fields) - 1 else after
                yield before.encode("utf-8", "surrogateescape"), after.encode("utf-8", "surrogateescape")


def spelled(characters: str) -> re.Pattern[bytes]:
    """Return what finds one of some characters behind a backslash, in any way that is read as the character."""
    codes = _codes(characters)
    ways = [b"%b(?:%b)" % (begins, codes) for begins in (b"x", b"u00", b"U000000")]
    letters = sorted(set(characters) - _LETTERS)
    ways += [_CODES.get(letter) or re.escape(letter).encode("utf-8", "surrogateescape") for letter in letters]
    return re.compile(rb"\\(?:%b)" % b"|".join(ways))


def _codes(characters: str) -> bytes:
    """Return what finds the hexadecimal codes of some characters, in either case."""
    return b"|".join(
        b"".join(b"[%b%b]" % (digit, digit.upper()) for digit in (b"%x" % (code >> 4), b"%x" % (code & 15)))
        for code in sorted(set(characters.encode("utf-8", "surrogateescape")))
    )
