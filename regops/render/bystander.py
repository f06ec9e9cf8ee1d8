"""stderr for what is only shown in passing: work goes on when nobody can see it any more."""

import os
import sys
from typing import Any


class Bystander:
    """A file that writes to stderr as long as that works, and then nowhere.

    A terminal ends with its ssh connection, the reader of a pipe when it likes. Had that failed the work, a download
    would lose what it has fetched just when its operator was cut off.
    """

    def write(self, text: str) -> int:
        """Take a text, seen or not."""
        try:
            return sys.stderr.write(text)
        except OSError:
            _let_go()
            return len(text)

    def flush(self) -> None:
        """Show what was written, if anybody looks."""
        try:
            sys.stderr.flush()
        except OSError:
            _let_go()

    def __getattr__(self, name: str) -> Any:
        """Be stderr in all else: a terminal or not, and of which encoding."""
        return getattr(sys.stderr, name)


def _let_go() -> None:
    """Let stderr go nowhere, or what it still holds would fail again, at the latest when the process ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stderr.fileno())
    os.close(nowhere)
