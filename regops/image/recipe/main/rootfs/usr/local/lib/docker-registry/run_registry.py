"""Waits until the store answers and nobody is there whom this instance must not run beside; then becomes the engine.

The engine ends at once when it cannot authenticate, and supervisord would wait longer from try to try: after an hour
without Swift, some minutes. Here it is asked every two seconds, and what it says is written down once.
"""

import json
import os
import sys
import time

from http_request import RequestFailed
from instances import find_unfit
from neighbours import instances_of
from paths import REGISTRY_CONFIG, STATUS_CONFIG

_ENGINE = "/usr/bin/docker-registry"
_SECONDS, _PAUSE_SECONDS = 5.0, 2.0


def main() -> None:
    """Do so. The engine's log is its stdout and stderr together: it writes to stderr alone."""
    os.dup2(1, 2)
    instances = instances_of(json.loads(STATUS_CONFIG.read_text(encoding="utf-8")))
    told = ""
    while instances is not None:
        try:
            unfit = find_unfit(instances, seconds=_SECONDS)
        except RequestFailed as error:
            reason = f"the store cannot be used: {error}"
        except TimeoutError:
            reason = f"the store does not answer within {_SECONDS:g} s"
        else:
            if unfit is None:
                break
            reason = f"{unfit} keeps its images in the same Swift container, and one of the two has a cache"
        if reason != told:
            print(f'time="{time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}" level=error msg={json.dumps(reason)}')
            sys.stdout.flush()
            told = reason
        time.sleep(_PAUSE_SECONDS)
    os.execv(_ENGINE, [_ENGINE, "serve", str(REGISTRY_CONFIG)])  # noqa: S606  the engine itself


if __name__ == "__main__":
    main()
