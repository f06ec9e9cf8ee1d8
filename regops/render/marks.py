"""The three signs beside a word: good, look here, bad; never alone, and in ASCII where the output knows no more."""

import sys
from enum import Enum


class Mark(Enum):
    """One sign; its style is for those who see colours too."""

    GOOD = ("√", "+", "green")
    LOOK = ("‼", "!", "yellow")
    BAD = ("\u00d7", "x", "bold red")
    NONE = ("-", "-", "dim")

    @property
    def sign(self) -> str:
        """The sign, as standard output can show it."""
        encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
        return self.value[0] if encoding.replace("-", "").startswith("utf") else self.value[1]

    @property
    def style(self) -> str:
        """The style of sign and word."""
        return self.value[2]
