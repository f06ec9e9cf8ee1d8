"""Lets nginx have the certificate, key and users that are mounted now: `docker exec CONTAINER registry-reload`."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from settings_error import SettingsError
from start import EX_CONFIG, say, write_mounted

MASTER = Path("/run/nginx/nginx.pid")
# nginx's own words; a worker that says so takes no other connection.
LEAVING = b"nginx: worker process is shutting down"
SECONDS = 30.0


def main() -> None:
    """Do so, and end when nobody is answered by what was there before; what is wrong is told, and nothing changes."""
    try:
        write_mounted(make=False, environ=os.environ)
    except SettingsError as error:
        say(str(error))
        sys.exit(EX_CONFIG)
    before = workers()
    done = subprocess.run(["/usr/sbin/nginx", "-s", "reload"], capture_output=True, text=True, check=False)
    if done.returncode:
        say(f"nginx did not take them: {done.stderr}")
        sys.exit(1)
    ends = time.monotonic() + SECONDS
    while before & workers():
        if time.monotonic() > ends:
            say(
                f"nginx goes on with what it had, {SECONDS:g} s later: nginx-stderr.log in /var/log/supervisor says why"
            )
            sys.exit(1)
        time.sleep(0.02)
    print("nginx reads what is mounted now")


def workers() -> set[int]:
    """Return the pids of nginx's workers that take new connections."""
    found: set[int] = set()
    # Whoever ends meanwhile is none, and a master that is not there has none.
    with suppress(OSError):
        master = MASTER.read_text(encoding="ascii").strip()
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                parent = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1]
                if parent == master and (process / "cmdline").read_bytes().rstrip(b"\0 ") != LEAVING:
                    found.add(int(process.name))
    return found


if __name__ == "__main__":
    main()
