"""Long calls that may be waited for together, given up on, or interrupted."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from threading import Thread

from regops.errors import Failed


def run_within(seconds: float, what: str, tasks: Iterable[Callable[[], None]]) -> None:
    """Run tasks at the same time, and raise the first failure, or Failed when they take longer than that.

    The threads are daemons: nobody waits for one that is given up on, and the engine ends what nobody listens to.
    """
    ends = time.monotonic() + seconds
    for result in [_start(task) for task in tasks]:
        try:
            result.result(timeout=max(0.0, ends - time.monotonic()))
        except TimeoutError as error:
            if result.done():
                raise
            raise Failed(f"{what} took longer than {seconds:g} s") from error


def _start(task: Callable[[], None]) -> "Future[None]":
    result: Future[None] = Future()
    Thread(target=_settle, args=(task, result), daemon=True).start()
    return result


def _settle(task: Callable[[], None], result: "Future[None]") -> None:
    try:
        task()
    except BaseException as error:  # noqa: BLE001  it is raised again by the one who waits for the result
        result.set_exception(error)
    else:
        result.set_result(None)
