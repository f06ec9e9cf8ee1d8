"""What is left of a start that came to nothing: its container is removed, or kept, and that is told."""

from regops.collectors.instances import read_container
from regops.errors import RegopsError
from regops.model.start import NOT_RESTARTED
from regops.ports import Clock, Engine

# Whatever becomes of a start, only the container it made itself may be removed.
MARK = "regops.bootstrap.start"
_LATE_SECONDS, _STEP_SECONDS = 3.0, 0.2


def kept(container: str) -> str:
    """Return how to go on with a container that is kept."""
    return (
        f"the container {container} is kept, and {NOT_RESTARTED}: `regops logs {container}` tells more; "
        f"before the next try: docker rm -f {container}"
    )


def remove(engine: Engine, container: str, container_id: str, mark: str) -> str:
    """Remove what a start made, and return what became of it: "" where it made nothing.

    The engine tells the id of a container that it started; one that it only made is known by the mark, for somebody
    else may have given the name.
    """
    if not container_id:
        try:
            if read_container(engine, container).labels.get(MARK) != mark:
                return ""
        except RegopsError:
            return ""
    try:
        engine.remove(container_id or container)
    except RegopsError as error:
        return f"the container {container} could not be removed: {error.message}"
    return f"the container {container} was removed"


def remove_late(engine: Engine, container: str, mark: str, clock: Clock) -> str:
    """Remove what the engine may still be making, for nobody waited for its answer; return what remove does."""
    ends = clock.monotonic() + _LATE_SECONDS
    while not (left := remove(engine, container, "", mark)) and clock.monotonic() < ends:
        clock.sleep(_STEP_SECONDS)
    return left


def sentences(first: str, second: str) -> str:
    """Return two parts of a hint as two sentences, the second alone where there is no first."""
    return (
        f"{first.rstrip('.')}{'' if first.endswith('?') else '.'} {second[:1].upper()}{second[1:]}" if first else second
    )
