"""How long reading may take before it gives something."""

from regops.errors import Refused
from regops.ports import Clock


class OutOfTime(Refused):
    """A log was not read as far as was asked for in the time there is."""


class Patience:
    """How long reading may take before it gives something; what is done with that takes as long as it likes."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.seconds = seconds
        self._clock = clock
        self._ends = self._share_ends = 0.0
        self.renew()

    def renew(self) -> None:
        """Something was given."""
        self._ends = self._share_ends = self._clock.monotonic() + self.seconds

    def share(self, sources: int) -> None:
        """Let the next of some sources that wait for their turns have its part of the time that is left."""
        now = self._clock.monotonic()
        self._share_ends = now + max(self._ends - now, 0.0) / sources

    def check(self, name: str) -> None:
        """Raise OutOfTime when nothing was given for too long."""
        if self._clock.monotonic() > self._share_ends:
            raise OutOfTime(
                f"{name} was not read to its end within {self.seconds:g} s",
                hint="--timeout gives more time; --since and --until, or -s, need less",
            )
