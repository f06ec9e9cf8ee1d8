"""A container that ends and starts again, or is removed and made anew under its name, while its logs are followed."""

from collections.abc import Generator

from parsers.docker_inspect import Container, parse_docker_inspect
from parsers.errors import ParseError
from regops.errors import NotFound, UnexpectedAnswer, Unreachable
from regops.model.log_source import Notice
from regops.ports import Clock, LogDoors

START_SECONDS = 0.5


class ContainerLife:
    """One container by its name: name is the engine's own for it from the first look on."""

    def __init__(self, doors: LogDoors, clock: Clock, name: str) -> None:
        self.name = name
        self._doors = doors
        self._clock = clock
        self._id = ""

    def inspect(self) -> Container:
        """Return what the engine knows of the container. Raises what asking it raises."""
        try:
            found = parse_docker_inspect(
                self._doors.engine().inspect(self.name), f"the engine's answer about the container {self.name}"
            )
        except ParseError as error:
            raise UnexpectedAnswer(str(error)) from error
        self.name = found.name
        self._id = self._id or found.id
        return found

    def wait_for_start(self, before: Container | None) -> Generator[Notice, None, tuple[Container, bool]]:
        """Wait until the container runs that has ended, or another of its name; return it, and whether it is another.

        before is what was known of it when it ran last, None where it is not known to have run.
        """
        yield Notice(f"the container {self.name} is not running; waiting for it to start")
        said = ""
        while True:
            try:
                found = self.inspect()
            except (NotFound, Unreachable) as error:
                removed = f"the container {self.name} was removed; waiting for another of its name"
                why = removed if isinstance(error, NotFound) else f"{error.message}; waiting for it"
                if why != said:
                    yield Notice(why)
                    said = why
            else:
                if found.running and (before is None or (found.id, found.started_at) != (before.id, before.started_at)):
                    break
            self._clock.sleep(START_SECONDS)
        is_another = found.id != self._id
        if is_another:
            self._id = found.id
            yield Notice(f"another container is called {self.name} now: {found.id[:12]}; going on with that one")
        else:
            yield Notice(f"the container {self.name} is running again")
        return found, is_another
