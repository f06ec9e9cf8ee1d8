"""A terminal with an operator who types and reads, on the other side of a pseudo-terminal."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

SECONDS = 120.0


class OperatorTerminal:
    """What the operator has: the screen's text so far, and a keyboard. name is the terminal's path."""

    def __init__(self, ours: int, theirs: int) -> None:
        self._ours = ours
        self._theirs = theirs
        self.name = os.ttyname(theirs)
        self.screen = b""
        self._seen = 0

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def read_until(self, text: str) -> None:
        """Return once a text has come after what was read before."""
        ends = time.monotonic() + SECONDS
        while (found := self.screen.find(text.encode(), self._seen)) < 0:
            assert time.monotonic() < ends, f"{text!r} did not come, only {self.screen[self._seen :]!r}"
            self.read_some(0.1)
        self._seen = found + len(text)

    def read_some(self, seconds: float) -> None:
        if select.select([self._ours], [], [], seconds)[0]:
            self.screen += os.read(self._ours, 65536)

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def hang_up(self) -> None:
        """Be gone from one moment to the next, as when an ssh connection breaks."""
        with open(os.devnull) as nowhere:  # noqa: PTH123  its number is what counts
            os.dup2(nowhere.fileno(), self._ours)
            os.dup2(nowhere.fileno(), self._theirs)

    @property
    def modes(self) -> list[Any]:
        return termios.tcgetattr(self._theirs)

    def wait(self, process: "subprocess.Popen[bytes]") -> int:
        """Return the exit status of a process, reading on meanwhile: it may wait for its output to be taken."""
        ends = time.monotonic() + SECONDS
        while process.poll() is None:
            assert time.monotonic() < ends, f"it does not end: {self.screen!r}"
            self.read_some(0.05)
        return process.returncode


@contextmanager
def operator_at(
    *arguments: str, env: Mapping[str, str] | None = None, pass_fds: tuple[int, ...] = ()
) -> "Generator[tuple[OperatorTerminal, subprocess.Popen[bytes]]]":
    """Run `regops` with some arguments on a terminal of its own, in a session of its own, as a login shell would."""
    ours, theirs = pty.openpty()
    terminal = OperatorTerminal(ours, theirs)
    terminal.resize(30, 100)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "regops", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm-256color", **(env or {})},
            pass_fds=pass_fds,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        try:
            yield terminal, process
        finally:
            process.kill()
            process.wait()
    finally:
        os.close(ours)
        os.close(theirs)
