"""Foreign text made harmless: whatever came from a container, a server or a file, before a terminal sees it."""

import re

_SHOWN_CHARACTERS = 16 * 1024

# Everything that moves the cursor, changes direction, hides or joins text: C0 but tab and newline, DEL, C1, soft
# hyphen, Arabic letter mark, zero-width and directional marks, line and paragraph separators, embeddings, isolates,
# the byte order mark, interlinear annotation, tag characters, lone surrogates, and the format marks of scripts that
# hardly any log is written in.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff"
    "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a]"
)


_SURROGATE = re.compile("[\ud800-\udfff]")


def visible(text: str) -> str:
    r"""Return text with every character that is not plainly visible written as `\x1b` or `\u202e`.

    Newlines and tabs stay. Use `visible_line` for what must stay one line.
    """
    if text.isascii() and text.isprintable():  # as nearly every line is, and this is told ten times as fast
        return text
    return _HIDDEN.sub(_escape, text)


def visible_line(text: str, *, limit: int = _SHOWN_CHARACTERS) -> str:
    """Return one harmless line of at most limit characters, saying how many more there were."""
    cut = len(text) - limit
    if cut <= 0 and text.isascii() and text.isprintable():
        return text
    line = visible(text[:limit]).replace("\n", "\\n")
    return f"{line}…[{cut} characters cut]" if cut > 0 else line


def without_surrogates(text: str) -> str:
    r"""Return text in which each byte that was no UTF-8 is written as `\xff`, and all is what Unicode allows."""
    return text if text.isascii() else _SURROGATE.sub(_escape_surrogate, text)


def visible_bytes(raw: bytes) -> str:
    r"""Return bytes as harmless text: UTF-8 where it is, `\xff` where it is not."""
    return visible(raw.decode("utf-8", "backslashreplace"))


def _escape_surrogate(found: re.Match[str]) -> str:
    # Python's surrogateescape puts the byte into the last digits of a surrogate.
    code = ord(found.group())
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
