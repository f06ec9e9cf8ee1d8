"""What entries hold that a filter wants, as bytes: for each kind of log, by what its parser makes of them."""

import string
from collections.abc import Iterable, Sequence

from parsers.log_record import Level
from parsers.nginx_access import AccessFormat
from regops.collectors.logs.needle import NOTHING, Look, Needle, pattern_look
from regops.collectors.logs.value_looks import (
    clients_of,
    digits_of,
    grave_statuses,
    grave_words,
    methods_anywhere,
    methods_of,
    numbers,
    places,
    repositories,
    spelled,
    statuses_of,
)
from regops.model.log_filter import LogFilter


def access_needle(asked: LogFilter, formats: Sequence[AccessFormat]) -> Needle | None:
    """Return what those lines hold that are wanted of an access log in any of some formats."""
    looks = [_grep(asked), *repositories(asked.repositories)]
    if asked.clients:
        looks.append(clients_of(asked.clients, places(formats, "remote_addr")))
    if asked.methods:
        looks.append(methods_of(formats, asked.methods))
    if asked.statuses:
        looks.append(statuses_of(formats, digits_of(asked.statuses)))
    if asked.level is not None and asked.level > Level.INFO:
        digits = digits_of(grave_statuses(asked.level))
        # No status has more digits, but a log might.
        looks.append(statuses_of(formats, rb"%b|[1-9][0-9]{3,19}" % digits) if digits else NOTHING)
    return _needle(looks, is_line=True)


def error_needle(asked: LogFilter) -> Needle | None:
    """Return what those entries hold that are wanted of nginx's error log; it tells of no status."""
    looks = [_grep(asked), *repositories(asked.repositories)]
    if asked.clients:
        looks.append(clients_of(asked.clients, [(b"client: ", b""), (b"client ", b"")]))
    if asked.methods:
        looks.append(methods_anywhere(asked.methods))
    if asked.statuses:
        looks.append(NOTHING)
    return _needle(looks, owed=[grave_words(asked.level)])


def registry_needle(asked: LogFilter) -> Needle | None:
    """Return what those entries hold that are wanted of a registry's log, in all shapes that it has."""
    looks = repositories(asked.repositories)
    if asked.clients and (clients := clients_of(asked.clients, [(b"", b"")])):
        looks.append(Look((*clients.patterns, spelled(f"{string.hexdigits}.:"))))
    if asked.methods:
        looks.append(methods_anywhere(asked.methods))
    if asked.statuses:
        looks.append(Look(numbers(asked.statuses)))
    if (level := grave_words(asked.level)) is not None and asked.level is not None:
        statuses = numbers(grave_statuses(asked.level))
        looks.append(Look((*level.patterns, *statuses, spelled(string.ascii_letters)), level.words))
    return _needle([_grep(asked)], owed=looks)


def program_needle(asked: LogFilter) -> Needle | None:
    """Return what those entries hold that are wanted of a log that tells of no requests."""
    looks = [_grep(asked), *repositories(asked.repositories)]
    if asked.statuses or asked.methods or asked.repositories or asked.clients:
        looks.append(NOTHING)
    return _needle(looks, owed=[grave_words(asked.level)])


def mixed_needle(asked: LogFilter) -> Needle | None:
    """Return what those entries hold that are wanted of a log of several programs."""
    looks = repositories(asked.repositories)
    if asked.methods:
        looks.append(methods_anywhere(asked.methods))
    return _needle([_grep(asked)], owed=looks)


def _needle(looks: Iterable[Look | None], *, owed: Iterable[Look | None] = (), is_line: bool = False) -> Needle | None:
    own, lent = (tuple(look for look in each if look is not None) for each in (looks, owed))
    return Needle((*own, *lent), is_line=is_line, owed=lent) if own or lent else None


def _grep(asked: LogFilter) -> Look | None:
    return None if asked.grep is None else pattern_look(asked.grep)
