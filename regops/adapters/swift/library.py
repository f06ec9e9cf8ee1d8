"""python-swiftclient's functions over our own connection, which keeps its bounds and follows nobody.

Each raises HttpStatus for an answer that is no success, and what the connection raises.
"""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import swiftclient.client
from swiftclient.exceptions import ClientException

from regops.adapters.swift.connection import Connection, Response, headers_of
from regops.adapters.swift.status import HttpStatus

_swift: Any = swiftclient.client  # it carries no types


def head_object(
    connection: Connection, storage_url: str, token: str, swift_container: str, name: str
) -> Mapping[str, str]:
    """Return an object's headers, names in lower case."""
    return dict(_call(_swift.head_object, connection, storage_url, token, swift_container, name))


def delete_object(connection: Connection, storage_url: str, token: str, swift_container: str, name: str) -> None:
    """Remove an object."""
    _call(_swift.delete_object, connection, storage_url, token, swift_container, name)


def _call(function: Callable[..., Any], connection: Connection, storage_url: str, *arguments: Any, **named: Any) -> Any:
    try:
        return function(storage_url, *arguments, http_conn=(urlsplit(storage_url), _Line(connection)), **named)
    except ClientException as error:
        said: Any = error
        raise HttpStatus(int(said.http_status or 0), str(said.http_reason)) from error


class _Line:
    """A connection whose answers have the shape that swiftclient gives those of requests."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.request = connection.request

    def getresponse(self) -> "_Answer":
        return _Answer(self._connection.getresponse())


class _Answer:
    request = SimpleNamespace(url="")  # ClientException's way to an address, which our errors tell themselves
    content = b""

    def __init__(self, response: Response) -> None:
        self.status = self.status_code = response.status
        self.reason = response.reason
        self.headers = headers_of(response)
        self.read = response.read

    def getheaders(self) -> list[tuple[str, str]]:
        """Return the headers, quoted: swiftclient unquotes every one, which would change a % of its own."""
        return [(name.replace("%", "%25"), value.replace("%", "%25")) for name, value in self.headers.items()]

    def getheader(self, name: str, default: str | None = None) -> str | None:
        return self.headers.get(name.lower(), default)
