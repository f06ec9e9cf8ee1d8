"""What a download asks a Swift, with http.client alone: a small object is here before swiftclient would be loaded.

Each raises HttpStatus for an answer that is no success, and what the connection raises.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

from regops.adapters.swift.connection import Connection, Response, headers_of
from regops.adapters.swift.objects import target_path
from regops.adapters.swift.status import check_status


def head_object(
    connection: Connection, storage_url: str, token: str, swift_container: str, name: str
) -> Mapping[str, str]:
    """Return an object's headers, names in lower case."""
    connection.request("HEAD", target_path(storage_url, swift_container, name), headers={"X-Auth-Token": token})
    response = connection.getresponse()
    response.read()
    check_status(response)
    return headers_of(response)


def get_object(
    connection: Connection,
    storage_url: str,
    token: str,
    swift_container: str,
    name: str,
    *,
    headers: Mapping[str, str],
) -> tuple[Connection, Response]:
    """Return the response whose body is the object, and the connection that it keeps busy."""
    target = target_path(storage_url, swift_container, name)
    connection.request("GET", target, headers={"X-Auth-Token": token, **headers})
    response = connection.getresponse()
    if response.status // 100 != 2:
        connection.close()  # or its body would have to be read
    check_status(response)
    return connection, response


def get_json(connection: Connection, storage_url: str, token: str, *place: str, query: Mapping[str, str]) -> str:
    """Return the JSON of an account, a container or a manifest, for our parsers, which are strict.

    swiftclient takes any JSON, and first unpacks what says it is packed, to whatever size.
    """
    target = f"{target_path(storage_url, *place)}?{urlencode({'format': 'json', **query})}"
    connection.request("GET", target, headers={"X-Auth-Token": token})
    response = connection.getresponse()
    answer: bytes = response.read()
    check_status(response)
    return answer.decode("utf-8", "replace")
