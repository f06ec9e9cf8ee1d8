"""The names of the local engine's containers and images, at once or not at all: a shell waits for them.

The Docker SDK takes a fifth of a second to load and its time limits count per read, so the question is asked by hand:
one HTTP/1.0 request, which the engine answers in one piece and closes.
"""

import json
import re
import socket
import time
from collections.abc import Mapping
from typing import Any

_SOCKET = "/var/run/docker.sock"
_REQUEST = b"GET /%b HTTP/1.0\r\nHost: docker\r\n\r\n"
_ANSWER_SECONDS = 1.0
_ANSWER_BYTES = 4 * 1024 * 1024
# No other name is a container's, and a name that the shell would read as more than a name is not offered to it.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]*")


def container_names(environ: Mapping[str, str]) -> list[str]:
    """Return the names, sorted; [] when the engine is not behind a local socket or does not answer in a second."""
    names = _listed(environ, b"containers/json?all=1", "Names")
    return sorted(name for name in (name.removeprefix("/") for name in names) if _NAME.fullmatch(name))


def image_references(environ: Mapping[str, str]) -> list[str]:
    """Return the references of the images, as container_names does those of containers."""
    return sorted(name for name in _listed(environ, b"images/json", "RepoTags") if _REFERENCE.fullmatch(name))


def _listed(environ: Mapping[str, str], what: bytes, key: str) -> list[str]:
    scheme, _, path = (environ.get("DOCKER_HOST") or f"unix://{_SOCKET}").partition("://")
    if scheme != "unix" or environ.get("DOCKER_CONTEXT", "default") != "default":
        return []
    try:
        listed: Any = json.loads(_ask(path, what).partition(b"\r\n\r\n")[2])
        return [name for one in listed for name in one[key] or () if isinstance(name, str)]
    except (OSError, ValueError, RecursionError, TypeError, KeyError, AttributeError):
        # Whatever is wrong, a completion is the wrong place to say so.
        return []


def _ask(path: str, what: bytes) -> bytes:
    ends = time.monotonic() + _ANSWER_SECONDS
    answer = bytearray()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as engine:
        engine.settimeout(_ANSWER_SECONDS)
        engine.connect(path)
        engine.sendall(_REQUEST % what)
        while chunk := engine.recv(65536):
            answer += chunk
            left = ends - time.monotonic()
            if left <= 0 or len(answer) > _ANSWER_BYTES:
                raise TimeoutError
            engine.settimeout(left)
    return bytes(answer)
