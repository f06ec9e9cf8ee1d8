r"""Secrets in a log's text: found by the name before them or by their own shape, and shown as `***`.

    http://alice:…@host/    http%3A%2F%2Falice%3A…%40host    requirepass …    AUTH …    docker login -p …    --token …
    "Basic YWxp…"    Bearer …    eyJhbGciOi….eyJz….…    AUTH_tk5f…    -----BEGIN RSA PRIVATE KEY-----

and those of secret_names.py. Left alone are digests, ids of uploads and requests, tags and repositories, also those
that are called like a secret: `team/secret:1.0`.

Every line costs a few searches for fixed words. Of a line that has one, each pattern reads a character a bounded
number of times: nothing before a value repeats without bound, and what was read as a value is not looked at again.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import TypeAlias

from parsers.secret_names import MASK, NAMES, is_secret_name, mask_named

_AFTER_BLANK = re.compile(
    r"""(?P<name>(?<![\w-])--[\w-]{0,40}?(?:password|passwd|pass|token|secret|api-key|access-key)"""
    r"""|\b(?:requirepass|masterauth)|(?<![\w./-])AUTH)(?P<blank>["']?[ \t]{1,8}["']?)(?![-<{(])(?P<value>[^\s"']+)"""
    r"""(?P<second>["']?[ \t]{1,8}["']?[^\s"']+)?"""
)
_LOGIN = re.compile(r"""(\b(?:login\b[^\n]{0,200}?\s-p|redis-cli\b[^\n]{0,200}?\s-a)[ =]?["']?)([^\s"']+)""")
_CURL_USER = re.compile(r"""((?<![\w-])(?:-u|--user)[ =]?["']?[^\s"':/]{1,128}:)([^\s"']+)""")
_USER_INFO = re.compile(r"""(:(?:\\{0,3}/){2})([^\s/"'<>\\]*)@""")
_USER_INFO_ENCODED = re.compile(r"""(%3A%2F%2F)((?:(?!%2F|%40)[^\s/"'<>&])*)(?=%40)""", re.IGNORECASE)
_COLON = re.compile(":|%3A", re.IGNORECASE)
_LONGEST_USER = 16
_BASIC = re.compile(r"(\bbasic +)([A-Za-z0-9+/_-]{4,})(={0,2})", re.IGNORECASE)
_JSON_TOKEN = re.compile(r"(?<![A-Za-z0-9])eyJ[\w-]{10,}(?:\.[\w-]*){0,4}")
_SWIFT_TOKEN = re.compile(r"AUTH_tk\w{8,}")
_FERNET_TOKEN = re.compile(r"(?<![A-Za-z0-9])gAAAAA[\w-]{20,}={0,2}")
_GITHUB_TOKEN = re.compile(r"(?<![A-Za-z0-9])gh[pousr]_\w{16,}")
_ACCESS_TOKEN = re.compile(r"(?<![A-Za-z0-9])(?:github_pat_|glpat-|dckr_pat_)[\w-]{16,}")
_AMAZON_KEY = re.compile(r"(?<![A-Za-z0-9])AKIA[A-Z0-9]{12,}")
_BEARER = re.compile(r"(\bbearer +)(?!realm=|[a-z]{1,15}\b)([\w.~+/=-]{6,})", re.IGNORECASE)
_PRIVATE_KEY = re.compile(r"(-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----)(?:(?!-----END)[\s\S])*")
_KEY_LINE = re.compile(r"^(?=[^\n]{0,75}[G-Zg-z+/])[A-Za-z0-9+/]{60,76}={0,2}\r?$", re.MULTILINE)
_KEY_LINE_LENGTH = 60
# What begins a secret whose end was cut off, in the last part of a text.
_CUT = re.compile(
    r"""(:(?:\\{0,3}/){2}|%3A%2F%2F|\b(?:basic|bearer) +|AUTH_tk|gAAAAA|eyJ|gh[pousr]_|github_pat_|glpat-|dckr_pat_"""
    r"""|AKIA)[^\s/"'<>]*\Z""",
    re.IGNORECASE,
)
_CUT_CHARACTERS = 4096

_Found: TypeAlias = re.Match[str]


def mask_secrets(text: str, *, cut: bool = False) -> str:
    """Return a text with every secret in it masked; cut says that it was cut at its end, perhaps within a secret."""
    lower = text.lower()
    masked = text
    for word in NAMES:
        if word in lower:
            masked = mask_named(text)
            break
    for word, pattern, replacement in _RULES:
        if word in lower:
            masked = pattern.sub(replacement, masked)
    masked = _mask_key_lines(masked)
    if cut:
        last = masked[-_CUT_CHARACTERS:]
        masked = masked[: len(masked) - len(last)] + _CUT.sub(rf"\g<1>{MASK}", last)
    return masked


def _mask_key_lines(text: str) -> str:
    """Mask a line of a private key that came without its beginning."""
    if len(text) < _KEY_LINE_LENGTH or (" " in text and "\n" not in text):
        return text
    return _KEY_LINE.sub(MASK, text)


def mask_fields(fields: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return named values with their secrets masked: whole where the name says so."""
    return {
        name: value if value is None else MASK if value and is_secret_name(name) else mask_secrets(value)
        for name, value in fields.items()
    }


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
# Each with a word that is in every text in which it finds something, in lower case.
_RULES: tuple[tuple[str, re.Pattern[str], _Replacement], ...] = (
    ("pass", _AFTER_BLANK, _masked_options),
    ("auth", _AFTER_BLANK, _masked_options),
    ("--", _AFTER_BLANK, _masked_options),
    ("login", _LOGIN, rf"\g<1>{MASK}"),
    ("redis-cli", _LOGIN, rf"\g<1>{MASK}"),
    ("-u", _CURL_USER, rf"\g<1>{MASK}"),
    ("@", _USER_INFO, _masked_user_info),
    ("%40", _USER_INFO_ENCODED, _masked_user_info),
    ("basic ", _BASIC, _masked_basic),
    ("bearer ", _BEARER, rf"\g<1>{MASK}"),
    ("eyj", _JSON_TOKEN, MASK),
    ("auth_tk", _SWIFT_TOKEN, MASK),
    ("gaaaaa", _FERNET_TOKEN, MASK),
    ("gh", _GITHUB_TOKEN, MASK),
    ("pat", _ACCESS_TOKEN, MASK),
    ("akia", _AMAZON_KEY, MASK),
    ("private key-", _PRIVATE_KEY, rf"\g<1>{MASK}"),
)
