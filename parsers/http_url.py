"""An HTTP address, as an operator types it or a redirect names it.

    https://registry.example.com:5000/prefix    registry.example.com    [::1]:5000    http://user:pw@10.0.0.7

Grammar: RFC 3986, narrowed to what a registry can have. It refuses what other readers guess about: blanks, control
characters, backslashes and bare `file:` paths, which is how addresses lead astray.
"""

import ipaddress
import re
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote, urljoin

from parsers.errors import ParseError

DEFAULT_PORTS = {"http": 80, "https": 443}
_ADDRESS = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?(?:(?P<userinfo>[^/?#]*)@)?"
    r"(?P<host>\[[^\]/?#@]*\]|[^\[\]/?#@:]*)(?::(?P<port>[0-9]*))?(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?P<fragment>#.*)?"
)
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\\<>\"{}|^`\u2028\u2029\ud800-\udfff]")
_HOST = re.compile(r"(?!-)[a-z0-9_.-]{1,253}")
_MOST_CHARACTERS = 4096


@dataclass(frozen=True, slots=True)
class HttpUrl:
    """One address. scheme is None where none was given; host is lower-case ASCII, an IPv6 address without brackets.

    port is None where none was given; path begins with a slash or is empty; query holds its question mark or is empty.
    Credentials are kept apart, decoded, and are in no text that is made of the address.
    """

    scheme: str | None
    host: str
    port: int | None
    path: str
    query: str = ""
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def effective_port(self) -> int:
        """The port that is asked: the one given, or the scheme's own."""
        return self.port if self.port is not None else DEFAULT_PORTS[self.scheme or "https"]

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: what credentials belong to."""
        return self.scheme or "https", self.host, self.effective_port

    @property
    def authority(self) -> str:
        """`host` or `host:port`, as the Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port in {None, DEFAULT_PORTS.get(self.scheme or "")} else f"{host}:{self.port}"

    @property
    def target(self) -> str:
        """Path and query, as a request line has them."""
        return (self.path or "/") + self.query

    def __str__(self) -> str:
        return f"{self.scheme or 'https'}://{self.authority}{self.path}{self.query}"


def parse_http_url(text: str, *, source: str) -> HttpUrl:
    """Return an address whose scheme is http, https or not given.

    Raises ParseError for everything else. The error's text is without credentials, whatever else is wrong with it.
    """

    def refuse(reason: str) -> ParseError:
        return ParseError(reason, source=source, line=1, text=_without_credentials(text))

    if len(text) > _MOST_CHARACTERS:
        raise refuse("the address is too long")
    if forbidden := _FORBIDDEN.search(text):
        raise refuse(f"an address cannot hold the character {forbidden.group()!r}")
    if text.startswith("-"):
        raise refuse("an address cannot begin with a dash")
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise refuse("this is not the address of a registry")
    scheme = found["scheme"].lower() if found["scheme"] else None
    if scheme not in {None, "http", "https"}:
        raise refuse("the address must begin with http:// or https://")
    port = int(found["port"]) if found["port"] and len(found["port"]) <= len("65535") else None
    if found["port"] is not None and not (port is not None and 0 < port < 1 << 16):
        raise refuse("a port is a number from 1 to 65535")
    if (host := _host(found["host"])) is None:
        raise refuse("the address names no host that could exist")
    username, colon, password = (found["userinfo"] or "").partition(":")
    return HttpUrl(
        scheme=scheme,
        host=host,
        port=port,
        path=quote(found["path"] or "", safe="/%:@!$&'()*+,;=~-._"),
        query=quote(found["query"] or "", safe="/?%:@!$&'()*+,;=~-._"),
        username=unquote(username) or None,
        password=unquote(password) if colon else None,
    )


def parse_location(text: str, base: HttpUrl, *, source: str) -> HttpUrl:
    """Return where a redirect from base leads; the text may be relative. Raises ParseError as parse_http_url does."""
    try:
        joined = urljoin(str(base), text)
    except ValueError as error:
        raise ParseError("this is not an address", source=source, line=1, text=_without_credentials(text)) from error
    found = parse_http_url(joined, source=source)
    return found if found.scheme else replace(found, scheme=base.scheme)


def _host(text: str) -> str | None:
    if text.startswith("["):
        try:
            return ipaddress.IPv6Address(text[1:-1]).compressed
        except ValueError:
            return None
    try:
        host = text.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    return host if _HOST.fullmatch(host) and host.strip(".") else None


def _without_credentials(text: str) -> str:
    """Cut everything up to the last @: where a text is no address, nothing tells where a password in it ends."""
    return f"***@{text.rpartition('@')[2]}" if "@" in text else text
