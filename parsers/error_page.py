"""The error page a web server writes itself: who answered, when it was not the registry.

    <html>
    <head><title>502 Bad Gateway</title></head>
    <body>
    <center><h1>502 Bad Gateway</h1></center>
    <hr><center>nginx/1.18.0</center>
    </body>
    </html>

Sources: nginx, src/http/ngx_http_special_response.c; HAProxy, src/http.c; Apache, modules/http/http_protocol.c.
"""

import re
from dataclasses import dataclass

from parsers.errors import ParseError

_TITLE = re.compile(r"<title>(?P<title>[^<]*)</title>", re.IGNORECASE)
_HEADING = re.compile(r"<h1>(?P<title>[^<]*)</h1>", re.IGNORECASE)
_SIGNATURE = re.compile(
    r"<hr>\s*<center>\s*(?P<nginx>(?:nginx|openresty|tengine)[^<]{0,80}?)\s*</center>"
    r"|<address>\s*(?P<apache>Apache[^<]{0,160}?)\s*</address>"
    r"|(?P<haproxy>No server is available to handle this request)",
    re.IGNORECASE,
)
_LOOKED_AT = 4096
_TITLE_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """An HTML page; server is how it signs (`nginx/1.18.0`, `haproxy`), None when it does not."""

    title: str
    server: str | None


def parse_error_page(text: str, *, source: str) -> ErrorPage:
    """Return title and signature of a short HTML page. Raises ParseError when the text is not HTML."""
    head = text[:_LOOKED_AT]
    if not head.lstrip("\ufeff \t\r\n")[:1] == "<":
        raise ParseError("expected an HTML page", source=source, line=1, text=text.split("\n", 1)[0])
    title = _TITLE.search(head) or _HEADING.search(head)
    signed = _SIGNATURE.search(head)
    server = None
    if signed is not None:
        server = signed["nginx"] or signed["apache"] or "haproxy"
    return ErrorPage(title=title["title"].strip()[:_TITLE_CHARACTERS] if title else "", server=server)
