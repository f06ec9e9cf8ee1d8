"""A process that writes numbered, time-stamped lines to a log at a rate, as registries' servers do.

It appends, one write a line, and opens its log again on SIGHUP; with --reopen-after, only so many seconds later.
Nothing but the standard library is imported, so that any Python runs it, in a container too.
"""

import argparse
import os
import signal
import sys
import time

AGENT = "docker/20.10.24 go/go1.19.8 git-commit/5d6db84 kernel/6.1.0-28-amd64 os/linux arch/amd64"


def line_of(number: int, when: float) -> bytes:
    """Return a line of nginx's access log that tells its number and when it was written, in seconds since 1970."""
    stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(when))
    path = f"/v2/library/app/manifests/{number:08}-{when:.6f}"
    return f'172.17.0.1 - - [{stamp}] "GET {path} HTTP/1.1" 200 1986 "-" "{AGENT}"\n'.encode("ascii")


def main() -> None:
    """Write lines until there are enough of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--lines", type=int, required=True)
    parser.add_argument("--rate", type=float, default=20000.0, help="lines a second")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--reopen-after", type=float, default=0.0, help="seconds from SIGHUP")
    parser.add_argument("--stdout", action="store_true", help="write to stdout instead, for supervisord to log")
    options = parser.parse_args()
    reopen_at: list[float] = []
    signal.signal(signal.SIGHUP, lambda *_: reopen_at.append(time.monotonic() + options.reopen_after))
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    log = 1 if options.stdout else os.open(options.path, flags, 0o644)
    began = time.monotonic()
    for number in range(options.first, options.first + options.lines):
        due = began + (number - options.first) / options.rate
        # Servers write in small bursts as well: no sleep is shorter than a timer tick.
        if number % 20 == 0 and (left := due - time.monotonic()) > 0:
            time.sleep(left)
        if reopen_at and time.monotonic() >= reopen_at[0]:
            reopen_at.clear()
            os.close(log)
            log = os.open(options.path, flags, 0o644)
        os.write(log, line_of(number, time.time()))


if __name__ == "__main__":
    sys.exit(main())
