"""Time that passes when it is slept through, and not otherwise."""


class FakeClock:
    """A clock for ports.Clock; it begins at 2026-11-23 09:12:00 UTC, and each look costs step seconds."""

    def __init__(self, *, step: float = 0.0) -> None:
        self.passed = 0.0
        self.step = step
        self.slept: list[float] = []

    def now(self) -> float:
        return 1795425120.0 + self.passed

    def monotonic(self) -> float:
        self.passed += self.step
        return 1000.0 + self.passed

    def sleep(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        self.slept.append(seconds)
        self.passed += seconds
