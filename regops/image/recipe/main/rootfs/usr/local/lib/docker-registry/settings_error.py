"""What settings are refused with, and what all of them must be."""

from urllib.parse import urlsplit


class SettingsError(Exception):
    """A setting this image cannot start with; the text is one line and quotes no secret."""


def printable(name: str, value: str) -> str:
    """Return a value that fits on one line. Raises SettingsError."""
    if not value.isprintable():
        raise SettingsError(f"{name} holds a character that cannot be printed")
    return value


def http_address(name: str, value: str, example: str) -> str:
    """Return an address of HTTP or HTTPS that carries no credentials. Raises SettingsError, which does not quote it."""
    try:
        parts = urlsplit(printable(name, value))
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        raise SettingsError(f"{name} is no address ({example})") from None
    if not usable or "@" in parts.netloc or " " in value:
        raise SettingsError(f"{name} is no address without credentials ({example})")
    if parts.query or parts.fragment:
        raise SettingsError(f"{name} is an address with a query or a fragment ({example})")
    return value
