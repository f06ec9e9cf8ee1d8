r"""Values of an access log as the client sent them: nginx's escapes taken back.

Bytes that are no UTF-8 come out as lone surrogates (Python's `surrogateescape`), as they do in the rest of a line.
Source: ngx_http_log_escape, which writes `\xHH` for control characters, the quote, the backslash and all that is not
ASCII, and ngx_escape_json.
"""

import re
from functools import lru_cache

# Docker names itself with escaped parentheses in every line; longer values are rarer, and not worth the memory.
_REMEMBERED = 512
_HEX = re.compile(r"(?:\\x[0-9A-Fa-f]{2})+")
_JSON = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|(["\\bfnrt/]))')
_JSON_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def unescape_hex(value: str) -> str:
    r"""Take back `\x22`."""
    if "\\" not in value:
        return value
    return _unescaped(value) if len(value) <= _REMEMBERED else _HEX.sub(_bytes, value)


def unescape_json(value: str) -> str:
    r"""Take back `\"` and `\u0016`."""
    return _JSON.sub(_character, value) if "\\" in value else value


@lru_cache(maxsize=256)
def _unescaped(value: str) -> str:
    return _HEX.sub(_bytes, value)


def _bytes(found: re.Match[str]) -> str:
    return bytes.fromhex(found.group().replace("\\x", "")).decode("utf-8", "surrogateescape")


def _character(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else _JSON_LETTERS.get(found[2], found[2])
