"""The container's health check: ends with 0 when images can be pushed and pulled, else with 1 and the reason.

It asks /_status through nginx. A redis, an index that fails makes the registry slower or harder to search, and no other
container better: what restarts or replaces sick containers must not do it for that.
"""

import http.client
import json
import socket
import sys

DOOR, TLS_DOOR = ("127.0.0.1", 8080), ("127.0.0.1", 8443)
SECONDS = 8.0
VITAL = ("instances", "registry", "storage")


def ask(door: tuple[str, int]) -> dict[str, str]:
    """Return what /_status holds against each service. Raises OSError, HTTPException or ValueError."""
    connection = http.client.HTTPConnection(*door, timeout=SECONDS)
    connection.request("GET", "/_status", headers={"User-Agent": "docker-registry-health"})
    answer = connection.getresponse()
    body = answer.read(64 * 1024)
    if answer.status not in (200, 503) or not body.startswith(b"{"):
        raise ValueError(f"/_status answers {answer.status} {answer.reason}")
    return dict(json.loads(body)["failures"])


def main() -> None:
    """Ask, tell, end."""
    try:
        failures = ask(DOOR)
        socket.create_connection(TLS_DOOR, timeout=SECONDS).close()
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        sys.exit(f"not well: {error or type(error).__name__}")
    print("; ".join(f"{name}: {text}" for name, text in failures.items()) or "well")
    sys.exit(1 if any(name in VITAL for name in failures) else 0)


if __name__ == "__main__":
    main()
