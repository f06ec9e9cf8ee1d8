"""How often, and after which pauses, to try again what failed on its way to a store."""

from collections.abc import Callable
from typing import TypeVar

from regops.errors import Phase, RegopsError, Unavailable, Unreachable
from regops.model.tarball import StoreAccount
from regops.ports import Clock, ObjectStore

_T = TypeVar("_T")
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 10.0
_PROGRESS_BYTES = 1 << 20  # a try that brought so much nearer to the end does not count
# What lies between us and a server that is well: a name or a certificate does not mend itself.
_PASSING = frozenset({Phase.CONNECT, Phase.REQUEST, Phase.FIRST_BYTE, Phase.BODY})


def log_in(store: ObjectStore, patience: "Patience") -> StoreAccount:
    """Return who we are to a store, asked for as the first question."""
    return patience.ask(lambda: store.account, is_first=True)


class Patience:
    """Counts the tries in a row that brought nothing: so many retries, and no more."""

    def __init__(self, retries: int, clock: Clock) -> None:
        self._retries = retries
        self._clock = clock
        self._failures = 0

    def ask(self, question: Callable[[], _T], *, is_first: bool = False) -> _T:
        """Return the answer to a question that may be asked several times.

        At the first one nobody has answered yet: where no connection is taken then, the address is more likely wrong.
        """
        while True:
            try:
                answer = question()
            except (Unreachable, Unavailable) as error:
                if is_first and isinstance(error, Unreachable) and error.phase is Phase.CONNECT:
                    raise
                self.wait(error)
            else:
                self._failures = 0
                return answer

    def wait(self, error: RegopsError, *, moved_bytes: int = 0) -> None:
        """Wait before the next try. Raises the error when it will not pass, or when there were tries enough."""
        self._failures = 1 if moved_bytes >= _PROGRESS_BYTES else self._failures + 1
        lasting = isinstance(error, Unreachable) and error.phase not in _PASSING
        if lasting or self._failures > self._retries:
            raise error
        self._clock.sleep(min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** (self._failures - 1)))
