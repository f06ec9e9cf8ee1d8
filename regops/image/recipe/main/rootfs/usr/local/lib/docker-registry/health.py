"""The container's health check: ends with 0 when images can be pushed and pulled, else with 1 and the reason.

It asks /_status through nginx. A redis, an index that fails makes the registry slower or harder to search, and no other
container better: what restarts or replaces sick containers must not do it for that.
"""

import http.client
import json
import ssl
import sys

DOOR, TLS_DOOR = ("127.0.0.1", 8080), ("127.0.0.1", 8443)
SECONDS = 8.0
VITAL = ("instances", "registry", "storage")
# nginx and the status service write no line for it, nor for a connection that is kept and then closed.
_HEADERS = {"User-Agent": "docker-registry-health", "Connection": "close"}


def ask(door: http.client.HTTPConnection, path: str) -> tuple[int, bytes]:
    """Return status and body. Raises OSError or HTTPException."""
    door.request("GET", path, headers=_HEADERS)
    answer = door.getresponse()
    return answer.status, answer.read(64 * 1024)


def failures() -> dict[str, str]:
    """Return what /_status holds against each service. Raises OSError, HTTPException or ValueError."""
    status, body = ask(http.client.HTTPConnection(*DOOR, timeout=SECONDS), "/_status")
    if status not in (200, 503) or not body.startswith(b"{"):
        raise ValueError(f"/_status answers {status}")
    return dict(json.loads(body)["failures"])


def try_tls() -> None:
    """See that the other door opens, whoever issued its certificate. Raises OSError, HTTPException or ValueError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    status, _ = ask(http.client.HTTPSConnection(*TLS_DOOR, timeout=SECONDS, context=context), "/_ping")
    if status != http.client.OK:
        raise ValueError(f"/_ping over TLS answers {status}")


def main() -> None:
    """Ask, tell, end."""
    try:
        found = failures()
        try_tls()
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        sys.exit(f"not well: {error or type(error).__name__}")
    print("; ".join(f"{name}: {text}" for name, text in found.items()) or "well")
    sys.exit(1 if any(name in VITAL for name in found) else 0)


if __name__ == "__main__":
    main()
