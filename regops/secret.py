"""Passwords and tokens as a type that does not show itself, and addresses without their credentials."""

import re

# Without the scheme before it, which would cost a long word the square of its length.
_USERINFO = re.compile(r"(?P<head>://|^)[^/?#\s@]*(?:@[^/?#\s@]*)*@")
_SIGNED = re.compile(
    r"(?P<key>[?&;](?:x-amz-[a-z-]+|signature|sig|temp_url_sig|_state|token|access_token|password|secret)=)[^&;#\s]*",
    re.IGNORECASE,
)


class Secret:
    """A password or token: str(), repr() and formatting give `***`; reveal() gives the value to its one user."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself; call this only at the door that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


def mask_broken_url(text: str) -> str:
    """Return what was meant to be an address, and is none, without whatever in it may be a user and a password."""
    return mask_url(f"***@{text.rpartition('@')[2]}" if "@" in text else text)


def mask_url(text: str) -> str:
    """Return an address, or a text that holds some, without user names, passwords and signatures."""
    return _SIGNED.sub(r"\g<key>***", _USERINFO.sub(r"\g<head>***@", text))
