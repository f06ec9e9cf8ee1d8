"""What a record's text is on a screen whose reader need not see its secrets."""

from collections.abc import Callable
from functools import partial

from parsers.nginx_access import AccessEntry
from parsers.secret_names import MASK, is_secret_name
from parsers.secret_text import mask_secrets
from regops.model.log_record import LogRecord

_KEY = "PRIVATE KEY-----"
_KEY_BEGINS, _KEY_ENDS = "-----BEGIN ", "-----END "
# A key of 16,384 bits has 200 lines. Whoever writes a beginning alone hides no more of a log than that.
_KEY_RECORDS = 200

Mask = Callable[[str], str]


class SecretMask:
    """Masks the secrets of records, which are given in their order: the lines of a key come as records of their own."""

    def __init__(self, *, show_secrets: bool) -> None:
        self._show_secrets = show_secrets
        self._left: dict[str, int] = {}  # by source, how many records a key that has begun can still have

    def of(self, record: LogRecord) -> Mask:
        """Return what masks the text of a record, and any part of it."""
        if self._show_secrets:
            return str
        entry = record.entry
        mask = mask_secrets if not record.cut_bytes else partial(mask_secrets, cut=True)
        if self._left or _KEY in entry.text:
            return self._of_key(record, mask)
        if isinstance(entry, AccessEntry):
            values = [value for name, value in entry.variables.items() if value and is_secret_name(name)]
            if values:
                # One that is written with escapes cannot be told apart from the rest of its line.
                return partial(_without, values, mask) if all(value in entry.text for value in values) else _hidden
        return mask

    def _of_key(self, record: LogRecord, mask: Mask) -> Mask:
        text, source = record.entry.text, record.source
        left = self._left.pop(source, 0)
        begun, ended = text.rfind(_KEY_BEGINS), text.rfind(_KEY_ENDS)
        if _KEY in text and begun > ended:
            self._left[source] = _KEY_RECORDS
        elif left > 1 and ended < 0:
            self._left[source] = left - 1
        return _hidden if left and begun < 0 else mask


def _hidden(_text: str) -> str:
    return MASK


def _without(values: list[str], mask: Mask, text: str) -> str:
    """Mask what an access log's own format writes without its name, such as the cookies of a client."""
    for value in values:
        text = text.replace(value, MASK)
    return mask(text)
