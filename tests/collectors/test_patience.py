"""How often what failed is tried again."""

from collections.abc import Callable

import pytest

from fake_clock import FakeClock
from regops.collectors.bootstrap.patience import Patience
from regops.errors import Phase, Unavailable, Unreachable


def failing(times: int) -> Callable[[], str]:
    """Return a question that fails so often, and is then answered."""
    left = iter([True] * times)

    def question() -> str:
        if next(left, False):
            raise Unavailable("not now")
        return "an answer"

    return question


def test_an_answer_ends_a_row_of_failures() -> None:
    patience = Patience(2, FakeClock())
    assert [patience.ask(failing(2)) for _ in range(3)] == ["an answer"] * 3


def test_an_address_where_nobody_listens_is_asked_once() -> None:
    def refused() -> str:
        raise Unreachable("refused", phase=Phase.CONNECT)

    clock = FakeClock()
    with pytest.raises(Unreachable):
        Patience(2, clock).ask(refused, is_first=True)
    assert not clock.slept
    with pytest.raises(Unreachable):
        Patience(2, clock).ask(refused)
    assert clock.slept == [0.5, 1.0]


def test_a_row_of_failures_has_an_end() -> None:
    clock = FakeClock()
    with pytest.raises(Unavailable):
        Patience(2, clock).ask(failing(3))
    assert clock.slept == [0.5, 1.0]
