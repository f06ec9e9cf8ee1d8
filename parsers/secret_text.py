r"""Secrets in a log's text: found by the name before them or by their own shape, and shown as `***`.

    X-Auth-Token: AUTH_tk5f…     Authorization: Basic YWxp…     {\"password\": \"…\"}     https://alice:…@host/
    'password': u'…'     requirepass …     ?_state=…&digest=sha256:…     token%3D…     eyJhbGciOi…  -p …

Names are recognised by their ends, so that OS_PASSWORD and x-vault-token need no rule of their own. Where it is not
plain where a value ends, rather more than less is masked. Left alone are digests, ids of uploads and requests, tags
and repositories, `team/secret:1.0` among them.

Every line costs a few searches for fixed words. Of a line that has one, each pattern reads a character a bounded
number of times: nothing before a value repeats without bound, and what matches is not looked at again.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TypeAlias

MASK = "***"

# One of these is in every text that holds what the patterns below find; they are searched for in lower case.
_WORDS = (
    "pass", "token", "secret", "auth", "://", "%3a%2f%2f", ":\\/", "state", "key", "sig", "cookie", "sess", "cred",
    "pwd", "eyj", "basic ", "bearer ", "login", "gaaaaa", "ghp_", "glpat-", "dckr_", "akia", "-u ", "sid=", "private",
)  # fmt: skip

_QUOTE = r"""\\{0,7}["']|%22|%27|\\x22|\\x27|\\u0022|&quot;"""
_ASSIGN = r"=>|=|:|%3D|%3A|\\x3d|\\u003d"
_ENDING = r"(?:[-_]?(?:id|key|hash|value|data|string|[0-9]))?s?"
_STRONG = (
    r"pass(?:word|wd|phrase|code)|pwd|secret|token|requirepass|masterauth"
    r"|(?:api|access|secret|private|auth|account|encryption|signing|shared|storage|temp[-_]?url|(?<![a-z0-9])st)[-_ ]?key"
)
# Words that mean other things as well: `session: closed` says nothing secret, `session=8f3a…` does.
_WEAK = r"pass|signature|credential|_state|session(?:[-_]?id)?|(?<![a-z0-9])(?:sig|sid|auth)|(?<=[?&])(?:key|code)"
_HEADER = r"authorization|cookie2?|registry[-_](?:auth|config)"
_NAMED = re.compile(
    rf"(?:(?P<header>{_HEADER})|(?P<strong>{_STRONG})|(?P<weak>{_WEAK})){_ENDING}"
    rf"(?P<close>(?:{_QUOTE})?)(?P<sep>\]?[ \t]{{0,8}}(?:(?P<sign>{_ASSIGN})|,(?=[ \t]{{0,8}}[ub]?['\"]))[ \t]{{0,8}})"
    rf"(?:[ub](?=['\"]))?(?P<open>(?:{_QUOTE})?)",
    re.IGNORECASE,
)
# The whole name of a field or a variable.
_NAME = re.compile(
    rf"(?:.{{0,256}}?(?:{_HEADER}|{_STRONG}|{_WEAK}|(?<![a-z0-9])key){_ENDING}|.{{0,256}}?cookie_.*)",
    re.IGNORECASE | re.DOTALL,
)
_BARE = re.compile(r"""[^\s"']+""")
_BARE_IN_QUERY = re.compile(r"""(?:(?!%26)[^\s"'&])+""", re.IGNORECASE)
_BARE_HEADER = re.compile(r"""(?:digest|aws4-)[^\n]*|(?:[a-z][a-z0-9-]{1,30} +)?[^\s"']+""", re.IGNORECASE)
_BARE_COOKIE = re.compile(r"""[^\n"']+""")
_PLAIN_WORDS = frozenset({"none", "null", "nil", "true", "false", "yes", "no", "-"})
_REASON = re.compile("[a-z]{1,15}[.:]?")
# How far back the path or the query is looked for that a name stands in.
_LOOK_BACK = 256

_AFTER_BLANK = re.compile(
    r"""(?P<name>(?<![\w-])--[\w-]{0,40}?(?:password|passwd|pass|token|secret|api-key|access-key)"""
    r"""|\b(?:requirepass|masterauth)|(?<![\w./-])AUTH)(?P<blank>["']?[ \t]{1,8}["']?)(?![-<{(])(?P<value>[^\s"']+)"""
    r"""(?P<second>["']?[ \t]{1,8}["']?[^\s"']+)?"""
)
_LOGIN = re.compile(r"""(\blogin\b[^\n]{0,200}?\s-p[ =]?["']?)([^\s"']+)""")
_CURL_USER = re.compile(r"""((?<![\w-])(?:-u|--user)[ =]?["']?[^\s"':/]{1,128}:)([^\s"']+)""")
_USER_INFO = re.compile(r"""(:(?:\\{0,3}/){2})([^\s/"'<>\\]*)@""")
_USER_INFO_ENCODED = re.compile(r"""(%3A%2F%2F)((?:(?!%2F|%40)[^\s/"'<>&])*)(?=%40)""", re.IGNORECASE)
_COLON = re.compile(":|%3A", re.IGNORECASE)
_LONGEST_USER = 16
_BASIC = re.compile(r"(\bbasic +)([A-Za-z0-9+/_-]{4,})(={0,2})", re.IGNORECASE)
_SHAPES = re.compile(
    r"(?<![A-Za-z0-9])(?:eyJ[\w-]{10,}(?:\.[\w-]*){0,4}|AUTH_tk\w{8,}|gAAAAA[\w-]{20,}={0,2}|gh[pousr]_\w{16,}"
    r"|github_pat_\w{16,}|glpat-[\w-]{16,}|dckr_pat_[\w-]{16,}|AKIA[A-Z0-9]{12,})"
)
_BEARER = re.compile(r"(\bbearer +)(?!realm=|[a-z]{1,15}\b)([\w.~+/=-]{6,})", re.IGNORECASE)
_PRIVATE_KEY = re.compile(r"(-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----)(?:(?!-----END)[\s\S])*")
_KEY_LINE = re.compile(r"^(?=[^\n]{0,75}[G-Zg-z+/])[A-Za-z0-9+/]{60,76}={0,2}\r?$", re.MULTILINE)
_KEY_LINE_LENGTH = 60
_CUT = re.compile(
    r"""(?:(:(?:\\{0,3}/){2})[^\s/"'<>]{1,4096}|(\bbasic +)\S{1,4096}|(?<![A-Za-z0-9])eyJ[\w.-]*)\Z""", re.IGNORECASE
)

_Found: TypeAlias = re.Match[str]


def mask_secrets(text: str, *, cut: bool = False) -> str:
    """Return a text with every secret in it masked; cut says that it was cut at its end, perhaps within a secret."""
    lower = text.lower()
    for word in _WORDS:
        if word in lower:
            break
    else:
        return _mask_key_lines(text)
    masked = _mask_named(text)
    for words, pattern, replacement in _RULES:
        if any(word in lower for word in words):
            masked = pattern.sub(replacement, masked)
    masked = _mask_key_lines(masked)
    return _CUT.sub(lambda found: f"{found[1] or found[2] or ''}{MASK}", masked) if cut else masked


def _mask_key_lines(text: str) -> str:
    """Mask a line of a private key that came without its beginning."""
    return text if len(text) < _KEY_LINE_LENGTH or " " in text else _KEY_LINE.sub(MASK, text)


def mask_fields(fields: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return named values with their secrets masked: whole where the name says so."""
    return {
        name: value if value is None else MASK if value and is_secret_name(name) else mask_secrets(value)
        for name, value in fields.items()
    }


@lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """Return whether what bears this name is a secret: `http_authorization`, `arg_token`, `password`."""
    return _NAME.fullmatch(name) is not None


def _mask_named(text: str) -> str:
    parts: list[str] = []
    done = at = 0
    while found := _NAMED.search(text, at):
        start = at = found.end()
        if _names_nothing_secret(text, found):
            continue
        end = _value_end(text, found)
        value = text[start:end]
        if not found["open"]:
            value = value.rstrip(",;)}]\\")
            if value.lower() in _PLAIN_WORDS or _is_reason(found, value):
                continue
        if value:
            parts += text[done:start], MASK
            done = at = start + len(value)
    return "".join((*parts, text[done:])) if parts else text


def _names_nothing_secret(text: str, found: _Found) -> bool:
    colon = found["sign"] in {":", "%3A", "%3a"}
    quoted = bool(found["close"])
    if found["sign"] is None:
        return not (quoted and found["open"])  # ('X-Auth-Token', '…') and nothing else
    if found["weak"] and colon and not (quoted and found["open"]):
        return True
    if colon and not quoted and not found["open"] and not found["sep"].endswith((" ", "\t")):
        # A reference or a scope: team/secret:1.0, repository:secret:pull.
        before = _word_before(text, found.start())
        return (
            "/" in before or before.lower().endswith(("%2f", "repository:", "repository%3a")) or "%2f" in before.lower()
        )
    return not found["open"] and text.startswith(("{", "["), found.end()) and colon


def _value_end(text: str, found: _Found) -> int:
    start = found.end()
    if quote := found["open"]:
        return _quoted_end(text, start, quote)
    if found["header"]:
        pattern = _BARE_COOKIE if "cookie" in found["header"].lower() else _BARE_HEADER
    elif found["sign"] in {"%3D", "%3d", "%3A", "%3a"} or _in_query(text, found.start()):
        pattern = _BARE_IN_QUERY
    else:
        pattern = _BARE
    value = pattern.match(text, start)
    return value.end() if value else start


def _quoted_end(text: str, start: int, quote: str) -> int:
    """Return where a quoted value ends: at the same quote, unless a backslash more is before it, or with its line."""
    line_end = text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    at = text.find(quote, start, line_end)
    while at > start and text[at - 1] == "\\":
        at = text.find(quote, at + 1, line_end)
    return line_end if at < 0 else at


def _is_reason(found: _Found, value: str) -> bool:
    """Return whether a word is rather why a token was refused than the token: `invalid token: expired`."""
    return (found["strong"] or "").lower() == "token" and found["sep"].endswith(": ") and bool(_REASON.fullmatch(value))


def _in_query(text: str, end: int) -> bool:
    before = _word_before(text, end)
    return "?" in before or "&" in before


def _word_before(text: str, end: int) -> str:
    words = re.split(r"""[\s"']""", text[max(end - _LOOK_BACK, 0) : end])
    return words[-1]


def _masked_options(found: _Found) -> str:
    second = found["second"] if found["name"] == "AUTH" else None
    rest = f" {MASK}" if second else found["second"] or ""
    return f"{found['name']}{found['blank']}{MASK}{rest}"


def _masked_user_info(found: _Found) -> str:
    after = "@" if found[0].endswith("@") else ""
    colon = _COLON.search(found[2])
    if colon:
        return f"{found[1]}{found[2][: colon.end()]}{MASK}{after}"
    return f"{found[1]}{found[2] if len(found[2]) < _LONGEST_USER else MASK}{after}"


def _masked_basic(found: _Found) -> str:
    """Mask what is `user:password` in base64, or was before it was cut; `basic authentication` is left alone."""
    encoded = found[2].replace("-", "+").replace("_", "/")
    decoded = b64decode(encoded[: len(encoded) // 4 * 4] or "AAAA")
    return f"{found[1]}{MASK}" if b":" in decoded or found[3] else found[0]


_Replacement: TypeAlias = str | Callable[[_Found], str]
_RULES: tuple[tuple[tuple[str, ...], re.Pattern[str], _Replacement], ...] = (
    (("pass", "masterauth", "token", "secret", "auth", "-key"), _AFTER_BLANK, _masked_options),
    (("login",), _LOGIN, rf"\g<1>{MASK}"),
    (("-u", "--user"), _CURL_USER, rf"\g<1>{MASK}"),
    (("@",), _USER_INFO, _masked_user_info),
    (("%40",), _USER_INFO_ENCODED, _masked_user_info),
    (("basic ",), _BASIC, _masked_basic),
    (("bearer ",), _BEARER, rf"\g<1>{MASK}"),
    (("eyj", "auth_tk", "gaaaaa", "gh", "glpat-", "dckr_", "akia"), _SHAPES, MASK),
    (("private key-",), _PRIVATE_KEY, rf"\g<1>{MASK}"),
)
