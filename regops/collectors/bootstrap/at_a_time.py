"""Tasks in threads of their own, so many at a time, until all are done or one fails."""

import threading
import time
from collections.abc import Callable, Iterable
from functools import partial

_GOODBYE_SECONDS = 1.0


class Stopped(Exception):
    """What a task raises when it ends because it was told to."""


def at_a_time(
    tasks: Iterable[Callable[[], None]], count: int, stop: threading.Event, *, beside: Callable[[], None]
) -> None:
    """Run tasks in their order, count of them at a time, and another one beside them from the beginning.

    The first error sets stop, and is raised when those that were running have ended. Tasks look at stop now and then,
    and raise Stopped. Who is interrupted does not wait for one that hangs: the threads end with the process.
    """
    waiting, lock = iter(tasks), threading.Lock()
    errors: list[BaseException] = []

    def attempt(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:  # noqa: BLE001 - raised again, where somebody waits for it
            errors.append(error)
            stop.set()

    def work() -> None:
        while not stop.is_set():
            with lock:
                task = next(waiting, None)
            if task is None:
                return
            attempt(task)

    threads = [threading.Thread(target=partial(attempt, beside), daemon=True)]
    threads += [threading.Thread(target=work, daemon=True) for _ in range(count)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except BaseException:
        stop.set()
        ends = time.monotonic() + _GOODBYE_SECONDS
        for thread in threads:
            if thread.ident:
                thread.join(max(ends - time.monotonic(), 0))
        raise
    if errors:
        raise errors[0]
