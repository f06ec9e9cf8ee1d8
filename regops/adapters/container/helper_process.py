"""A helper process on this machine: started with nothing of the operator's, asked with a deadline."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import regops
from regops.adapters.container.frames import receive_frame, send_frame

PACKAGES = str(Path(regops.__file__).parent.parent)
_SERVE = (
    "import sys; sys.path.append(sys.argv[1]); from regops.adapters.container.file_helper import serve; "
    "serve(int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))"
)


class HelperProcess:
    """A process that looks at the files below a directory (`file_helper`), and the socket to it."""

    def __init__(self, root: int, inotify: int) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._connection = ours
            # It gets nothing of the operator's: not the terminal, whose reader would wait for it, not the environment,
            # and not the process group that Ctrl-C goes to.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _SERVE, PACKAGES, str(theirs.fileno()), str(root), str(inotify)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), root, *([inotify] if inotify >= 0 else [])),
                cwd="/",
                env={},
                process_group=0,
            )

    def ask(self, request: dict[str, Any], timeout_seconds: float) -> tuple[dict[str, Any], bytes]:
        """Return the answer. Raises TimeoutError when there is none in time, EOFError or OSError when it is gone."""
        deadline = time.monotonic() + timeout_seconds
        self._connection.settimeout(timeout_seconds)
        send_frame(self._connection, request)
        return receive_frame(self._connection, deadline=deadline)

    def stop(self) -> None:
        """End it; it is idle."""
        self._connection.close()
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            self.abandon()

    def abandon(self) -> None:
        """Leave it to itself: it is stuck in the kernel, and waiting for it would get this process stuck as well."""
        self._connection.close()
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)
        # In state D it stays although it was killed; without a status, Popen would complain that it is still there.
        self._process.returncode = -signal.SIGKILL
