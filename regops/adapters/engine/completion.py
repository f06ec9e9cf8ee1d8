"""The names of the local engine's containers, at once or not at all: a shell waits for them.

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
_REQUEST = b"GET /containers/json?all=1 HTTP/1.0\r\nHost: docker\r\n\r\n"
_ANSWER_SECONDS = 1.0
_ANSWER_BYTES = 4 * 1024 * 1024
# No other name is a container's, and a name that the shell would read as more than a name is not offered to it.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def container_names(environ: Mapping[str, str]) -> list[str]:
    """Return the names, sorted; [] when the engine is not behind a local socket or does not answer in a second."""
    scheme, _, path = (environ.get("DOCKER_HOST") or f"unix://{_SOCKET}").partition("://")
    if scheme != "unix" or environ.get("DOCKER_CONTEXT", "default") != "default":
        return []
    try:
        listed: Any = json.loads(_ask(path).partition(b"\r\n\r\n")[2])
        names = (name.removeprefix("/") for container in listed for name in container["Names"])
        return sorted(name for name in names if _NAME.fullmatch(name))
    except (OSError, ValueError, RecursionError, TypeError, KeyError, AttributeError):
        # Whatever is wrong, a completion is the wrong place to say so.
        return []


def _ask(path: str) -> bytes:
    ends = time.monotonic() + _ANSWER_SECONDS
    answer = bytearray()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as engine:
        engine.settimeout(_ANSWER_SECONDS)
        engine.connect(path)
        engine.sendall(_REQUEST)
        while chunk := engine.recv(65536):
            answer += chunk
            left = ends - time.monotonic()
            if left <= 0 or len(answer) > _ANSWER_BYTES:
                raise TimeoutError
            engine.settimeout(left)
    return bytes(answer)
