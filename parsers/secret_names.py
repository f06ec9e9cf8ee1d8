r"""Secrets in a text that stand behind their name: headers, options, fields of JSON, parameters of a query.

    OS_PASSWORD=…    'password': u'…'    \"password\": \"…\"    X-Auth-Token: …    ('X-Auth-Token', '…')    token%3D…%26
    Authorization: Basic …    Cookie: a=…; b=…    ?_state=…&digest=sha256:…

Names are recognised by their ends, so that OS_PASSWORD and x-vault-token need no rule of their own. Where it is not
plain where a value ends, rather more than less is masked.
"""

import re
from functools import lru_cache
from typing import TypeAlias

MASK = "***"

# One of these is in every text that names a secret, in lower case.
NAMES = ("pass", "token", "secret", "auth", "key", "cookie", "sess", "sig", "cred", "_state", "pwd", "sid=", "code=")

_KEYS = [
    "api",
    "access",
    "secret",
    "private",
    "auth",
    "account",
    "encryption",
    "signing",
    "shared",
    "storage",
    "temp[-_]?url",
]
_HEADER = "authorization|cookie2?|registry[-_](?:auth|config)"
_STRONG = "|".join((
    "pass(?:word|wd|phrase|code)", "pwd", "secret", "token", "requirepass", "masterauth", "st[-_]key",
    *(f"{what}[-_ ]?key" for what in _KEYS),
))  # fmt: skip
# Words that mean other things as well: `session: closed` says nothing secret, `session=8f3a…` does.
_WEAK = "|".join((
    "pass", "signature", "credential", "_state", "session(?:[-_]?id)?", "sig(?<![a-z]sig)", "sid(?<![a-z]sid)",
    "auth(?<![a-z]auth)", "key(?<=[?&]key)", "code(?<=[?&]code)",
))  # fmt: skip
_ENDING = "(?:[-_]?(?:id|key|hash|value|data|string|[0-9]))?s?"
_QUOTE = r"""\\{0,7}["']|%22|%27|\\x22|\\x27|\\u0022|&quot;"""
_ASSIGN = r"=>|=|:|%3d|%3a|\\x3d|\\u003d"
# For text in lower case. Each name begins with a letter that is spelled out, which lets `re` skip to the next of them.
_NAMED = re.compile(
    rf"(?P<name>{_HEADER}|{_STRONG}|{_WEAK}){_ENDING}(?P<close>(?:{_QUOTE})?)"
    rf"(?P<sep>\]?[ \t]{{0,8}}(?:(?P<sign>{_ASSIGN})|,(?=[ \t]{{0,8}}[ub]?['\"]))[ \t]{{0,8}})"
    rf"(?:[ub](?=['\"]))?(?P<open>(?:{_QUOTE})?)"
)
_IS_HEADER = re.compile(_HEADER)
_IS_STRONG = re.compile(_STRONG)
# The whole name of a field or a variable.
_NAME = re.compile(
    rf"(?:.{{0,256}}?(?:{_HEADER}|{_STRONG}|{_WEAK}|key(?<![a-z]key)){_ENDING}|.{{0,256}}?cookie_.*)",
    re.IGNORECASE | re.DOTALL,
)
_BARE = re.compile(r"""[^\s"']+""")
_BARE_IN_QUERY = re.compile(r"""(?:(?!%26)[^\s"'&])+""")
_BARE_HEADER = re.compile(r"""(?:digest|aws4-)[^\n]*|(?:[a-z][a-z0-9-]{1,30} +)?[^\s"']+""")
_BARE_COOKIE = re.compile(r"""[^\n"']+""")
_PLAIN_WORDS = frozenset({"none", "null", "nil", "true", "false", "yes", "no", "-"})
_REASON = re.compile("[a-z]{1,15}[.:]?")
_BLANK_OR_QUOTE = re.compile(r"""[\s"']""")
# How far back the path or the query is looked for that a name stands in.
_LOOK_BACK = 256

_Found: TypeAlias = re.Match[str]


def mask_named(text: str) -> str:
    """Return a text with the secrets masked that stand behind their name."""
    lower = text.lower()
    if len(lower) != len(text):
        # A few letters become two when they are lowered, and then nothing is where it was.
        lower = text.translate(_ASCII_LOWER)
    parts: list[str] = []
    done = at = 0
    while found := _NAMED.search(lower, at):
        start = at = found.end()
        if _names_nothing_secret(lower, found):
            continue
        value = lower[start : _value_end(lower, found)]
        if not found["open"]:
            value = value.rstrip(",;)}]\\")
            if value in _PLAIN_WORDS or _is_reason(found, value):
                continue
        if value:
            parts += text[done:start], MASK
            done = at = start + len(value)
    return "".join((*parts, text[done:])) if parts else text


@lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """Return whether what bears this name is a secret: `http_authorization`, `arg_token`, `password`."""
    return _NAME.fullmatch(name) is not None


_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def _names_nothing_secret(lower: str, found: _Found) -> bool:
    colon, closed, opened = found["sign"] in {":", "%3a"}, bool(found["close"]), bool(found["open"])
    if found["sign"] is None:
        return not (closed and opened)  # ('X-Auth-Token', '…') and nothing else
    if not colon or opened:
        return colon and not closed and _is_weak(found)
    if _is_weak(found) or lower.startswith(("{", "["), found.end()):
        return True
    if closed or found["sep"].endswith((" ", "\t")):
        return False
    # A reference or a scope: team/secret:1.0, repository:secret:pull.
    before = _word_before(lower, found.start())
    return "/" in before or "%2f" in before or before.endswith(("repository:", "repository%3a"))


def _is_weak(found: _Found) -> bool:
    name = found["name"]
    return not (_IS_HEADER.match(name) or _IS_STRONG.match(name))


def _value_end(lower: str, found: _Found) -> int:
    start = found.end()
    if quote := found["open"]:
        return _quoted_end(lower, start, quote)
    if _IS_HEADER.match(found["name"]):
        pattern = _BARE_COOKIE if found["name"].startswith("cookie") else _BARE_HEADER
    elif found["sign"] in {"%3d", "%3a"} or _in_query(lower, found.start()):
        pattern = _BARE_IN_QUERY
    else:
        pattern = _BARE
    value = pattern.match(lower, start)
    return value.end() if value else start


def _quoted_end(lower: str, start: int, quote: str) -> int:
    """Return where a quoted value ends: at the same quote, unless a backslash more is before it, or with its line."""
    line_end = lower.find("\n", start)
    line_end = len(lower) if line_end < 0 else line_end
    at = lower.find(quote, start, line_end)
    while at > start and lower[at - 1] == "\\":
        at = lower.find(quote, at + 1, line_end)
    return line_end if at < 0 else at


def _is_reason(found: _Found, value: str) -> bool:
    """Return whether a word is rather why a token was refused than the token: `invalid token: expired`."""
    return found["name"] == "token" and found["sep"].endswith(": ") and bool(_REASON.fullmatch(value))


def _in_query(lower: str, end: int) -> bool:
    before = _word_before(lower, end)
    return "?" in before or "&" in before


def _word_before(lower: str, end: int) -> str:
    return _BLANK_OR_QUOTE.split(lower[max(end - _LOOK_BACK, 0) : end])[-1]
