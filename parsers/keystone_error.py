"""What Keystone, OpenStack's identity service, says when it refuses something.

    {"error": {"code": 400, "message": "Expecting to find domain in user. The server could not comply with the request
     since it is either malformed or otherwise incorrect. The client is assumed to be in error.",
     "title": "Bad Request"}}

Source: OpenStack's API reference, "Identity API v3"; keystone/exception.py.
"""

from parsers.errors import ParseError
from parsers.json_text import as_object, parse_json


def parse_keystone_error(text: str, *, source: str) -> str:
    """Return the message of Keystone's error document. Raises ParseError for any other text."""
    document = as_object(parse_json(text, source=source).value)
    error = as_object(document.get("error")) if document is not None else None
    message = error.get("message") if error is not None else None
    if not isinstance(message, str):
        raise ParseError("expected an error with a message", source=source, line=1, text=text)
    return message
