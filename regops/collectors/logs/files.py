"""The road to the files of a container."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from regops.errors import NotRunning, PermissionDenied, Refused
from regops.model.log_source import Notice, Via
from regops.ports import ContainerFiles, LogDoors


@contextmanager
def open_files(doors: LogDoors, container: str, via: Via) -> Generator[tuple[ContainerFiles, tuple[Notice, ...]]]:
    """Yield a container's files by the road that was asked for, or by the best that is open, and a word on the choice.

    Raises what the road raises.
    """
    with ExitStack() as stack:
        if via is Via.ENGINE:
            yield stack.enter_context(doors.engine_files(container)), ()
            return
        try:
            files = stack.enter_context(doors.local_files(container))
        except (PermissionDenied, Refused, NotRunning) as error:
            if via is not Via.AUTO:
                raise
            files = stack.enter_context(doors.engine_files(container))
            yield files, (Notice(f"{error.message}; going through the engine instead"),)
        else:
            yield files, ()
