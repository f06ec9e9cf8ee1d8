"""An entry without the time that its line has: for a screen on which the time stands in a column of its own."""

import re

from parsers.log_record import LogEntry
from parsers.nginx_access import AccessEntry

_CLOCK = "[0-9]{2}:[0-9]{2}:[0-9]{2}"
_ZONE = "(?: ?(?:Z|[+-][0-9]{2}:?[0-9]{2}))?"
_NUMERIC = rf"\[?[0-9]{{4}}[-/][0-9]{{2}}[-/][0-9]{{2}}[ T]{_CLOCK}(?:[.,][0-9]{{1,9}})?{_ZONE}[]:]*"
_APACHE = rf"\[?[0-9]{{2}}/[A-Z][a-z]{{2}}/[0-9]{{4}}[: ]{_CLOCK}{_ZONE}[]:]*"
_NAMED = (
    rf"(?:[A-Z][a-z]{{2}} )?[A-Z][a-z]{{2}} [0-9 ][0-9] [0-9]{{4}} {_CLOCK}"
    r"(?: (?:GMT|UTC)?(?:[+-][0-9]{4})?(?: \([A-Z]{1,5}\))?)?:?"
)
_REDIS = rf"[0-9]{{2}} [A-Z][a-z]{{2}} (?:[0-9]{{4}} )?{_CLOCK}(?:\.[0-9]{{3}})?"
# What comes before the time in redis's lines and in those of requests stays.
_STAMP = re.compile(
    rf'()(?:time="[^"\n]{{1,40}}"|{_NUMERIC}|{_APACHE}|{_NAMED}) |([0-9]{{1,10}}:[A-Z] |\[[0-9]{{1,10}}\] ){_REDIS} '
    rf'|([^ \n]{{1,64}} [^ \n]{{1,64}} [^\["\n]{{0,256}})\[{_APACHE} '
)
_TIMES = ("time_local", "time_iso8601", "msec")


def without_stamp(entry: LogEntry) -> str:
    """Return the text of an entry without its time; all of it where its time is not plain to see."""
    text = entry.text
    if entry.time is None or entry.continued:
        return text
    if isinstance(entry, AccessEntry):
        for name in _TIMES:
            if time := entry.variables.get(name):
                return text.replace(f"[{time}] ", "", 1)
        return text
    found = _STAMP.match(text)
    return f"{found[found.lastindex or 1]}{text[found.end() :]}" if found else text
