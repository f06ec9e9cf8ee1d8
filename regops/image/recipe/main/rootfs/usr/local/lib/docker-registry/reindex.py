"""Lets the index have everything the registry has, and nothing else: `docker exec CONTAINER registry-reindex`."""

import json
import sys
import time

from http_request import RequestFailed, request

SERVICE = "http://127.0.0.1:5003"
_SECONDS = 10.0
_CONFLICT = 409
_TICK_SECONDS = 0.5


def main() -> None:
    """Begin, wait for the end, tell."""
    try:
        try:
            request("POST", f"{SERVICE}/reindex", time.monotonic() + _SECONDS, headers={"Content-Length": "0"})
        except RequestFailed as error:
            if error.status != _CONFLICT:
                raise
            print("it is at it already; waiting for its end")
        # It ends by itself: it gives up when the index takes nothing for minutes.
        while (told := report())["reindexing"]:
            time.sleep(_TICK_SECONDS)
    except (RequestFailed, TimeoutError) as error:
        sys.exit(f"registry-reindex: {error or 'no answer'}; has this container an index? (INDEX_URL)")
    print(told["reindexed"])
    sys.exit(1 if told["reindexed"].startswith("failed") else 0)


def report() -> dict[str, str]:
    """Return how the service does. Raises RequestFailed or TimeoutError."""
    return dict(json.loads(request("GET", f"{SERVICE}/report", time.monotonic() + _SECONDS).body))


if __name__ == "__main__":
    main()
