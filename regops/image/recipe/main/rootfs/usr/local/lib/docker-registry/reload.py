"""Lets nginx have the certificate, key and users that are mounted now: `docker exec CONTAINER registry-reload`."""

import os
import subprocess
import sys

from settings_error import SettingsError
from start import EX_CONFIG, say, write_mounted


def main() -> None:
    """Do so; what is wrong with them is told, and nothing changes."""
    try:
        write_mounted(make=False, environ=os.environ)
    except SettingsError as error:
        say(str(error))
        sys.exit(EX_CONFIG)
    done = subprocess.run(["/usr/sbin/nginx", "-s", "reload"], capture_output=True, text=True, check=False)
    if done.returncode:
        say(f"nginx did not take them: {done.stderr}")
        sys.exit(1)
    print("nginx reads what is mounted now")


if __name__ == "__main__":
    main()
