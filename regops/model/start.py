"""A registry that was started, and how it is."""

from dataclasses import dataclass

from regops.errors import ExitStatus
from regops.model.answer import Target
from regops.model.status import RegistryHealth

NOT_RESTARTED = "is not started again by itself"


@dataclass(frozen=True, slots=True)
class Started:
    """A container that answers as a registry.

    The addresses are where the engine's host publishes it; https_url is None where the image serves none. variables are
    the names of those it was given, never their values; flavor and swift_container are what they say, "" for nothing.
    files is the folder in the container where it keeps images, "" for one that keeps them elsewhere or where nothing
    tells; files_kept is whether a volume is mounted there. certificate is where in the container the one is that it
    made for itself, "" for none. answered_seconds is the time from the start to the first answer. restart is when the
    engine starts it again by itself: as it was asked for (restart_asked) where all of it works, else "no".
    """

    target: Target
    engine: str
    container: str
    container_id: str
    image: str
    image_id: str
    http_url: str
    https_url: str | None
    variables: tuple[str, ...]
    flavor: str
    swift_container: str
    files: str
    files_kept: bool
    certificate: str
    answered_seconds: float
    restart: str
    restart_asked: str
    health: RegistryHealth

    @property
    def exit_status(self) -> ExitStatus:
        """That of its health: it answers, and its store may still refuse it."""
        return self.health.exit_status
